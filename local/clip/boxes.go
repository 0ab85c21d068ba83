package clip

import (
	"bytes"
	"encoding/binary"
)

// Time scale of the track, in units a second: one unit is one picture.
const timescale = framesPerSecond

// identity is the transformation matrix of mvhd and tkhd.
var identity = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)

// file lays the samples out: ftyp, moov, mdat, one chunk.
func file(samples [][]byte) []byte {
	ftyp := box("ftyp", []byte("isom"), u32(512), []byte("isomiso2avc1mp41mp42"))
	// The index holds the media's offset and its own length does not depend on it.
	offset := len(ftyp) + len(moov(samples, 0)) + boxHeader
	return bytes.Join([][]byte{ftyp, moov(samples, offset), box("mdat", samples...)}, nil)
}

func moov(samples [][]byte, offset int) []byte {
	mvhd := fullBox("mvhd", 0,
		u32(0, 0, timescale, frames), // created, modified, time scale, duration
		u32(0x10000), u16(0x100, 0),  // rate 1, volume 1
		u32(0, 0), identity, make([]byte, 24),
		u32(2)) // next track
	const enabledInMovie = 3
	tkhd := fullBox("tkhd", enabledInMovie,
		u32(0, 0, 1, 0, frames), // created, modified, track, reserved, duration
		u32(0, 0, 0, 0), identity,
		u32(width<<16, height<<16))
	return box("moov", mvhd, box("trak", tkhd, mdia(samples, offset)))
}

func mdia(samples [][]byte, offset int) []byte {
	const undetermined = 0x55C4 // language "und"
	mdhd := fullBox("mdhd", 0, u32(0, 0, timescale, frames), u16(undetermined, 0))
	hdlr := fullBox("hdlr", 0, u32(0), []byte("vide"), u32(0, 0, 0), []byte("Video\x00"))
	vmhd := fullBox("vmhd", 1, u32(0, 0))
	const sameFile = 1
	dref := fullBox("dref", 0, u32(1), fullBox("url ", sameFile))
	return box("mdia", mdhd, hdlr, box("minf", vmhd, box("dinf", dref), stbl(samples, offset)))
}

func stbl(samples [][]byte, offset int) []byte {
	count := uint32(len(samples))
	sizes := make([]uint32, 0, len(samples))
	for _, sample := range samples {
		sizes = append(sizes, uint32(len(sample)))
	}
	return box("stbl",
		fullBox("stsd", 0, u32(1), avc1()),
		fullBox("stts", 0, u32(1, count, 1)),    // all last one unit
		fullBox("stss", 0, u32(1, 1)),           // the first is a point to start at
		fullBox("stsc", 0, u32(1, 1, count, 1)), // all are in one chunk
		fullBox("stsz", 0, u32(0, count), u32(sizes...)),
		fullBox("stco", 0, u32(1, uint32(offset))))
}

// avc1 is the sample entry with the decoder's configuration (ISO/IEC 14496-15, 5.3.3 and 5.4.2).
func avc1() []byte {
	s, p := sps(), pps()
	avcC := box("avcC",
		[]byte{1, profile, compatibility, level, 0xFC | lengthBytes - 1},
		[]byte{0xE0 | 1}, u16(uint16(len(s))), s,
		[]byte{1}, u16(uint16(len(p))), p)
	const resolution = 72 << 16 // dots an inch
	return box("avc1",
		make([]byte, 6), u16(1), // data reference
		make([]byte, 16),
		u16(width, height), u32(resolution, resolution, 0),
		u16(1),                            // pictures a sample
		make([]byte, 32), u16(24, 0xFFFF), // compressor name, depth, no colour table
		avcC)
}

// boxHeader is the length of a box's size and type, in bytes.
const boxHeader = 8

func box(kind string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	b := binary.BigEndian.AppendUint32(nil, uint32(boxHeader+len(body)))
	return append(append(b, kind...), body...)
}

// fullBox is a box of version 0 with flags.
func fullBox(kind string, flags uint32, parts ...[]byte) []byte {
	return box(kind, u32(flags), bytes.Join(parts, nil))
}

func u32(values ...uint32) (b []byte) {
	for _, value := range values {
		b = binary.BigEndian.AppendUint32(b, value)
	}
	return b
}

func u16(values ...uint16) (b []byte) {
	for _, value := range values {
		b = binary.BigEndian.AppendUint16(b, value)
	}
	return b
}
