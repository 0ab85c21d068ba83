package media

import (
	"bytes"
	"encoding/binary"
)

const (
	maxTags    = 4       // of a file: some taggers put a new one before the old one
	maxPadding = 8 << 10 // bytes between tag and frames
)

// mp3 recognizes frames that follow each other: three, or as many as there are. Before them may be ID3 tags and padding,
// or the rest of a frame where the file was cut out of a longer one.
func (f *file) mp3() kind {
	offset, tagged := int64(0), false
	for range maxTags {
		size := f.id3(offset)
		if size == 0 {
			break
		}
		offset, tagged = offset+size, true
	}
	if offset > f.size-shortTail {
		f.tail(shortTail) // is needed anyway
	}
	b := f.upTo(offset, maxPadding)
	if !tagged {
		filled := len(b) - len(bytes.TrimLeft(b, "\x00"))
		b, offset = b[filled:], int64(filled)
		if !f.mayBeginMP3(b, filled > 0) {
			return nil
		}
	}
	for i := range b {
		if b[i] == 0xFF && f.isFrames(b[i:], offset+int64(i)) {
			f.closed = f.hasFramesToEnd()
			return mp3
		}
	}
	return nil
}

// mayBeginMP3 reports whether a file without a tag may begin with b, perhaps after filling: with a frame, or with the rest
// of one, which is not a text that a script could begin with.
func (f *file) mayBeginMP3(b []byte, filled bool) bool {
	if frames, _ := countFrames(b, f.size, 1); frames > 0 {
		return true
	}
	text := b[:firstBinary(b)]
	opens := bytes.ContainsAny(text, "\"'`<#") || bytes.Contains(text, []byte("/*")) || bytes.Contains(text, []byte("//"))
	return !opens && !hasCode(b[:min(len(b), 32)]) && !isMarked(b) && (filled || f.isOther(mp3[0]))
}

// hasCode reports whether b holds some text with a sign of a script in it.
func hasCode(b []byte) bool {
	const shortest = 4
	for _, text := range bytes.FieldsFunc(b, func(r rune) bool { return !isASCII([]byte(string(r))) }) {
		if len(text) >= shortest && bytes.ContainsAny(text, " \t\n\r!$&()*/:;=@[\\]{|}") {
			return true
		}
	}
	return false
}

// firstBinary returns where the text that b begins with ends.
func firstBinary(b []byte) int {
	for i := range b {
		if !isASCII(b[i : i+1]) {
			return i
		}
	}
	return len(b)
}

// isFrames reports whether b, from an offset of the file on, begins with three frames of one kind, or with fewer up to a
// tag, padding or the end.
func (f *file) isFrames(b []byte, offset int64) bool {
	const count = 3
	frames, left := countFrames(b, f.size-offset, count)
	if frames == 0 || frames == count || left < 4 {
		return frames > 0
	}
	next := f.upTo(f.size-left, 11)
	for _, tag := range []string{"TAG", "APETAGEX", "LYRICSBEGIN", "ID3", "3DI"} {
		if bytes.HasPrefix(next, []byte(tag)) {
			return true
		}
	}
	return frames > 1 && f.endsAt(f.size-left)
}

// audioEnd returns where the tags and the padding at the end of an MP3 begin.
// Source: ID3v1; APEv2, "Tags Footer".
func (f *file) audioEnd() int64 {
	const id3v1, apeFooter = 128, 32
	tail, end := f.tail(shortTail), f.size
	if len(tail) >= id3v1 && string(tail[len(tail)-id3v1:][:3]) == "TAG" {
		tail, end = tail[:len(tail)-id3v1], end-id3v1
	}
	if i := len(tail) - apeFooter; i >= 0 && string(tail[i:i+8]) == "APETAGEX" {
		size := int64(binary.LittleEndian.Uint32(tail[i+12:]))
		if binary.LittleEndian.Uint32(tail[i+20:])>>31 != 0 {
			size += apeFooter // a header
		}
		end -= min(size, end)
	}
	if end == f.size {
		return f.contentEnd()
	}
	return end
}

// hasFramesToEnd reports whether frames follow each other in the tail up to the end, or almost.
func (f *file) hasFramesToEnd() bool {
	end := f.audioEnd()
	tail := f.tail(shortTail)
	if end <= f.size-int64(len(tail)) {
		return false
	}
	tail = tail[:len(tail)-int(f.size-end)]
	const all = shortTail
	for i := range tail {
		if tail[i] != 0xFF {
			continue
		}
		if frames, left := countFrames(tail[i:], int64(len(tail)-i), all); frames > 2 && left < maxPadding/2 {
			return true
		}
	}
	return false
}

// id3 returns the length of the ID3 tag at an offset, or 0 if there is none.
// Source: ID3 tag version 2.4.0 - Main Structure, section 3.1.
func (f *file) id3(offset int64) int64 {
	b := f.at(offset, 10)
	if b == nil || string(b[:3]) != "ID3" || b[3] < 2 || b[3] > 4 || (b[6]|b[7]|b[8]|b[9])&0x80 != 0 {
		return 0
	}
	size := 10 + int64(b[6])<<21 + int64(b[7])<<14 + int64(b[8])<<7 + int64(b[9])
	if b[5]&0x10 != 0 {
		size += 10 // a footer
	}
	return size
}

// countFrames counts the frames of one kind that b begins with, up to a most, and returns how many of size bytes are left
// behind them. A frame may end after b, but not after size.
func countFrames(b []byte, size int64, most int) (frames int, left int64) {
	var kind uint32
	for frames < most && len(b) >= 4 && size >= 4 {
		header := binary.BigEndian.Uint32(b)
		length := frameLength(header)
		if length == 0 || frames > 0 && header&frameKind != kind || int64(length) > size {
			break
		}
		kind = header & frameKind
		b, size = b[min(length, len(b)):], size-int64(length)
		frames++
	}
	return frames, size
}

// frameKind has the bits of a frame's header that stay the same in a file: sync, version, layer and sampling rate.
const frameKind = 0xFFFE0C00

// frameLength returns the length of the frame of MPEG audio, layer II or III, that has a header. It is 0 if it is none.
// Source: ISO/IEC 11172-3, section 2.4.2.3 and ISO/IEC 13818-3, section 2.4.2.3.
func frameLength(header uint32) int {
	const sync = 0xFFE00000
	version, layer := header>>19&3, header>>17&3 // version 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5; layer 1 is III
	bitrate, rate, padding := header>>12&15, header>>10&3, int(header>>9&1)
	if header&sync != sync || version == 1 || layer == 0 || layer == 3 || rate == 3 {
		return 0
	}
	samples, table := 144, 0
	switch {
	case version == 3 && layer == 2:
		table = 1
	case version != 3:
		table = 2
		if layer == 1 {
			samples = 72
		}
	}
	hertz := []int{44100, 48000, 32000}[rate]
	switch version {
	case 2:
		hertz /= 2
	case 0:
		hertz /= 4
	}
	kilobits := bitrates[table][bitrate]
	if kilobits == 0 {
		return 0
	}
	return samples*1000*kilobits/hertz + padding
}

// bitrates are in kbit/s, 0 for those that are free or not allowed: of layer III and layer II of MPEG 1, and of both
// of MPEG 2 and 2.5.
var bitrates = [3][16]int{
	{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0},
	{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0},
	{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0},
}
