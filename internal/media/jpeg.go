package media

import (
	"bytes"
	"encoding/binary"
)

// maxSegments is how many segments before the picture data are followed outside the file's beginning: each is a request.
// A depth map or a large colour profile takes some dozens.
const maxSegments = 256

// jpeg recognizes a JPEG: segments that follow each other from the beginning, with a frame among them, up to the picture
// data. Cameras append up to some MB to a JPEG, so that its end need not be in the file's tail.
// Source: ITU-T T.81, annex B.
func (f *file) jpeg() kind {
	if !f.begins("\xff\xd8\xff") || len(f.head) < 6 || f.head[3] < 0xC0 {
		return nil
	}
	// A comment of a script. The Exif segment of a camera may have that length by chance, no other that comes first has.
	const exif = 0xE1
	if string(f.head[4:6]) == "/*" && f.head[3] != exif {
		return nil
	}
	scan := f.jpegScan()
	if scan == 0 || !f.endsScan(scan) {
		return nil
	}
	return jpeg
}

// jpegScan returns the offset of the picture data, or 0 if there are none or no frame before them.
func (f *file) jpegScan() int64 {
	offset, far := int64(2), 0
	for far < maxSegments {
		b := f.upTo(offset, 10)
		if len(b) < 10 {
			return 0
		}
		if b[0] != 0xFF {
			// Some programs give a wrong length. Readers go on at the next marker.
			if offset, far = f.nextMarker(offset), far+maxSegments/8; offset == 0 {
				return 0
			}
			continue
		}
		if offset += 2; offset+8 > int64(len(f.head)) {
			far++
		}
		length := int64(binary.BigEndian.Uint16(b[2:]))
		switch marker := b[1]; {
		case marker == 0xFF: // a fill byte
			offset--
			continue
		case length < 2 || marker < 0xC0 || marker >= 0xD0 && marker <= 0xD9:
			return 0
		case marker == 0xDA:
			if f.pixels == 0 {
				return 0
			}
			return offset + length
		case isFrame(marker):
			height, width := int64(binary.BigEndian.Uint16(b[5:])), int64(binary.BigEndian.Uint16(b[7:]))
			// A height of 0 is given after the first scan.
			f.pixels = max(f.pixels, width*max(height, 1))
		}
		offset += length
	}
	return 0
}

// nextMarker returns the offset of the next marker of a table, a frame or a scan after damage, 0 if it is not near.
func (f *file) nextMarker(offset int64) int64 {
	b := f.upTo(offset, 4<<10)
	for i := 0; i+1 < len(b); i++ {
		if b[i] == 0xFF && (b[i+1] == 0xDA || b[i+1] == 0xDB || isFrame(b[i+1]) || b[i+1] == 0xC4) {
			return offset + int64(i)
		}
	}
	return 0
}

// isFrame reports whether a marker begins a frame, which has the size of the picture.
func isFrame(marker byte) bool {
	return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC
}

// endsScan reports whether picture data begin at an offset and come to their end. A file that was cut off has such data
// up to its last byte; one to which a camera has appended something has not.
func (f *file) endsScan(scan int64) bool {
	first := f.upTo(scan, max(1<<10, int64(len(f.head))-scan))
	end, valid := scanEnd(first)
	if !valid || len(first) == 0 {
		return false
	}
	if end > 0 {
		f.closed = f.endsAt(scan + int64(end))
		return true
	}
	tail := f.contentTail()
	tail = tail[min(len(tail), int(max(0, scan-(f.contentEnd()-int64(len(tail)))))):]
	if bytes.HasSuffix(tail, []byte("\xff\xd9")) {
		_, f.closed = scanEnd(tail)
		return true
	}
	if bytes.Contains(tail, []byte("\xff\xd9")) {
		return true
	}
	return !isScan(tail)
}

// isScan reports whether all of b may be picture data: nothing is in it that is not valid there, but what is. Text and
// tables of zeros have no 0xFF, which picture data have unless they are of one colour.
func isScan(b []byte) bool {
	if _, valid := scanEnd(b); !valid {
		return false
	}
	zeros, texts := 0, 0
	for _, c := range b {
		switch {
		case c == 0xFF:
			return true
		case c == 0:
			zeros++
		case c < 0x80 && isASCII([]byte{c}):
			texts++
		}
	}
	return texts < len(b)/100*95 && zeros < len(b)/2
}

// scanEnd looks for the end marker in picture data. It returns the offset behind it, 0 if it is not in b, and whether
// what comes before it is valid: there every 0xFF is followed by 0, by a restart, or by a segment of a further scan.
func scanEnd(b []byte) (end int, valid bool) {
	for i := 0; ; {
		next := bytes.IndexByte(b[i:], 0xFF)
		if next < 0 || i+next+1 >= len(b) {
			return 0, true
		}
		i += next
		switch marker := b[i+1]; {
		case marker == 0xD9:
			return i + 2, true
		case marker == 0 || marker >= 0xD0 && marker <= 0xD7:
			i += 2
		case marker == 0xFF:
			i++
		case marker == 0xC4 || marker >= 0xDA && marker <= 0xDD || marker >= 0xE0 && marker <= 0xEF || marker == 0xFE:
			if i+4 > len(b) {
				return 0, true
			}
			if i += 2 + int(binary.BigEndian.Uint16(b[i+2:])); i > len(b) {
				return 0, true
			}
		default:
			return 0, false
		}
	}
}
