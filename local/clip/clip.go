// Package clip holds a small, real MP4 for the demo, the benchmarks and the tests.
package clip

import (
	"bytes"
	_ "embed"
)

// The gate of a castle opens: 320 by 192 pixels, 2 seconds of H.264, its index before the media.
//
//go:embed clip.mp4
var mp4 []byte

// MP4 returns a copy of the clip. The bytes are the same on every call.
func MP4() []byte { return bytes.Clone(mp4) }
