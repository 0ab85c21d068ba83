// Package media compares an upload's content with the format that it was signed for. It reads the beginning, 16 KiB,
// the end, 16 or 32 KiB, and a few places that these point to: 64 KiB in all at most.
//
// A format is known by its content type. What must hold:
//
//   - MP4, M4V, M4A: ftyp comes first and its brand is none of QuickTime's or of images, and of audio only for M4A. Phones
//     and encoders write these three under each other's brands, so nothing more can be asked. MOV: the brand qt, or an
//     older file that begins with one of QuickTime's atoms. HEIC: a brand of HEVC images. All: each box is inside the
//     file, and the index (moov, or meta of an image) is found.
//   - WebM, Matroska: the EBML header's doc type, and a segment inside the file.
//   - JPEG, PNG, GIF, WebP, WAV: signature, first chunk, and the end: a marker at it, or the length that the header
//     gives. What cameras and phones put after a JPEG is allowed.
//   - MP3: frames that follow each other, after ID3 tags or almost at once.
//   - PDF: the header at the very beginning, and the end.
//   - ZIP: entry first, directory last. Any archive is one, Office files and programs too. DOCX, XLSX, PPTX: the parts
//     of that application in a ZIP, no macros; or encrypted, when nothing more can be known.
//   - text/…: UTF-8, UTF-16 with a byte order mark, or an 8-bit encoding; not HTML, XML or a script from its beginning.
//   - Any other type of a table: what mimetype detects. If it does not know the type, all that is not active: pages,
//     scripts, programs.
//
// Content of two kinds is none of them: a PDF or PHP within the first KiB of something else, markup within that of a
// video or a PDF, a ZIP at its end, a picture or a WAV that begins a script with a comment, or a GIF with an assignment.
//
// The limits: not seen are a ZIP at the end of another file if its comment is longer than about 32 KiB, what lies in the
// middle of a large file, macros in the middle of a large directory, and some ways to read a picture as a script. Against
// these stands that a file is delivered as a download with its own type, from which browsers must not depart. An
// archive's own comment may be 16 KiB long.
package media

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"postern/internal/contract"
	"postern/internal/upload"
)

// rules are the formats that are known here, by content type.
var rules = map[string]func(*file) bool{
	"video/mp4":       isMP4,
	"video/x-m4v":     isMP4,
	"video/quicktime": isMOV,
	"audio/x-m4a":     isM4A,
	"audio/m4a":       isM4A,
	"audio/mp4":       isM4A,
	"image/heic":      isHEIC,
	"image/heif":      isHEIC,

	"video/webm":       isWebM,
	"audio/webm":       isWebM,
	"video/x-matroska": isMatroska,
	"video/matroska":   isMatroska,

	"image/jpeg": isJPEG,
	"image/jpg":  isJPEG,
	"image/png":  isPNG,
	"image/gif":  isGIF,
	"image/webp": isWebP,

	"audio/mpeg":     isMP3,
	"audio/mp3":      isMP3,
	"audio/wav":      isWAV,
	"audio/x-wav":    isWAV,
	"audio/wave":     isWAV,
	"audio/vnd.wave": isWAV,

	"application/pdf":              isPDF,
	"application/zip":              isZIP,
	"application/x-zip-compressed": isZIP,

	officeTypes + "wordprocessingml.document":   isOffice("word/"),
	officeTypes + "spreadsheetml.sheet":         isOffice("xl/"),
	officeTypes + "presentationml.presentation": isOffice("ppt/"),
}

const officeTypes = "application/vnd.openxmlformats-officedocument."

// Check reports whether content, of size bytes, is what the format says. It fails when content cannot be read. If it
// cannot be read because of upload.ErrBudget, which would be so each time, it is not the format.
func Check(format contract.Format, size int64, content io.ReaderAt) (bool, error) {
	f := &file{content: content, size: size}
	f.head = f.at(0, min(size, window))
	ok := size > 0 && f.is(format.ContentType)
	switch {
	case errors.Is(f.err, upload.ErrBudget):
		return false, nil
	case f.err != nil:
		return false, fmt.Errorf("reading an upload's content: %w", f.err)
	}
	return ok, nil
}

func (f *file) is(contentType string) bool {
	rule, known := rules[contentType]
	switch {
	case known:
		return rule(f) && !f.isTwofold(contentType)
	case strings.HasPrefix(contentType, "text/"):
		return isText(f)
	default:
		return isOther(f, contentType) && !f.isTwofold(contentType)
	}
}
