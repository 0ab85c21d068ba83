package upload

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"
)

// Names of an object's metadata, as they follow x-amz-meta-.
const (
	metaQuota    = "quota"
	metaSize     = "size"
	metaFilename = "filename"
	metaTitle    = "title"
)

// Declared is what an object's metadata carries from the signature to the inspection.
type Declared struct {
	Quota    int64 // the owner's quota when it was signed, in bytes
	Size     int64 // size of the file, in bytes; 0: not declared
	Filename string
	Title    string
}

// Metadata returns the object's metadata by name. Values are ASCII, so file name and title are in base64url without
// padding. Fields that are 0 or empty are left out, except the quota.
func (d Declared) Metadata() map[string]string {
	metadata := map[string]string{metaQuota: strconv.FormatInt(d.Quota, 10)}
	if d.Size != 0 {
		metadata[metaSize] = strconv.FormatInt(d.Size, 10)
	}
	for name, value := range map[string]string{metaFilename: d.Filename, metaTitle: d.Title} {
		if value != "" {
			metadata[name] = base64.RawURLEncoding.EncodeToString([]byte(value))
		}
	}
	return metadata
}

// ParseMetadata reads what Metadata returned. It reports false for any other metadata: then Postern did not sign it.
func ParseMetadata(metadata map[string]string) (Declared, bool) {
	var d Declared
	quota, err := strconv.ParseInt(metadata[metaQuota], 10, 64)
	d.Quota = quota
	if err != nil || quota < 0 {
		return Declared{}, false
	}
	if text, ok := metadata[metaSize]; ok {
		if d.Size, err = strconv.ParseInt(text, 10, 64); err != nil || d.Size < 1 {
			return Declared{}, false
		}
	}
	for name, value := range map[string]*string{metaFilename: &d.Filename, metaTitle: &d.Title} {
		decoded, err := base64.RawURLEncoding.Strict().DecodeString(metadata[name])
		if err != nil || !utf8.Valid(decoded) {
			return Declared{}, false
		}
		*value = string(decoded)
	}
	return d, true
}
