package clip

import "bytes"

// Sides of a macroblock in luma and chroma samples.
const (
	lumaSide   = 16
	chromaSide = lumaSide / 2
)

const columns, rows = width / lumaSide, height / lumaSide

// A macroblock is the samples of a square of 16 by 16 pixels, as I_PCM carries them: 256 luma, 64 Cb, 64 Cr.
type macroblock [lumaSide*lumaSide + 2*chromaSide*chromaSide]byte

// A picture is its macroblocks, row by row.
type picture [columns * rows]macroblock

// A colour is Y, Cb, Cr in the limited range. Baseline forbids the value 0 in raw samples.
type colour struct{ y, cb, cr byte }

var (
	stone  = colour{104, 126, 132}
	mortar = colour{72, 126, 130}
	iron   = colour{40, 128, 128}
	sky    = colour{190, 150, 110}
	sun    = colour{215, 60, 150}
	meadow = colour{120, 90, 105}
)

// draw paints the picture of one point in time.
func draw(number int) *picture {
	var p picture
	for i := range p {
		left, top := i%columns*lumaSide, i/columns*lumaSide
		p[i] = drawMacroblock(left, top, raised(number))
	}
	return &p
}

func drawMacroblock(left, top, raised int) (m macroblock) {
	cb := m[lumaSide*lumaSide:]
	cr := cb[chromaSide*chromaSide:]
	for y := range lumaSide {
		for x := range lumaSide {
			c := colourAt(left+x, top+y, raised)
			m[y*lumaSide+x] = c.y
			chroma := y/2*chromaSide + x/2
			cb[chroma], cr[chroma] = c.cb, c.cr
		}
	}
	return m
}

// raised is how many pixels the gate has moved up: it rests for a moment, then opens.
func raised(number int) int {
	return min(max(0, 2*(number-8)), 64)
}

func colourAt(x, y, raised int) colour {
	switch {
	case !inArch(x, y):
		return wall(x, y)
	case isBar(x, y+raised):
		return iron
	default:
		return landscape(x, y)
	}
}

// inArch reports whether a pixel lies in the gateway: a half circle of radius 28 on top of a rectangle.
func inArch(x, y int) bool {
	dx, dy := x-width/2, max(0, 48-y)
	return dx*dx+dy*dy < 28*28
}

// isBar reports whether a pixel of the gate, which ends 4 pixels above the ground, is iron: bars and crossbeams.
func isBar(x, y int) bool {
	return y < height-4 && ((x+6)%12 < 4 || y < height-10 && y%16 < 4)
}

func wall(x, y int) colour {
	shift := y / 12 % 2 * 10
	if y%12 == 0 || (x+shift)%20 == 0 {
		return mortar
	}
	return stone
}

func landscape(x, y int) colour {
	dx, dy := x-92, y-44
	switch {
	case y > 76:
		return meadow
	case dx*dx+dy*dy < 64:
		return sun
	default:
		return sky
	}
}

// unchanged reports whether the macroblock i is the same in both pictures; previous may be nil.
func unchanged(i int, current, previous *picture) bool {
	return previous != nil && bytes.Equal(current[i][:], previous[i][:])
}
