package media

import (
	"bytes"
	"encoding/binary"
)

const (
	pngStart = "\x89PNG\r\n\x1a\n"
	pngEnd   = "\x00\x00\x00\x00IEND\xaeB`\x82"
)

// png recognizes a PNG: the header first, the end chunk in the tail.
// Source: PNG specification, third edition, section 5.
func (f *file) png() kind {
	if !f.begins(pngStart+"\x00\x00\x00\x0dIHDR") || len(f.head) < 33 {
		return nil
	}
	f.pixels = int64(binary.BigEndian.Uint32(f.head[16:])) * int64(binary.BigEndian.Uint32(f.head[20:]))
	tail := f.tail(shortTail)
	if !bytes.Contains(tail, []byte(pngEnd[4:])) {
		if tail = f.contentTail(); !bytes.HasSuffix(tail, []byte(pngEnd[4:])) {
			return nil
		}
	}
	f.closed = f.hasChunksToEnd()
	return png
}

// hasChunksToEnd reports whether chunks of a PNG follow each other up to the end chunk, and that one is the last thing in
// the file. They are followed from the beginning, and if they are many, from a chunk in the tail.
func (f *file) hasChunksToEnd() bool {
	offset := int64(len(pngStart))
	for range maxFarBoxes {
		b := f.at(offset, 8)
		if b == nil {
			break
		}
		if offset += 12 + int64(binary.BigEndian.Uint32(b)); string(b[4:]) == "IEND" {
			return f.endsAt(offset)
		}
	}
	tail := f.contentTail()
	for i := bytes.Index(tail, []byte("IDAT")) - 4; i >= 0 && i+8 <= len(tail); {
		isEnd := string(tail[i+4:i+8]) == "IEND"
		if i += 12 + int(binary.BigEndian.Uint32(tail[i:])); isEnd {
			return i >= len(tail)
		}
	}
	return false
}

// gif recognizes a GIF: blocks that follow each other as far as they are read, and a trailer at the end of the content.
// Source: GIF89a specification, appendix B.
func (f *file) gif() kind {
	if !f.begins("GIF87a", "GIF89a") || len(f.head) < 13 || isScript(f.head[6:10]) {
		return nil
	}
	end, pixels, valid := walkGIF(f.head, 13+colours(f.head[10]))
	f.pixels = max(pixels, int64(binary.LittleEndian.Uint16(f.head[6:]))*int64(binary.LittleEndian.Uint16(f.head[8:])))
	switch {
	case !valid:
		return nil
	case end > 0:
		f.closed = f.endsAt(int64(end))
		return gif
	case end == 0 && int64(len(f.head)) == f.size:
		return nil
	}
	// Some encoders put a few bytes after the trailer, which follows the end of a block.
	tail := f.contentTail()
	if !bytes.Contains(tail[max(0, len(tail)-1024):], []byte("\x00;")) {
		return nil
	}
	f.closed = hasBlocksToEnd(tail)
	return gif
}

// walkGIF follows the blocks of a GIF from an offset on. It returns the offset behind the trailer, 0 if b ends before it
// and -1 if it is not found, and the size of the largest picture.
func walkGIF(b []byte, from int) (end int, pixels int64, valid bool) {
	i := from
	for i < len(b) {
		switch b[i] {
		case ';':
			return i + 1, pixels, true
		case 0: // left over by some encoders
			i++
			continue
		case '!':
			i += 2
		case ',':
			if i+10 > len(b) {
				return 0, pixels, true
			}
			pixels = max(pixels, int64(binary.LittleEndian.Uint16(b[i+5:]))*int64(binary.LittleEndian.Uint16(b[i+7:])))
			i += 11 + colours(b[i+9])
		default:
			return -1, pixels, pixels > 0 // or where the data of a picture are damaged
		}
		for i < len(b) && b[i] != 0 {
			i += 1 + int(b[i])
		}
		i++
	}
	return 0, pixels, true
}

// colours returns how many bytes the colour table takes that flags announce.
func colours(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// hasBlocksToEnd reports whether b, the end of a GIF, has pictures or full blocks of data that lead to the trailer at its
// end.
func hasBlocksToEnd(b []byte) bool {
	const full, picture = 255, "\x00!\xf9\x04"
	if i := bytes.Index(b, []byte(picture)); i >= 0 {
		if end, _, _ := walkGIF(b, i); end == len(b) {
			return true
		}
	}
	for i := range min(full+1, len(b)) {
		at, blocks := i, 0
		for at < len(b) && b[at] == full {
			at, blocks = at+1+full, blocks+1
		}
		if blocks >= 2 && at < len(b) && at+1+int(b[at])+2 >= len(b) {
			return bytes.HasSuffix(b, []byte("\x00;"))
		}
	}
	return false
}

// isScript reports whether the width of a GIF, and mostly its height, are text: as in GIF89a/*… or GIF89a=1;…, which
// begin a script. A width of text without white space is over 8,000, and no GIF is that large; with white space, it is
// one of a few above 2,000, and the height must go on with the script.
func isScript(size []byte) bool {
	width, height := size[:2], size[2:4]
	isString := width[0] > ' ' && bytes.IndexByte([]byte("'\"`"), height[0]) >= 0
	return isASCII(width) && (width[1] >= ' ' || isASCII(height) || isString)
}

// isASCII reports whether all of b is printable or white space.
func isASCII(b []byte) bool {
	return bytes.IndexFunc(b, func(r rune) bool { return (r < ' ' || r > '~') && (r < '\t' || r > '\r') }) < 0
}
