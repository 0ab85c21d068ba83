package clip_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/local/clip"
)

// A box is one box of a file: its type, its body and where the body starts in the file.
type box struct {
	kind   string
	body   []byte
	offset int
}

// boxes splits bytes that start at an offset of the file into boxes.
func boxes(t *testing.T, b []byte, offset int) []box {
	t.Helper()
	var found []box
	for len(b) > 0 {
		if len(b) < 8 {
			t.Fatalf("%d bytes left at offset %d, too few for a box", len(b), offset)
		}
		size := int(binary.BigEndian.Uint32(b))
		if size < 8 || size > len(b) {
			t.Fatalf("box %q at offset %d has size %d, %d bytes are left", b[4:8], offset, size, len(b))
		}
		found = append(found, box{string(b[4:8]), b[8:size], offset + 8})
		b, offset = b[size:], offset+size
	}
	return found
}

// find descends from a file along a path of box types.
func find(t *testing.T, file []byte, path ...string) box {
	t.Helper()
	b := box{body: file}
	for _, kind := range path {
		var next *box
		for _, child := range boxes(t, b.body, b.offset) {
			if child.kind == kind {
				next = &child
			}
		}
		if next == nil {
			t.Fatalf("no box %q of %v", kind, path)
		}
		b = *next
	}
	return b
}

// table reads the 32-bit values of a box of the sample table, after version and flags.
func table(t *testing.T, file []byte, kind string) []int {
	t.Helper()
	body := find(t, file, "moov", "trak", "mdia", "minf", "stbl", kind).body
	var values []int
	for i := 4; i < len(body); i += 4 {
		values = append(values, int(binary.BigEndian.Uint32(body[i:])))
	}
	return values
}

// samples cuts the media where chunk offset and sample sizes say.
func samples(t *testing.T, file []byte) [][]byte {
	t.Helper()
	at := table(t, file, "stco")[1]
	var found [][]byte
	for _, size := range table(t, file, "stsz")[2:] {
		found = append(found, file[at:at+size])
		at += size
	}
	return found
}

func TestLayout(t *testing.T) {
	file := clip.MP4()
	var kinds []string
	for _, b := range boxes(t, file, 0) {
		kinds = append(kinds, b.kind)
	}
	if diff := cmp.Diff(kinds, []string{"ftyp", "moov", "mdat"}); diff != "" {
		t.Errorf("top-level boxes (-got +want):\n%s", diff)
	}
	if got, want := string(find(t, file, "ftyp").body[:4]), "isom"; got != want {
		t.Errorf("major brand %q, want %q", got, want)
	}
	if got, limit := len(file), 512<<10; got > limit {
		t.Errorf("%d bytes, want at most %d", got, limit)
	}
	if !bytes.Equal(clip.MP4(), file) {
		t.Error("a second call gives other bytes")
	}
}

func TestSampleTable(t *testing.T) {
	file := clip.MP4()
	mdat := find(t, file, "mdat")
	sizes := table(t, file, "stsz")[2:]
	total := 0
	for _, size := range sizes {
		total += size
	}
	if total != len(mdat.body) {
		t.Errorf("samples are %d bytes, the media %d", total, len(mdat.body))
	}
	for _, tt := range []struct {
		kind string
		want []int
	}{
		{"stco", []int{1, mdat.offset}},
		{"stsc", []int{1, 1, len(sizes), 1}},
		{"stts", []int{1, len(sizes), 1}},
		{"stss", []int{1, 1}},
	} {
		if diff := cmp.Diff(table(t, file, tt.kind), tt.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", tt.kind, diff)
		}
	}
	mdhd := find(t, file, "moov", "trak", "mdia", "mdhd").body
	scale, duration := binary.BigEndian.Uint32(mdhd[12:]), binary.BigEndian.Uint32(mdhd[16:])
	if int(duration) != len(sizes) || duration != 2*scale {
		t.Errorf("%d units of 1/%d s for %d pictures, want 2 s", duration, scale, len(sizes))
	}
}

// TestNALUnits holds that each sample is one NAL unit, only the first an IDR picture, and that none needs emulation
// prevention: no 0x000000 to 0x000003 inside.
func TestNALUnits(t *testing.T) {
	for i, sample := range samples(t, clip.MP4()) {
		length, nal := int(binary.BigEndian.Uint32(sample)), sample[4:]
		if length != len(nal) {
			t.Errorf("picture %d: NAL unit of %d bytes in a sample of %d", i, length, len(sample))
		}
		want := byte(1)
		if i == 0 {
			want = 5
		}
		if got := nal[0] & 0x1F; got != want {
			t.Errorf("picture %d: NAL unit type %d, want %d", i, got, want)
		}
		for code := range byte(4) {
			if at := bytes.Index(nal, []byte{0, 0, code}); at >= 0 {
				t.Errorf("picture %d: start code emulation at %d", i, at)
			}
		}
	}
}

// TestMoves holds that the clip is a moving picture: most pictures carry new macroblocks, fewer than the first.
func TestMoves(t *testing.T) {
	all := samples(t, clip.MP4())
	moving := 0
	for _, sample := range all[1:] {
		if len(sample) >= len(all[0]) {
			t.Errorf("a P picture of %d bytes, the first is %d", len(sample), len(all[0]))
		}
		if len(sample) > 384 {
			moving++
		}
	}
	if moving < len(all)/2 {
		t.Errorf("%d of %d pictures move", moving, len(all))
	}
}
