package media

import (
	"slices"

	"github.com/gabriel-vasile/mimetype"
)

// isOther is for content types that have no rule here. Its detection must give the type, a kind of it, or the compound
// file that it is stored in; a type that it does not know may be all that is not active.
func isOther(f *file, contentType string) bool {
	found := mimetype.Detect(f.head)
	known := mimetype.Lookup(contentType)
	if known == nil || known.Is("application/octet-stream") {
		return !isActive(found) && !isMarked(f.head)
	}
	if found.Is("application/x-ole-storage") && known.Parent() != nil && known.Parent().Is("application/x-ole-storage") {
		return true // what is in it is told by its directory, which may be anywhere
	}
	for ; found != nil; found = found.Parent() {
		if found.Is(contentType) {
			return true
		}
	}
	return false
}

// active are the types of what a browser, a shell or a system runs, kinds of them included.
var active = []string{
	"text/html", "text/xml", "application/xhtml+xml", "image/svg+xml", "text/x-php", "text/javascript", "text/x-shellscript",
	"text/x-python", "text/x-perl", "text/x-ruby", "text/x-lua", "text/x-tcl", "application/x-bytecode.python",
	"application/vnd.microsoft.portable-executable", "application/x-elf", "application/x-mach-binary", "application/wasm",
	"application/x-java-applet", "application/java-archive", "application/vnd.android.package-archive",
	"application/x-ms-installer", "application/x-ms-shortcut", "application/x-shockwave-flash", "application/x-chrome-extension",
	"application/vnd.ms-htmlhelp", "application/x-rpm", "application/vnd.debian.binary-package",
}

func isActive(found *mimetype.MIME) bool {
	for ; found != nil; found = found.Parent() {
		if slices.ContainsFunc(active, found.Is) {
			return true
		}
	}
	return false
}
