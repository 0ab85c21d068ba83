package media

import (
	"slices"

	"github.com/gabriel-vasile/mimetype"

	"postern/internal/formats"
)

// A kind is a format that content is recognized as. It lists the content types that the content may have, the most
// likely one first: an MP4 with a general brand may be a video or a sound recording.
type kind []string

// The kinds that are recognized by their structure.
var (
	mp4       = kind{"video/mp4", "video/x-m4v", "audio/x-m4a"}
	m4v       = kind{"video/x-m4v", "video/mp4"}
	m4a       = kind{"audio/x-m4a"}
	quickTime = kind{"video/quicktime"}
	hybrid    = kind{"video/mp4", "video/quicktime", "video/x-m4v", "audio/x-m4a"} // brands of both
	heic      = kind{"image/heic", "image/heif"}
	avif      = kind{"image/avif"}

	webm     = kind{"video/webm"}
	matroska = kind{"video/x-matroska"}

	jpeg = kind{"image/jpeg"}
	png  = kind{"image/png"}
	gif  = kind{"image/gif"}
	webp = kind{"image/webp"}

	mp3 = kind{"audio/mpeg"}
	wav = kind{"audio/wav"}

	pdf = kind{"application/pdf"}

	archive   = kind{"application/zip"}
	docx      = kind{officeTypes + "wordprocessingml.document", "application/zip"}
	xlsx      = kind{officeTypes + "spreadsheetml.sheet", "application/zip"}
	pptx      = kind{officeTypes + "presentationml.presentation", "application/zip"}
	docm      = kind{"application/vnd.ms-word.document.macroenabled.12", "application/zip"}
	xlsm      = kind{"application/vnd.ms-excel.sheet.macroenabled.12", "application/zip"}
	pptm      = kind{"application/vnd.ms-powerpoint.presentation.macroenabled.12", "application/zip"}
	xlsb      = kind{"application/vnd.ms-excel.sheet.binary.macroenabled.12", "application/zip"}
	encrypted = kind{docx[0], xlsx[0], pptx[0]} // which of them is known only with the password
)

const officeTypes = "application/vnd.openxmlformats-officedocument."

// recognized are the content types that content is held to by its structure.
var recognized = slices.Concat(hybrid, heic, avif, webm, matroska, jpeg, png, gif, webp, mp3, wav, pdf, archive,
	encrypted, docm, xlsm, pptm, xlsb)

// canonical returns the name under which a content type is known here.
func canonical(contentType string) string {
	name, _ := formats.Canonical(contentType)
	return name
}

var (
	recordings = []string{"video/mp4", "video/quicktime", "video/x-m4v", "audio/x-m4a"}
	matroskas  = []string{"video/webm", "video/x-matroska"}
	pictures   = []string{"image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "image/heif", "image/avif"}
)

// siblings are by content type what else is accepted under its name. Programs choose a reader by the content, so that
// people do not notice when they rename one to the other.
var siblings = map[string][]string{
	"video/mp4":        recordings,
	"video/quicktime":  recordings,
	"video/x-m4v":      recordings,
	"video/webm":       matroskas,
	"video/x-matroska": matroskas,
	"image/jpeg":       pictures,
	"image/png":        pictures,
	"image/gif":        pictures,
	"image/webp":       pictures,
	"image/heic":       pictures,
	"image/heif":       pictures,
	"image/avif":       pictures,
}

// recognizers each look at one family of formats. They return nil if the content is none of it, or is damaged.
var recognizers = []func(*file) kind{
	(*file).jpeg, (*file).png, (*file).gif, (*file).riff, (*file).iso, (*file).matroska,
	(*file).zip, (*file).compound, (*file).pdf, (*file).mp3,
}

// recognize returns the kind of the content, or nil.
func (f *file) recognize() kind {
	for _, recognizer := range recognizers {
		if found := recognizer(f); found != nil {
			return found
		}
	}
	return nil
}

// isOther decides on content types that no recognizer knows. The detection must give the type, a kind of it, or the
// compound file that it is stored in. A type that the detection does not know either may be all that is not active.
func (f *file) isOther(contentType string) bool {
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
