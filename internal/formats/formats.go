// Package formats knows the names of content types. Systems and browsers name one format differently, so that a content type
// that a client gives is a hint. It imports the standard library only.
package formats

import (
	"slices"
	"strings"
)

// Unknown is the content type of a file whose format is not known.
const Unknown = "application/octet-stream"

const office = "application/vnd.openxmlformats-officedocument."

// aliases are other names of content types, by name. Source: what browsers on Windows, macOS, Linux, Android and iOS give
// for files, and the names that IANA's registry replaced.
var aliases = map[string]string{
	"application/acrobat":           "application/pdf",
	"application/csv":               "text/csv",
	"application/haansoftdocx":      office + "wordprocessingml.document",
	"application/haansoftpptx":      office + "presentationml.presentation",
	"application/haansoftxlsx":      office + "spreadsheetml.sheet",
	"application/mp4":               "video/mp4",
	"application/wps-office.docx":   office + "wordprocessingml.document",
	"application/wps-office.pdf":    "application/pdf",
	"application/wps-office.pptx":   office + "presentationml.presentation",
	"application/wps-office.xlsx":   office + "spreadsheetml.sheet",
	"application/x-compressed":      "application/zip",
	"application/x-csv":             "text/csv",
	"application/x-pdf":             "application/pdf",
	"application/x-zip":             "application/zip",
	"application/x-zip-compressed":  "application/zip",
	"application/zip-compressed":    "application/zip",
	"audio/m4a":                     "audio/x-m4a",
	"audio/mp3":                     "audio/mpeg",
	"audio/mp4":                     "audio/x-m4a",
	"audio/mp4a-latm":               "audio/x-m4a",
	"audio/mpeg3":                   "audio/mpeg",
	"audio/vnd.wave":                "audio/wav",
	"audio/wave":                    "audio/wav",
	"audio/webm":                    "video/webm",
	"audio/x-flac":                  "audio/flac",
	"audio/x-matroska":              "video/x-matroska",
	"audio/x-mp3":                   "audio/mpeg",
	"audio/x-mp4":                   "audio/x-m4a",
	"audio/x-mpeg":                  "audio/mpeg",
	"audio/x-mpeg-3":                "audio/mpeg",
	"audio/x-pn-wav":                "audio/wav",
	"audio/x-wav":                   "audio/wav",
	"image/heic-sequence":           "image/heic",
	"image/heif-sequence":           "image/heif",
	"image/jpg":                     "image/jpeg",
	"image/pjpeg":                   "image/jpeg",
	"image/x-citrix-jpeg":           "image/jpeg",
	"image/x-citrix-png":            "image/png",
	"image/x-png":                   "image/png",
	"text/comma-separated-values":   "text/csv",
	"text/json":                     "application/json",
	"text/x-comma-separated-values": "text/csv",
	"text/x-csv":                    "text/csv",
	"text/x-markdown":               "text/markdown",
	"video/m4v":                     "video/x-m4v",
	"video/matroska":                "video/x-matroska",
	"video/mpeg4":                   "video/mp4",
	"video/x-mp4":                   "video/mp4",
	"video/x-quicktime":             "video/quicktime",
}

// also lists, by content type, names of other formats that systems give for it: those of the program that opens it, of the
// container that it is stored in, or of a sibling.
var also = map[string][]string{
	"text/csv":      {"application/vnd.ms-excel", "application/vnd.msexcel", "text/plain"},
	"text/markdown": {"text/plain"},

	office + "wordprocessingml.document":   {"application/msword", "application/zip"},
	office + "spreadsheetml.sheet":         {"application/vnd.ms-excel", "application/zip"},
	office + "presentationml.presentation": {"application/vnd.ms-powerpoint", "application/zip"},

	"image/heic":       {"image/heif"},
	"image/heif":       {"image/heic"},
	"audio/x-m4a":      {"audio/aac", "video/mp4"},
	"video/mp4":        {"video/x-m4v", "video/quicktime"},
	"video/quicktime":  {"video/mp4", "video/x-m4v"},
	"video/x-m4v":      {"video/mp4", "video/quicktime"},
	"video/webm":       {"video/x-matroska"}, // Chrome records H.264 so
	"video/x-matroska": {"video/webm"},
}

// Canonical returns the name of a content type that a client gives: in lower case, without parameters and blanks, and the
// usual one of several. said is false if it says nothing about the format: it is empty or Unknown.
func Canonical(hint string) (contentType string, said bool) {
	contentType, _, _ = strings.Cut(hint, ";")
	contentType = strings.ToLower(strings.Trim(contentType, " \t"))
	if name, ok := aliases[contentType]; ok {
		contentType = name
	}
	return contentType, contentType != "" && contentType != Unknown
}

// Accepts reports whether hint may be what a client says of a file of a content type. A hint that says nothing may be.
func Accepts(contentType, hint string) bool {
	given, said := Canonical(hint)
	name, _ := Canonical(contentType)
	return !said || given == name || slices.Contains(also[name], given)
}
