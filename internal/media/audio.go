package media

import "encoding/binary"

// isWAV is for WAV, and for its forms for more than 4 GiB, which give their lengths elsewhere.
func isWAV(f *file) bool {
	return f.isRIFF("WAVE", "RIFF", "RF64", "BW64")
}

const (
	maxTags    = 4       // of a file: some taggers put a new one before the old one
	maxPadding = 8 << 10 // bytes between tag and frames
)

// isMP3 wants three frames that follow each other, or as many as there are. Before them may be ID3 tags and padding, or
// the rest of a frame where the file was cut out of a longer one.
func isMP3(f *file) bool {
	offset, tagged := int64(0), false
	for range maxTags {
		size := f.id3(offset)
		if size == 0 {
			break
		}
		offset, tagged = offset+size, true
	}
	b := f.upTo(offset, maxPadding)
	for i := range b {
		if isFrames(b[i:], 3, f.size-offset-int64(i)) {
			return tagged || i == 0 || !isMarked(f.head) && isOther(f, "audio/mpeg")
		}
	}
	return false
}

// id3 is the length of the ID3 tag at an offset, 0 if there is none.
// Source: ID3 tag version 2.4.0 - Main Structure, section 3.1.
func (f *file) id3(offset int64) int64 {
	b := f.at(offset, 10)
	if b == nil || string(b[:3]) != "ID3" || b[3] == 0xFF || b[4] == 0xFF || (b[6]|b[7]|b[8]|b[9])&0x80 != 0 {
		return 0
	}
	size := 10 + int64(b[6])<<21 + int64(b[7])<<14 + int64(b[8])<<7 + int64(b[9])
	if b[5]&0x10 != 0 {
		size += 10 // a footer
	}
	return size
}

// isFrames reports whether b, of which size bytes are left in the file, begins with as many frames of one kind.
func isFrames(b []byte, count int, size int64) bool {
	var kind uint32
	for n := range count {
		if len(b) < 4 {
			return n > 0 && size < 4
		}
		header := binary.BigEndian.Uint32(b)
		length := frameLength(header)
		if length == 0 || n > 0 && header&frameKind != kind {
			return false
		}
		kind = header & frameKind
		if int64(length) > size {
			return false
		}
		b, size = b[min(length, len(b)):], size-int64(length)
	}
	return true
}

// frameKind are the bits of a frame's header that stay the same in a file: sync, version, layer and sampling rate.
const frameKind = 0xFFFE0C00

// frameLength is the length of the frame of MPEG audio, layer II or III, that has a header: 0 if it is none.
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
