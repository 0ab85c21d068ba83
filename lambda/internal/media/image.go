package media

import (
	"bytes"
	"encoding/binary"
)

// isJPEG: within compressed data every 0xFF is followed by 0 or a restart, so that an end marker in the tail is one. It
// is not there in a file that was cut off, nor in one to which a phone has appended a clip.
func isJPEG(f *file) bool {
	if !f.begins("\xff\xd8\xff") || len(f.head) < 4 || f.head[3] < 0xC0 {
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
	if !f.begins("GIF87a", "GIF89a") || len(f.head) < 13 || isScriptComment(f.head[6:10]) {
		return false
	}
	tail := f.tail()
	return bytes.Contains(tail[max(0, len(tail)-1024):], []byte("\x00;"))
}

// isScriptComment reports whether width and height of an image are text: as in GIF89a/*…, which begins a script. They
// are over 8,000 each then, and no GIF is that large.
func isScriptComment(size []byte) bool {
	for _, c := range size {
		if (c < ' ' || c > '~') && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
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
// header; what is written while it is recorded has no length.
func (f *file) isRIFF(form string, signatures ...string) bool {
	if !f.begins(signatures...) || len(f.head) < 12 || string(f.head[8:12]) != form {
		return false
	}
	length := int64(binary.LittleEndian.Uint32(f.head[4:]))
	return length <= f.size || length >= unknownLength
}

// unknownLength is the least of the lengths that stand for an unknown one: encoders that write into a pipe use some.
const unknownLength = 1<<31 - 1<<16
