package upload

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"path"
	"slices"
	"strings"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/formats"
)

// Check checks what a client declares of a file against the stage's formats and the owner's limits. It sets limits.Folder by
// the format, and limits.Text. It returns the file's format, or an Error that names the field.
func Check(declared api.UploadRequest, table contract.Folders, limits Limits) (contract.Format, error) {
	format, err := File{Name: &declared.Filename, Type: declared.Type}.Format(table)
	if err != nil {
		return contract.Format{}, err
	}
	if declared.Title != nil {
		if err := titleText.check("title", *declared.Title); err != nil {
			return contract.Format{}, err
		}
	}
	if declared.Context != nil && *declared.Context != "" {
		if err := checkContext(*declared.Context); err != nil {
			return contract.Format{}, err
		}
	}
	if declared.Checksum != nil && !isSHA256(*declared.Checksum) {
		return contract.Format{}, invalid("checksum %s is not a SHA-256: must be its 32 bytes in base64, 44 characters", Quote(*declared.Checksum))
	}
	if err := checkPartSize(declared.PartSize); err != nil {
		return contract.Format{}, err
	}
	limits.Folder, limits.Text = format.MaxSize, TextOf(declared)
	return format, limits.CheckSize(declared.Size)
}

// TextOf returns how many bytes file name, title and a guest's name take of the owner's quota.
func TextOf(declared api.UploadRequest) int64 {
	record := Record{Filename: declared.Filename}
	if declared.Title != nil {
		record.Title = *declared.Title
	}
	if declared.Guest != nil {
		record.Guest = *declared.Guest
	}
	return record.Text()
}

// isSHA256 reports whether s is a SHA-256 as S3 writes it.
func isSHA256(s string) bool { return isSum(s, sha256.Size) }

// isSum reports whether s is a checksum as S3 writes it: the one base64 of so many bytes.
func isSum(s string, size int) bool {
	sum, err := base64.StdEncoding.Strict().DecodeString(s)
	return err == nil && len(sum) == size && len(s) == base64.StdEncoding.EncodedLen(size)
}

// A File is what a client says of the file that it wants to upload. Nil: it does not say.
type File struct {
	Name *string
	Type *string // content type, as systems and browsers name it
}

// Format finds the file's row of the format table, by the extension of the name or else by the type. The type is a hint (see
// package formats): if both are given, it must be one that systems name the format by. If neither says anything, the file is
// an mp4. It returns an Error when the name is not a file's name (api.InvalidRequest) or the table lacks the format
// (api.UnsupportedMediaType).
func (f File) Format(table contract.Folders) (contract.Format, error) {
	if f.Name != nil {
		return f.byName(table)
	}
	if f.Type != nil {
		if hint, said := formats.Canonical(*f.Type); said {
			format, ok := byHint(table, hint)
			if !ok {
				return contract.Format{}, unsupported("type", *f.Type, table.ContentTypes())
			}
			return format, nil
		}
	}
	format, ok := table.ByExtension("mp4")
	if !ok {
		return contract.Format{}, invalid("filename and type are missing: at least one is needed, as this stage does not take mp4")
	}
	return format, nil
}

func (f File) byName(table contract.Folders) (contract.Format, error) {
	if err := checkFilename(*f.Name); err != nil {
		return contract.Format{}, err
	}
	format, ok := table.ByExtension(strings.TrimPrefix(path.Ext(*f.Name), "."))
	if !ok {
		return contract.Format{}, unsupported("extension of filename", *f.Name, table.Extensions())
	}
	if f.Type != nil && !formats.Accepts(format.ContentType, *f.Type) {
		return contract.Format{}, &Error{Code: api.UnsupportedMediaType, Message: fmt.Sprintf("type %s does not fit filename %s: must be %s",
			Quote(*f.Type), Quote(*f.Name), format.ContentType)}
	}
	return format, nil
}

// byHint finds the row whose content type hint names, or else the first that systems may name so.
func byHint(table contract.Folders, hint string) (contract.Format, bool) {
	types := table.ContentTypes()
	i := slices.IndexFunc(types, func(t string) bool { name, _ := formats.Canonical(t); return name == hint })
	if i < 0 {
		i = slices.IndexFunc(types, func(t string) bool { return formats.Accepts(t, hint) })
	}
	if i < 0 {
		return contract.Format{}, false
	}
	return table.ByType(types[i])
}

func unsupported(field, value string, supported []string) error {
	return &Error{Code: api.UnsupportedMediaType, Message: fmt.Sprintf("%s %s is not supported: must be one of %s", field, Quote(value), strings.Join(supported, ", "))}
}

// ChooseMethod returns how a file of size bytes is sent: one of api.Methods. via is the client's choice, one of api.Vias.
// If it is nil, the file is sent by a PUT up to api.MaxSinglePut, and in parts above. An Error names via.
func ChooseMethod(via *string, size int64) (string, error) {
	switch {
	case via == nil && size > api.MaxSinglePut:
		return api.MethodMultipart, nil
	case via == nil:
		return api.MethodPut, nil
	case !slices.Contains(api.Vias, *via):
		return "", invalid("via %s is not known: must be one of %s", Quote(*via), strings.Join(api.Vias, ", "))
	case *via == api.ViaMultipart:
		return api.MethodMultipart, nil
	case size > api.MaxSinglePut:
		return "", invalid("via %s does not fit size %d: it goes to %d bytes, must be %s", Quote(*via), size, api.MaxSinglePut, api.ViaMultipart)
	case *via == api.ViaPut:
		return api.MethodPut, nil
	default:
		return api.MethodPost, nil
	}
}
