package media

import (
	"bytes"
	"regexp"
	"strconv"
)

const pdfHeader = "%PDF-"

var (
	lastReference = regexp.MustCompile(`startxref\s+(\d{1,15})\s`)
	pdfObject     = regexp.MustCompile(`^\s*(?:xref\b|\d+\s+\d+\s+obj\b)`)
	anyObject     = regexp.MustCompile(`\d\s+\d+\s+obj\b`)
	linearized    = regexp.MustCompile(`/Linearized\s+\d[^>]*/L\s+(\d{1,15})\b`)
)

// pdf recognizes a PDF: the header, a cross-reference or a trailer, and the end. Before the header may be white space,
// and what a printer's queue writes there. Readers take a header from anywhere in the first KiB, but what else is before
// it would be of another kind. Some writers put a little after the end.
// Source: ISO 32000-1, section 7.5 and annex H.3.
func (f *file) pdf() kind {
	start := f.head[:min(len(f.head), sniffed)]
	header := bytes.Index(start, []byte(pdfHeader))
	if header < 0 || !isPrinterText(start[:header]) {
		return nil
	}
	tail := f.contentTail()
	end := bytes.LastIndex(tail, []byte("%%EOF"))
	if end < 0 {
		return nil
	}
	reference := f.reference(tail[:end])
	isReached := reference >= 0 && (pdfObject.Match(f.upTo(reference, 32)) || pdfObject.Match(f.upTo(reference+int64(header), 32)))
	if !isReached && !f.hasTrailer(tail) {
		return nil
	}
	rest := bytes.TrimLeft(tail[end+len("%%EOF"):], "\r\n\t \x1a\x00")
	f.closed = len(rest) == 0 && isReached && (f.contentEnd()-reference <= shortTail || f.isLinearized())
	return pdf
}

// isPrinterText reports whether b is only white space, or job control for a printer: lines that begin with @PJL, %% or
// the escape sequence that switches to it.
func isPrinterText(b []byte) bool {
	b = bytes.Trim(b, "\xef\xbb\xbf\x00\t\n\f\r ")
	for line := range bytes.FieldsFuncSeq(b, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = bytes.TrimPrefix(bytes.TrimPrefix(line, []byte("\x1bE")), []byte("\x1b%-12345X"))
		isJob := len(line) == 0 || bytes.HasPrefix(line, []byte("@PJL")) || bytes.HasPrefix(line, []byte("%%"))
		if !isJob || bytes.IndexByte(line, 0) >= 0 {
			return false
		}
	}
	return true
}

// reference returns the offset of the last cross-reference, -1 if b does not end in one.
func (f *file) reference(b []byte) int64 {
	found := lastReference.FindAllSubmatch(append(bytes.Clone(b), '\n'), -1)
	if len(found) == 0 {
		return -1
	}
	offset, err := strconv.ParseInt(string(found[len(found)-1][1]), 10, 64)
	if err != nil {
		return -1
	}
	return offset
}

// hasTrailer reports whether the beginning or the end of a PDF has what leads to its pages, and an object. Many offsets are
// wrong, and readers then look for these themselves.
func (f *file) hasTrailer(tail []byte) bool {
	isTrailer := func(b []byte) bool {
		return bytes.Contains(b, []byte("/Root")) && (bytes.Contains(b, []byte("trailer")) || bytes.Contains(b, []byte("/XRef")))
	}
	return (isTrailer(tail) || isTrailer(f.head)) && (anyObject.Match(tail) || anyObject.Match(f.head))
}

// isLinearized reports whether the file says that it is as long as it is, with its cross-reference at its beginning.
func (f *file) isLinearized() bool {
	found := linearized.FindSubmatch(f.head[:min(len(f.head), 2*sniffed)])
	return found != nil && string(found[1]) == strconv.FormatInt(f.size, 10)
}
