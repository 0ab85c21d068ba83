package media

import "math/bits"

// matroska recognizes WebM and Matroska. Browsers record H.264 as Matroska that is named webm.
func (f *file) matroska() kind {
	switch f.docType() {
	case "webm":
		return webm
	case "matroska":
		return matroska
	}
	return nil
}

// IDs of elements, with the bits that mark their lengths.
// Source: RFC 8794, section 11.2 and RFC 9559, section 5.1.
const (
	ebmlHeader = 0x1A45DFA3
	docType    = 0x4282
	segment    = 0x18538067
	void       = 0xEC
)

// docType returns that of the EBML header, if a segment follows that is inside the file.
func (f *file) docType() string {
	header, ok := readElement(f.head)
	if !ok || header.id != ebmlHeader || header.unknown || header.size > uint64(len(header.rest)) {
		return ""
	}
	rest := header.rest[header.size:]
	next, ok := readElement(rest)
	for ok && next.id == void && next.size <= uint64(len(next.rest)) {
		rest = next.rest[next.size:]
		next, ok = readElement(rest)
	}
	left := uint64(f.size) - uint64(len(f.head)-len(next.rest))
	if !ok || next.id != segment || !next.unknown && next.size > left {
		return ""
	}
	f.closed = !next.unknown && f.endsAt(f.size-int64(left-next.size))
	return header.text(docType)
}

// An element is one of EBML.
type element struct {
	id, size uint64
	unknown  bool   // whether the size is unknown, as in what is written while it is recorded
	rest     []byte // its content and what follows
}

// text returns the value of a child that is a string. Zeros at its end do not belong to it.
func (e element) text(id uint64) string {
	for b := e.rest[:e.size]; ; {
		child, ok := readElement(b)
		if !ok || child.size > uint64(len(child.rest)) {
			return ""
		}
		if b = child.rest[child.size:]; child.id == id {
			return trimZeros(child.rest[:child.size])
		}
	}
}

func trimZeros(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

func readElement(b []byte) (element, bool) {
	id, idLength := readNumber(b, 4, false)
	if idLength == 0 {
		return element{}, false
	}
	size, sizeLength := readNumber(b[idLength:], 8, true)
	if sizeLength == 0 {
		return element{}, false
	}
	return element{id: id, size: size, unknown: size == 1<<(7*sizeLength)-1, rest: b[idLength+sizeLength:]}, true
}

// readNumber reads a number whose first byte says how long it is, and that length, 0 if there is none. The mark of the
// length is part of an id, but not of a size.
// Source: RFC 8794, sections 4 and 5.
func readNumber(b []byte, longest int, unmarked bool) (number uint64, length int) {
	if len(b) == 0 {
		return 0, 0
	}
	if length = bits.LeadingZeros8(b[0]) + 1; length > longest || length > len(b) {
		return 0, 0
	}
	for _, c := range b[:length] {
		number = number<<8 | uint64(c)
	}
	if unmarked {
		number &= 1<<(7*length) - 1
	}
	return number, length
}
