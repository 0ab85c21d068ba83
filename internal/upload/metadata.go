package upload

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"unicode/utf8"

	"postern/api"
)

var titleText = text{longest: api.MaxTitle}

// maxNames bounds file name and title in base64url together, in bytes: S3 gives a user's metadata 2 KB in all
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html).
const maxNames = 1300

// CheckTitle returns an Error when title is not the title of a file called name: at most api.MaxTitle characters of UTF-8
// without control characters, which fit into the object's metadata together with the name.
func CheckTitle(title, name string) error {
	if err := titleText.check("title", title); err != nil {
		return err
	}
	encoding := base64.RawURLEncoding
	if size := encoding.EncodedLen(len(name)) + encoding.EncodedLen(len(title)); size > maxNames {
		return &Error{api.InvalidRequest, fmt.Sprintf("filename %s and title %s have %d bytes together in base64url: must be at most %d",
			Quote(name), Quote(title), size, maxNames)}
	}
	return nil
}

// Names of the metadata that an object carries from its grant to its inspection: what S3 has after x-amz-meta-.
const (
	metaQuota    = "quota"
	metaSize     = "size"
	metaFilename = "filename"
	metaTitle    = "title"
)

// Declared is what a signature fixes of an upload for its inspection, as the object's metadata.
type Declared struct {
	Quota    int64 // in force when it was signed, in bytes
	Size     int64 // of the file, in bytes; 0: not declared
	Filename string
	Title    string
}

// Metadata is what an object carries, by the names that S3 has after x-amz-meta-. Values are ASCII, so names are in
// base64url without padding. What is 0 or empty, but for the quota, is left out.
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

// ParseMetadata reads what Metadata wrote. It reports false when it is not of that form, as nothing is that a
// signature of Postern's fixed.
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
