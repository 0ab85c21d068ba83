// Package clip makes a small, real MP4 for the demo and the tests: a castle's gate that opens, 160 by 96 pixels,
// 2 seconds of H.264. It needs no encoder: every picture is raw samples in the few syntax elements around them.
package clip

// The clip's measures.
const (
	width, height   = 160, 96 // pixels; multiples of a macroblock's side
	framesPerSecond = 25
	frames          = 50
)

// MP4 is the clip: an MP4 file (ISO/IEC 14496-12 and -15) with one track of H.264 constrained baseline, its index
// before the media, so that it plays while it loads. The bytes are the same on every call.
func MP4() []byte {
	samples := make([][]byte, 0, frames)
	var previous *picture
	for number := range frames {
		current := draw(number)
		samples = append(samples, lengthPrefixed(slice(number, current, previous)))
		previous = current
	}
	return file(samples)
}
