// Package media judges what a file is by its bytes, and compares that with the format that it was signed for. It reads the
// beginning, 16 KiB, the end, 32 KiB, and a few places that these point to: mostly 64 KiB at most. It reads 81 KiB if the
// format does not say where the file ends or something follows it, and 192 KiB of an archive.
//
// First the content is recognized, by families of formats. A format is known by its content type:
//
//   - MP4, M4V, M4A, MOV, HEIC, AVIF (iso.go): ftyp comes first and its brand tells the kind; an older MOV begins with one of
//     QuickTime's atoms. Phones and encoders write video and sound under each other's brands, so that a general brand may
//     be either. Each box is inside the file, and the index (moov, or meta of a picture) is found. The media data may lack
//     one byte in 64 at their end.
//   - WebM, Matroska (matroska.go): the EBML header's doc type, and a segment inside the file.
//   - JPEG (jpeg.go): segments that follow each other from the beginning, with a frame, up to picture data that end or that
//     are followed by something else, of any length. PNG, GIF (image.go): the structure and the end, with padding of any
//     length. WebP, WAV (riff.go): whole chunks; the length in the header may be off.
//   - MP3 (mp3.go): frames that follow each other, after ID3 tags or almost at once, and no text before them.
//   - PDF (pdf.go): the header at the beginning or after the text of a printer's queue, a cross-reference or a trailer, and
//     the end.
//   - ZIP (zip.go): entry first, directory last, with a comment of any length. DOCX, XLSX, PPTX (office.go): an archive whose
//     content types say so, with no macros in its content types and relationships; or encrypted (compound.go), when nothing
//     more can be known.
//   - text/… (text.go): UTF-8, UTF-16 with a byte order mark, or an 8-bit encoding; not HTML, XML or a script from its
//     beginning.
//   - Any other type of a table (kind.go): what mimetype detects. If it does not know the type, all that is not active:
//     pages, scripts, programs.
//
// Then the content must be of the declared type, or unless a stage wants it exact, a sibling: a recording or a picture that
// was renamed. Content of two kinds (polyglot.go) is refused: a PDF or PHP within the first KiB of something else, markup
// within that of a video or a PDF, a ZIP at its end, a picture or a WAV that begins a script with a comment, or a GIF with
// an assignment. So is an archive that would do harm when it is unpacked (safety.go), and a picture with too many pixels.
//
// The limits: not seen are a ZIP with a long comment at the end of another file that is made to fill the last chunk or box
// of it, what lies in the middle of a large file, the middle of a directory larger than about 130 KiB, and some ways to
// read a picture as a script. A large JPEG that was cut off looks like one to which a camera has appended data that look
// like picture data, and is refused. Against what is not seen stands that a file is delivered as a download with the type
// that was found, from which browsers must not depart.
package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"postern/internal/contract"
	"postern/internal/upload"
)

// unknownType is the content type of content that is in none of the known formats, or damaged.
const unknownType = "application/octet-stream"

// damaged is what is found of content that cannot be recognized.
var damaged = upload.Finding{Detected: unknownType, Reason: upload.TypeMismatch}

// Check compares content, of size bytes, with a format. It fails when content cannot be read. If it cannot be read
// because of upload.ErrBudget, which would be so each time, it is not the format.
func Check(format contract.Format, rules contract.Inspection, size int64, content io.ReaderAt) (upload.Finding, error) {
	f := newFile(size, content)
	found := damaged
	if size > 0 {
		found = f.judge(format.ContentType, rules)
	}
	switch {
	case errors.Is(f.err, upload.ErrBudget):
		return damaged, nil
	case f.err != nil:
		return upload.Finding{}, fmt.Errorf("reading an upload's content: %w", f.err)
	}
	return found, nil
}

func (f *file) judge(contentType string, rules contract.Inspection) upload.Finding {
	declared := canonical(contentType)
	detected, fits := f.compare(declared, rules.Exact)
	if detected == declared {
		detected = contentType // as the table names it
	}
	switch {
	case !fits:
		return upload.Finding{Detected: detected, Reason: upload.TypeMismatch}
	case f.isUnsafe(rules):
		return upload.Finding{Detected: detected, Reason: upload.UnsafeArchive}
	case f.pixels > rules.MaxPixels:
		return upload.Finding{Detected: detected, Reason: upload.TooManyPixels}
	}
	return upload.Finding{Detected: detected}
}

// compare returns what the content is, and whether that is accepted under a content type.
func (f *file) compare(declared string, exact bool) (detected string, fits bool) {
	if strings.HasPrefix(declared, "text/") {
		if f.isText() && f.pdf() == nil {
			return declared, true
		}
		return f.describe(f.recognize(), declared), false
	}
	found := f.recognize()
	detected = declared
	switch {
	case contains(found, []string{declared}):
	case !exact && found != nil && contains(found[:1], siblings[declared]):
		detected = found[0]
	case contains(recognized, []string{declared}) || !f.isOther(declared):
		return f.describe(found, declared), false
	}
	if second := f.second(detected); second != "" {
		return second, false
	}
	return detected, true
}

// describe returns the content type of what does not fit the declared one.
func (f *file) describe(found kind, declared string) string {
	if found != nil && found[0] != declared {
		return found[0]
	}
	detected, _, _ := strings.Cut(mimetype.Detect(f.head).String(), ";")
	isKnown := canonical(detected) != declared && detected != unknownType && detected != "text/plain"
	switch {
	case !isKnown && isMarked(f.head) && bytes.HasPrefix(bytes.TrimLeftFunc(f.head, isInvisible), []byte("<")):
		return typeHTML
	case canonical(detected) == declared:
		return unknownType // damaged
	}
	return detected
}
