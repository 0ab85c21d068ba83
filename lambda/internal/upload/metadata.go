package upload

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxTitle is the longest title, in characters.
const MaxTitle = 300

// maxNames bounds file name and title in base64url together, in bytes: S3 gives a user's metadata 2 KB in all
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html).
const maxNames = 1300

// CheckTitle returns an Error when title is not the title of a file called name: at most MaxTitle characters of UTF-8
// without control characters, which fit into the object's metadata together with the name.
func CheckTitle(title, name string) error {
	encoding := base64.RawURLEncoding
	switch size := encoding.EncodedLen(len(name)) + encoding.EncodedLen(len(title)); {
	case !utf8.ValidString(title):
		return invalidTitle(title, "is not UTF-8")
	case utf8.RuneCountInString(title) > MaxTitle:
		return invalidTitle(title, fmt.Sprintf("has %d characters", utf8.RuneCountInString(title)))
	case strings.ContainsFunc(title, unicode.IsControl):
		return invalidTitle(title, "has a control character")
	case size > maxNames:
		return &Error{Invalid, fmt.Sprintf("filename %s and title %s have %d bytes together in base64url: at most %d are allowed",
			Quote(name), Quote(title), size, maxNames)}
	}
	return nil
}

func invalidTitle(title, reason string) error {
	return &Error{Invalid, fmt.Sprintf("title %s %s: allowed are at most %d characters of UTF-8 without control characters",
		Quote(title), reason, MaxTitle)}
}

// Metadata is what an object carries from its grant to its inspection, by the names that S3 has after x-amz-meta-: the
// quota in force, in bytes, and what the client says of the file. Values are ASCII, so names are in base64url without
// padding. What is nil or empty is left out.
func Metadata(quota int64, filename, title *string) map[string]string {
	metadata := map[string]string{"quota": strconv.FormatInt(quota, 10)}
	for name, value := range map[string]*string{"filename": filename, "title": title} {
		if value != nil && *value != "" {
			metadata[name] = base64.RawURLEncoding.EncodeToString([]byte(*value))
		}
	}
	return metadata
}
