package contract

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"postern/api"
)

// Folders is a stage's format table by folder. A folder is a prefix of object keys, such as "videos"; IAM resources and
// lifecycle rules name it. The table has each extension once, and each content type in one folder, where it may have
// several extensions.
type Folders map[string]Folder

// A Folder says what may be stored below one prefix.
type Folder struct {
	// MaxSize is the largest object, in bytes.
	MaxSize int64 `json:"maxSize"`
	// Formats maps a file name extension (lower case, without the dot) to its content type: "mp4" to "video/mp4".
	Formats map[string]string `json:"formats"`
}

// A Format is one row of the format table.
type Format struct {
	Extension   string // lower case, without the dot
	ContentType string // lower case, without parameters
	Folder      string // prefix of the key, without a slash
	MaxSize     int64  // largest object of the folder, in bytes
}

// ByExtension finds the format of an extension (without the dot, any case).
func (fs Folders) ByExtension(extension string) (Format, bool) {
	extension = strings.ToLower(extension)
	for name, folder := range fs {
		if contentType, ok := folder.Formats[extension]; ok {
			return Format{extension, contentType, name, folder.MaxSize}, true
		}
	}
	return Format{}, false
}

// ByType finds the format of a content type (without parameters, any case). Of a type's extensions it takes the shortest, and
// of several as short the alphabet's first.
func (fs Folders) ByType(contentType string) (Format, bool) {
	contentType = strings.ToLower(contentType)
	var best Format
	for name, folder := range fs {
		for extension, t := range folder.Formats {
			if t == contentType && (best.Extension == "" || byLength(extension, best.Extension) < 0) {
				best = Format{extension, t, name, folder.MaxSize}
			}
		}
	}
	return best, best.Extension != ""
}

func byLength(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// Only returns the table of some folders alone: of all, if none is named.
func (fs Folders) Only(names []string) Folders {
	if len(names) == 0 {
		return fs
	}
	only := Folders{}
	for _, name := range names {
		if folder, ok := fs[name]; ok {
			only[name] = folder
		}
	}
	return only
}

// OnlyExtensions returns the table of some extensions alone: of all, if none is named.
func (fs Folders) OnlyExtensions(names []string) Folders {
	if len(names) == 0 {
		return fs
	}
	only := Folders{}
	for name, folder := range fs {
		formats := maps.Clone(folder.Formats)
		maps.DeleteFunc(formats, func(extension, _ string) bool { return !slices.Contains(names, extension) })
		if len(formats) > 0 {
			only[name] = Folder{folder.MaxSize, formats}
		}
	}
	return only
}

// Names returns the folders' names, sorted.
func (fs Folders) Names() []string {
	names := make([]string, 0, len(fs))
	for name := range fs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Extensions returns all extensions of the table, sorted.
func (fs Folders) Extensions() []string {
	var all []string
	for _, folder := range fs {
		for extension := range folder.Formats {
			all = append(all, extension)
		}
	}
	slices.Sort(all)
	return all
}

// ContentTypes returns the content types of the table, sorted.
func (fs Folders) ContentTypes() []string {
	var all []string
	for _, folder := range fs {
		for _, contentType := range folder.Formats {
			all = append(all, contentType)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Key returns the object key of an owner's upload: <folder>/<owner>/<id>. The folder follows from the id's extension. It
// fails if owner or id is malformed, or if the table does not have the extension.
func (fs Folders) Key(owner, id string) (string, error) {
	if !api.IsOwner(owner) {
		return "", fmt.Errorf("malformed owner")
	}
	if !api.IsID(id) {
		return "", fmt.Errorf("malformed upload id")
	}
	format, ok := fs.ByExtension(api.Extension(id))
	if !ok {
		return "", fmt.Errorf("no folder for the extension of upload id %s", id)
	}
	return format.Folder + "/" + owner + "/" + id, nil
}
