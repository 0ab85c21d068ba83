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
	// MaxFolders bounds the folders of a stage, because each is a resource in the functions' policies. A role has 10,240
	// characters for all its inline policies.
	// Source: IAM User Guide, "IAM and AWS STS quotas".
	MaxFolders = 20

	// maxTable bounds the format table in a function's environment, in bytes. Lambda allows 4,096 for all variables, and the
	// others need the rest.
	// Source: Lambda Developer Guide, "Lambda quotas".
	maxTable = 4096 - 640
)

// DefaultFolders returns the format table that a stage's own changes.
func DefaultFolders() contract.Folders {
	return contract.Folders{
		"videos": {MaxSize: 50 * gib, Formats: map[string]string{
			"mp4":  "video/mp4",
			"mov":  "video/quicktime",
			"qt":   "video/quicktime",
			"webm": "video/webm",
			"mkv":  "video/x-matroska",
			"m4v":  "video/x-m4v",
		}},
		"images": {MaxSize: 50 * mib, Formats: map[string]string{
			"jpg":  "image/jpeg",
			"jpeg": "image/jpeg",
			"jpe":  "image/jpeg",
			"jfif": "image/jpeg",
			"png":  "image/png",
			"webp": "image/webp",
			"gif":  "image/gif",
			"heic": "image/heic",
			"heif": "image/heif",
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
		want: `a content type in lower case without parameters, such as "video/mp4", that no browser runs as a page, a script or XML`,
		parse: func(value any) (string, bool) {
			s, ok := value.(string)
			return s, ok && mediaType.MatchString(s) && !isActiveType(s)
		},
	}
	// Source: RFC 6838, section 4.2.
	mediaType = regexp.MustCompile(`^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$`)
)

// activeExtensions are the extensions of files that a browser would run: pages, scripts and what can hold them.
var activeExtensions = []string{
	"css", "hta", "htc", "htm", "html", "jar", "js", "jsx", "mht", "mhtml", "mjs", "php", "rdf", "shtml", "svg", "svgz", "swf",
	"vbs", "wasm", "xht", "xhtml", "xml", "xsd", "xsl", "xslt",
}

// isActiveType reports whether a browser would run content of a type: HTML, XML and what is built on it, scripts, and
// containers of these.
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

// readFolders reads a stage's changes of the default format table, a JSON merge patch. The result must keep what the contract
// promises of a table.
// Source: RFC 7396.
func readFolders(o *object, name string, into *contract.Folders) {
	value, ok := o.field(name)
	if !ok {
		return
	}
	path := o.path + "." + name
	patch, ok := value.(map[string]any)
	if !ok {
		o.fail("%s: must be an object of folders, which changes the default table; got %s", path, show(value))
		return
	}
	table := defaultTable()
	checkRemovals(o, path, table, patch)
	members := merged(table, patch).(map[string]any)
	if len(members) == 0 || len(members) > MaxFolders {
		o.fail("%s: must leave 1 to %d folders, with those of the default table; got %d", path, MaxFolders, len(members))
		return
	}
	*into = readTable(o, path, members)
}

// defaultTable is DefaultFolders as JSON has it.
func defaultTable() map[string]any {
	table := map[string]any{}
	for name, folder := range DefaultFolders() {
		formats := map[string]any{}
		for extension, contentType := range folder.Formats {
			formats[extension] = contentType
		}
		table[name] = map[string]any{"maxSize": float64(folder.MaxSize), "formats": formats}
	}
	return table
}

// merged applies a merge patch: a member that is null is removed, an object changes an object, anything else replaces.
func merged(target, patch any) any {
	members, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	result, _ := target.(map[string]any)
	result = maps.Clone(result)
	if result == nil {
		result = map[string]any{}
	}
	for name, value := range members {
		if value == nil {
			delete(result, name)
			continue
		}
		result[name] = merged(result[name], value)
	}
	return result
}

// checkRemovals names each null that removes nothing. A merge patch would allow it, but here it is a misspelled name.
func checkRemovals(o *object, path string, target any, patch map[string]any) {
	members, _ := target.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		value, at := patch[name], path+"."+name
		if _, ok := members[name]; !ok && value == nil {
			o.fail("%s: null removes nothing: the default table has %s", at, words(slices.Sorted(maps.Keys(members))))
		}
		if changes, ok := value.(map[string]any); ok {
			checkRemovals(o, at, members[name], changes)
		}
	}
}

func readTable(o *object, path string, members map[string]any) contract.Folders {
	table := make(contract.Folders, len(members))
	for _, folder := range slices.Sorted(maps.Keys(members)) {
		if !api.IsFolder(folder) {
			o.fail("%s.%s: the name must be 1 to 32 of a-z, 0-9 and -; got %q", path, folder, folder)
			continue
		}
		table[folder] = readFolder(o, path+"."+folder, members[folder])
	}
	checkUnique(o, path, table)
	checkLength(o, path, table)
	return table
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
		o.fail(`%s: must be an object of content types by extension, such as {"mp4": "video/mp4"}; got %s`, path, show(value))
		return
	}
	for _, extension := range slices.Sorted(maps.Keys(formats)) {
		if !api.IsExtension(extension) || slices.Contains(activeExtensions, extension) {
			o.fail("%s.%s: the extension must be 1 to %d of a-z and 0-9, and none of %s; got %q",
				path, extension, api.MaxExtension, strings.Join(activeExtensions, ", "), extension)
			continue
		}
		parsed, ok := contentType.parse(formats[extension])
		if !ok {
			o.fail("%s.%s: must be %s; got %s", path, extension, contentType.want, show(formats[extension]))
			continue
		}
		into[extension] = parsed
	}
}

// checkUnique checks that each extension and each content type is in one folder, because a key must follow from either. A
// type may have several extensions.
func checkUnique(o *object, path string, table contract.Folders) {
	places, owners := map[string]string{}, map[string]string{} // places by extension, folders by type
	for _, folder := range table.Names() {
		formats := table[folder].Formats
		for _, extension := range slices.Sorted(maps.Keys(formats)) {
			place, contentType := path+"."+folder+".formats."+extension, formats[extension]
			if first, ok := places[extension]; ok {
				o.fail("%s: extension %q stands in the table already, at %s: remove one of them, by null", place, extension, first)
			} else {
				places[extension] = place
			}
			if owner, ok := owners[contentType]; ok && owner != folder {
				o.fail("%s: type %q belongs to folder %s already: remove it from one of them, by null", place, contentType, owner)
			} else {
				owners[contentType] = folder
			}
		}
	}
}

// checkLength checks that a table fits into a function's environment.
func checkLength(o *object, path string, table contract.Folders) {
	vars, err := contract.Env(contract.PresignEnv{Folders: table})
	if err != nil {
		o.fail("%s: %w", path, err)
		return
	}
	if length := len(vars["FOLDERS"]); length > maxTable {
		o.fail("%s: the format table must take at most %d bytes of the functions' environment; got %d: leave out formats", path, maxTable, length)
	}
}
