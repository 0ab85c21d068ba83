package stage

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"postern/api"
	"postern/internal/contract"
)

const (
	// MaxFolders is how many folders a stage may have. It keeps the functions' policies below the 10,240 characters that a
	// role has for all its inline policies: each folder is a resource of them.
	// Source: IAM User Guide, "IAM and AWS STS quotas".
	MaxFolders = 20

	// maxTable is how many bytes of a function's environment the format table may take. Lambda has 4,096 for all
	// variables; the rest is for the others.
	// Source: Lambda Developer Guide, "Lambda quotas".
	maxTable = 4096 - 512
)

// DefaultFolders is the format table of a stage that has none of its own.
func DefaultFolders() contract.Folders {
	return contract.Folders{
		"videos": {MaxSize: 50 * gib, Formats: map[string]string{
			"mp4":  "video/mp4",
			"mov":  "video/quicktime",
			"webm": "video/webm",
			"mkv":  "video/x-matroska",
			"m4v":  "video/x-m4v",
		}},
		"images": {MaxSize: 50 * mib, Formats: map[string]string{
			"jpg":  "image/jpeg",
			"png":  "image/png",
			"webp": "image/webp",
			"gif":  "image/gif",
			"heic": "image/heic",
		}},
		"audio": {MaxSize: 2 * gib, Formats: map[string]string{
			"mp3": "audio/mpeg",
			"m4a": "audio/x-m4a",
			"wav": "audio/wav",
		}},
		"documents": {MaxSize: 500 * mib, Formats: map[string]string{
			"pdf":  "application/pdf",
			"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
			"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
			"pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
			"txt":  "text/plain",
			"csv":  "text/csv",
			"zip":  "application/zip",
		}},
	}
}

var (
	contentType = rule[string]{
		allowed: `a content type in lower case without parameters, as "video/mp4", that no browser runs as a page, a script or XML`,
		parse: func(value any) (string, bool) {
			s, ok := value.(string)
			return s, ok && mediaType.MatchString(s) && !isActiveType(s)
		},
	}
	// Source: RFC 6838, section 4.2.
	mediaType = regexp.MustCompile(`^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$`)
)

// activeExtensions are those of files that a browser would run: pages, scripts and what can hold them.
var activeExtensions = []string{
	"css", "hta", "htc", "htm", "html", "jar", "js", "jsx", "mht", "mhtml", "mjs", "php", "rdf", "shtml", "svg", "svgz", "swf",
	"vbs", "wasm", "xht", "xhtml", "xml", "xsd", "xsl", "xslt",
}

// isActiveType reports whether a browser would run content of a type: HTML, XML with all its relatives, scripts and
// what can hold them.
func isActiveType(contentType string) bool {
	kind, subtype, _ := strings.Cut(contentType, "/")
	if kind == "multipart" || kind == "message" || strings.HasSuffix(subtype, "+xml") {
		return true
	}
	for _, active := range []string{"html", "xml", "svg", "xsl", "script", "css", "flash", "wasm", "php", "java-archive", "hta"} {
		if strings.TrimPrefix(subtype, "x-") == active {
			return true
		}
	}
	return strings.HasPrefix(subtype, "xml-") || strings.HasSuffix(subtype, "script") || strings.HasSuffix(subtype, "shockwave-flash")
}

// readFolders reads a format table and holds it to what the contract promises of one.
func readFolders(o *object, name string, into *contract.Folders) {
	value, ok := o.field(name)
	if !ok {
		return
	}
	path := o.path + "." + name
	members, ok := value.(map[string]any)
	if !ok || len(members) == 0 || len(members) > MaxFolders {
		o.fail("%s: %s is not allowed; allowed: an object with 1 to %d folders", path, show(value), MaxFolders)
		return
	}
	table := make(contract.Folders, len(members))
	for _, folder := range slices.Sorted(maps.Keys(members)) {
		if !api.IsFolder(folder) {
			o.fail("%s.%s: %q is not allowed as a name; allowed: 1 to 32 of a-z, 0-9 and -", path, folder, folder)
			continue
		}
		table[folder] = readFolder(o, path+"."+folder, members[folder])
	}
	checkUnique(o, path, table)
	checkLength(o, path, table)
	*into = table
}

func readFolder(o *object, path string, value any) contract.Folder {
	folder := contract.Folder{Formats: map[string]string{}}
	readObject(path, value, o.errs, func(o *object) {
		for _, name := range []string{"maxSize", "formats"} {
			if _, ok := o.values[name]; !ok {
				o.fail("%s.%s: missing; a folder needs it", path, name)
			}
		}
		read(o, "maxSize", &folder.MaxSize, size)
		if value, ok := o.field("formats"); ok {
			readFormats(o, path+".formats", value, folder.Formats)
		}
	})
	return folder
}

func readFormats(o *object, path string, value any, into map[string]string) {
	formats, ok := value.(map[string]any)
	if !ok || len(formats) == 0 {
		o.fail(`%s: %s is not allowed; allowed: an object of content types by extension, as {"mp4": "video/mp4"}`, path, show(value))
		return
	}
	for _, extension := range slices.Sorted(maps.Keys(formats)) {
		if !api.IsExtension(extension) || slices.Contains(activeExtensions, extension) {
			o.fail("%s.%s: %q is not allowed as an extension; allowed: 1 to %d of a-z and 0-9, none of %s",
				path, extension, extension, api.MaxExtension, strings.Join(activeExtensions, ", "))
			continue
		}
		parsed, ok := contentType.parse(formats[extension])
		if !ok {
			o.fail("%s.%s: %s is not allowed; allowed: %s", path, extension, show(formats[extension]), contentType.allowed)
			continue
		}
		into[extension] = parsed
	}
}

// checkUnique holds a table to one place for each extension and content type: a key must follow from either.
func checkUnique(o *object, path string, table contract.Folders) {
	places := map[string]string{}
	for _, folder := range table.Names() {
		formats := table[folder].Formats
		for _, extension := range slices.Sorted(maps.Keys(formats)) {
			place := path + "." + folder + ".formats." + extension
			for _, key := range []string{extension, formats[extension]} {
				if first, ok := places[key]; ok {
					o.fail("%s: %q stands in the table already, at %s; allowed: once", place, key, first)
					continue
				}
				places[key] = place
			}
		}
	}
}

// checkLength holds a table to the room it has in a function's environment.
func checkLength(o *object, path string, table contract.Folders) {
	vars, err := contract.Env(contract.PresignEnv{Folders: table})
	if err != nil {
		o.fail("%s: %w", path, err)
		return
	}
	if length := len(vars["FOLDERS"]); length > maxTable {
		o.fail("%s: the format table takes %d bytes of the functions' environment; allowed: %d (Lambda has 4096 for all variables): leave out formats", path, length, maxTable)
	}
}
