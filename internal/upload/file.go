package upload

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"postern/api"
	"postern/internal/contract"
)

// checkFilename returns an Error when name is not the name of a file: 1 to api.MaxFilename bytes of UTF-8, without control
// characters, slashes and backslashes. A name with a path is refused, not cut, so that what comes back at a download
// is what was sent.
func checkFilename(name string) error {
	switch {
	case name == "":
		return invalidFilename(name, "is empty")
	case len(name) > api.MaxFilename:
		return invalidFilename(name, fmt.Sprintf("has %d bytes", len(name)))
	case !utf8.ValidString(name):
		return invalidFilename(name, "is not UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl):
		return invalidFilename(name, "has a control character")
	case strings.ContainsAny(name, `/\`):
		return invalidFilename(name, "has a path separator")
	}
	return nil
}

func invalidFilename(name, reason string) error {
	return &Error{api.InvalidRequest, fmt.Sprintf("filename %s %s: must be 1 to %d bytes of UTF-8 without control characters, / and \\",
		Quote(name), reason, api.MaxFilename)}
}

// A File is what a client says of the file that it wants to upload. Nil is what it does not say.
type File struct {
	Name *string
	Type *string // content type, any case
}

// Format finds the file's row of the format table. A name decides by its extension, a type by itself, both must say the
// same, and a file of which nothing is said is an mp4. It returns an Error when the name is not a file's name (api.InvalidRequest)
// or the table does not have it (api.UnsupportedMediaType).
func (f File) Format(formats contract.Folders) (contract.Format, error) {
	switch {
	case f.Name != nil:
		return f.byName(formats)
	case f.Type != nil:
		format, ok := formats.ByType(*f.Type)
		if !ok {
			return contract.Format{}, unsupported("type", *f.Type, formats.ContentTypes())
		}
		return format, nil
	default:
		const extension = "mp4"
		format, ok := formats.ByExtension(extension)
		if !ok {
			return contract.Format{}, &Error{api.InvalidRequest, "filename and type are missing: at least one is needed, as this stage does not take mp4"}
		}
		return format, nil
	}
}

func (f File) byName(formats contract.Folders) (contract.Format, error) {
	if err := checkFilename(*f.Name); err != nil {
		return contract.Format{}, err
	}
	format, ok := formats.ByExtension(strings.TrimPrefix(path.Ext(*f.Name), "."))
	if !ok {
		return contract.Format{}, unsupported("extension of filename", *f.Name, formats.Extensions())
	}
	if f.Type != nil && !strings.EqualFold(*f.Type, format.ContentType) {
		return contract.Format{}, &Error{api.UnsupportedMediaType, fmt.Sprintf("type %s does not fit filename %s: must be %s",
			Quote(*f.Type), Quote(*f.Name), format.ContentType)}
	}
	return format, nil
}

func unsupported(field, value string, allowed []string) error {
	return &Error{api.UnsupportedMediaType, fmt.Sprintf("%s %s is not supported: must be one of %s", field, Quote(value), strings.Join(allowed, ", "))}
}
