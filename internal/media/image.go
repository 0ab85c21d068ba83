package media

import (
	"bytes"
	"encoding/binary"
)

// isJPEG: within compressed data every 0xFF is followed by 0 or a restart, so that an end marker in the tail is one. It
// is not there in a file that was cut off, nor in one to which a phone has appended a clip.
func isJPEG(f *file) bool {
	if !f.begins("\xff\xd8\xff") || len(f.head) < 6 || f.head[3] < 0xC0 {
		return false
	}
	// A comment of a script. The Exif segment of a camera may have that length by chance, no other that comes first has.
	const exif = 0xE1
	if string(f.head[4:6]) == "/*" && f.head[3] != exif {
		return false
	}
	if bytes.Contains(f.tail(), []byte("\xff\xd9")) {
		return true
	}
	for _, sign := range []string{"MotionPhoto", "MicroVideo"} {
		if bytes.Contains(f.head, []byte(sign)) || bytes.Contains(f.tail(), []byte(sign)) {
			return true
		}
	}
	return false
}

func isPNG(f *file) bool {
	return f.begins("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR") && bytes.Contains(f.tail(), []byte("IEND\xaeB`\x82"))
}

// isGIF: some encoders put a few bytes after the trailer, which follows the end of a block.
func isGIF(f *file) bool {
	if !f.begins("GIF87a", "GIF89a") || len(f.head) < 13 || isScript(f.head[6:10]) {
		return false
	}
	tail := f.tail()
	return bytes.Contains(tail[max(0, len(tail)-1024):], []byte("\x00;"))
}

// isScript reports whether the width of an image, and mostly its height, are text: as in GIF89a/*… or GIF89a=1;…, which
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

func isWebP(f *file) bool {
	if !f.isRIFF("WEBP", "RIFF") || len(f.head) < 16 {
		return false
	}
	switch string(f.head[12:16]) {
	case "VP8 ", "VP8L", "VP8X":
		return true
	}
	return false
}

// isRIFF reports whether the file is a RIFF of a form, whose length is inside the file. Some writers count their own
// header; what is written while it is recorded has no length. A length that begins a comment of a script is odd, which
// hardly any is.
func (f *file) isRIFF(form string, signatures ...string) bool {
	if !f.begins(signatures...) || len(f.head) < 12 || string(f.head[8:12]) != form || string(f.head[4:6]) == "/*" {
		return false
	}
	length := int64(binary.LittleEndian.Uint32(f.head[4:]))
	return length <= f.size || isUnknown(length)
}

// isUnknown reports whether a length stands for an unknown one, as encoders use them that write into a pipe: nearly the
// largest number, with or without a sign.
func isUnknown(length int64) bool {
	return length >= 1<<32-1<<8 || length >= 1<<31-1<<16 && length < 1<<31+1<<16
}
