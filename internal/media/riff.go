package media

import (
	"bytes"
	"encoding/binary"
)

const (
	maxChunks = 64 // of a RIFF, that are looked at
	// maxOvershoot is by how many bytes a chunk may end after the file: some writers count its header, or filling.
	maxOvershoot = 64
)

// riff recognizes WebP, and WAV with its forms for more than 4 GiB and for big-endian machines.
// Source: Multimedia Programming Interface and Data Specifications 1.0, "RIFF"; EBU Tech 3306; RFC 9649, section 2.3.
func (f *file) riff() kind {
	if !f.begins("RIFF", "RIFX", "RF64", "BW64") || len(f.head) < 20 || string(f.head[4:6]) == "/*" {
		return nil // a length that begins a comment of a script is odd, which hardly any is
	}
	var order binary.ByteOrder = binary.LittleEndian
	if f.begins("RIFX") {
		order = binary.BigEndian
	}
	length := int64(order.Uint32(f.head[4:]))
	// The length may be off by a little. What was written into a pipe has none.
	const slack = 64 << 10
	if length > f.size+slack && !isUnknown(length) {
		return nil
	}
	chunks, end := f.chunks(order)
	f.closed = f.endsAt(end)
	switch form := string(f.head[8:12]); {
	case form == "WAVE" && chunks["fmt "] >= 14 && chunks["data"] >= 0:
		return wav
	case form == "WEBP" && f.begins("RIFF") && f.isWebP(chunks):
		return webp
	}
	return nil
}

// isUnknown reports whether a length stands for an unknown one, as encoders use them that write into a pipe: nearly the
// largest number, with or without a sign.
func isUnknown(length int64) bool {
	return length >= 1<<32-1<<8 || length >= 1<<31-1<<16 && length < 1<<31+1<<16
}

// chunks returns the sizes of the whole chunks that follow each other from the beginning, and where the last one ends:
// -1 if that is unknown. Without a data chunk, its size is -1.
func (f *file) chunks(order binary.ByteOrder) (found map[string]int64, end int64) {
	found = map[string]int64{"data": -1}
	offset := int64(12)
	for range maxChunks {
		b := f.at(offset, 8)
		if b == nil || !isASCII(b[:4]) {
			break
		}
		name, size := string(b[:4]), int64(order.Uint32(b[4:]))
		left := f.size - offset - 8
		switch {
		case name == "data" && (isUnknown(size) || size == 0):
			found[name] = left
			return found, -1
		case size > left+maxOvershoot:
			return found, -1
		}
		if _, ok := found[name]; !ok || found[name] < 0 {
			found[name] = min(size, left)
		}
		offset = min(offset+8+size+size&1, f.size)
	}
	return found, offset
}

// isWebP reports whether the first chunk is one that a WebP begins with, and notes the size of the picture.
func (f *file) isWebP(chunks map[string]int64) bool {
	first := string(f.head[12:16])
	b := f.upTo(20, 10)
	if chunks[first] < 10 || len(b) < 10 {
		return false
	}
	switch first {
	case "VP8X":
		width, height := 1+uint24(b[4:]), 1+uint24(b[7:])
		f.pixels = width * height
		return chunks["VP8 "] > 0 || chunks["VP8L"] > 0 || chunks["ANMF"] > 0
	case "VP8 ":
		f.pixels = int64(binary.LittleEndian.Uint16(b[6:])&0x3FFF) * int64(binary.LittleEndian.Uint16(b[8:])&0x3FFF)
		return bytes.Equal(b[3:6], []byte{0x9D, 0x01, 0x2A})
	case "VP8L":
		bits := binary.LittleEndian.Uint32(b[1:])
		f.pixels = int64(1+bits&0x3FFF) * int64(1+bits>>14&0x3FFF)
		return b[0] == 0x2F
	}
	return false
}

func uint24(b []byte) int64 { return int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 }
