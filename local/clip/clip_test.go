package clip_test

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/local/clip"
)

// TestClipPlaysWhileItLoads checks that the clip is small, with its index before the media.
func TestClipPlaysWhileItLoads(t *testing.T) {
	file := clip.MP4()
	if got, limit := len(file), 20_000; got > limit {
		t.Errorf("%d bytes, want at most %d", got, limit)
	}
	var boxes []string
	for rest := file; len(rest) > 0; {
		if len(rest) < 8 {
			t.Fatalf("%d bytes are left, too few for a box", len(rest))
		}
		size := int(binary.BigEndian.Uint32(rest))
		if size < 8 || size > len(rest) {
			t.Fatalf("box %q has size %d, %d bytes are left", rest[4:8], size, len(rest))
		}
		boxes = append(boxes, string(rest[4:8]))
		rest = rest[size:]
	}
	if diff := cmp.Diff(boxes, []string{"ftyp", "moov", "free", "mdat"}); diff != "" {
		t.Errorf("boxes (-got +want):\n%s", diff)
	}
}

// TestCallersShareNothing changes what one call returned.
func TestCallersShareNothing(t *testing.T) {
	clip.MP4()[0]++
	if clip.MP4()[0] != 0 {
		t.Error("the next call returns the change")
	}
}
