package upload

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"postern/api"
	"postern/internal/contract"
)

// Check holds what a client declares of a file to the stage's formats and to the owner's limits, whose Folder is the one
// of the format. It returns the file's format, or an Error that names the field.
func Check(declared api.UploadRequest, formats contract.Folders, limits Limits) (contract.Format, error) {
	format, err := File{Name: &declared.Filename, Type: declared.Type}.Format(formats)
	if err != nil {
		return contract.Format{}, err
	}
	if declared.Title != nil {
		if err := CheckTitle(*declared.Title, declared.Filename); err != nil {
			return contract.Format{}, err
		}
	}
	if declared.Checksum != nil && !isSHA256(*declared.Checksum) {
		return contract.Format{}, &Error{api.InvalidRequest, fmt.Sprintf("checksum %s is not a SHA-256: must be its 32 bytes in base64, 44 characters",
			Quote(*declared.Checksum))}
	}
	limits.Folder = format.MaxSize
	return format, limits.CheckSize(declared.Size)
}

// isSHA256 reports whether s is a SHA-256 as S3 writes it: the one base64 of its 32 bytes.
func isSHA256(s string) bool {
	sum, err := base64.StdEncoding.Strict().DecodeString(s)
	return err == nil && len(sum) == sha256.Size && len(s) == base64.StdEncoding.EncodedLen(sha256.Size)
}

// ChooseMethod chooses how a file of size bytes is sent: one of api.Methods. The client's own choice, via, is one of
// api.Vias; if nil, it is a form as far as one goes. An Error names via.
func ChooseMethod(via *string, size int64) (string, error) {
	switch {
	case via == nil && size > api.MaxSinglePut:
		return api.MethodMultipart, nil
	case via == nil:
		return api.MethodPost, nil
	case !slices.Contains(api.Vias, *via):
		return "", &Error{api.InvalidRequest, fmt.Sprintf("via %s is not known: must be one of %s", Quote(*via), strings.Join(api.Vias, ", "))}
	case *via == api.ViaMultipart:
		return api.MethodMultipart, nil
	case size > api.MaxSinglePut:
		return "", &Error{api.InvalidRequest, fmt.Sprintf("via %s does not fit size %d: it goes to %d bytes, must be %s",
			Quote(*via), size, api.MaxSinglePut, api.ViaMultipart)}
	case *via == api.ViaPut:
		return api.MethodPut, nil
	default:
		return api.MethodPost, nil
	}
}
