package media

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Brands of the ISO base media file format's ftyp box that tell files of one kind from another.
// Source: https://mp4ra.org/registered-types/brands
var (
	quickTimeBrands = []string{"qt  "}
	audioBrands     = []string{"M4A ", "M4B ", "M4P "}
	videoBrands     = []string{"M4V ", "M4VH", "M4VP"}
	heicBrands      = []string{"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"}
	avifBrands      = []string{"avif", "avis"}
	heifBrands      = []string{"mif1", "mif2", "mif3", "msf1", "miaf", "1pic"} // of pictures in any coding
	otherBrands     = []string{"avci", "avcs", "jpeg", "jpgs", "crx ", "jp2 ", "jpx ", "jpm "}
)

// iso recognizes recordings and pictures in boxes. Phones and encoders write video and sound under each other's brands,
// so that a general brand may be either.
func (f *file) iso() kind {
	brands := f.brands()
	if brands == nil {
		return f.oldQuickTime()
	}
	found := kindOf(brands)
	switch {
	case found == nil:
		return nil
	case found[0] == heic[0] || found[0] == avif[0]:
		index := f.walkBoxes("meta", "moov")
		if index < 0 {
			return nil
		}
		const properties = 8 << 10 // bytes that they are in, mostly
		f.pixels = imageSize(f.upTo(index, min(max(properties, int64(len(f.head))-index), window)))
	case f.walkBoxes("moov") < 0:
		return nil
	}
	return found
}

// kindOf decides by the brands, of which the first is the major one.
func kindOf(brands []string) kind {
	major := brands[:1]
	switch {
	case contains(major, avifBrands):
		return avif
	case contains(major, heicBrands):
		return heic
	case contains(major, heifBrands):
		if contains(brands, avifBrands) && !contains(brands, heicBrands) {
			return avif
		}
		return heic
	case contains(major, otherBrands):
		return nil
	case contains(major, quickTimeBrands):
		return quickTime
	case contains(major, audioBrands):
		return m4a
	case contains(major, videoBrands):
		return m4v
	case contains(brands, quickTimeBrands):
		return hybrid
	}
	return mp4
}

// oldQuickTime recognizes a file from before there were brands.
// Source: QuickTime File Format Specification, "Overview of the file format".
func (f *file) oldQuickTime() kind {
	if len(f.head) < 8 {
		return nil
	}
	atoms := []string{"moov", "mdat", "wide", "free", "skip", "pnot"}
	if !slices.Contains(atoms, string(f.head[4:8])) || f.walkBoxes("moov") < 0 {
		return nil
	}
	return quickTime
}

func contains(brands, set []string) bool {
	return slices.ContainsFunc(brands, func(brand string) bool { return slices.Contains(set, brand) })
}

// brands returns the major and the compatible brands, or nil if the file does not begin with them.
// Source: ISO/IEC 14496-12, section 4.3.
func (f *file) brands() []string {
	if len(f.head) < 16 || string(f.head[4:8]) != "ftyp" {
		return nil
	}
	size := int64(binary.BigEndian.Uint32(f.head))
	if size < 16 || size > int64(len(f.head)) {
		return nil
	}
	brands := []string{string(f.head[8:12])}
	for i := int64(16); i+4 <= size; i += 4 {
		brands = append(brands, string(f.head[i:i+4]))
	}
	return brands
}

const (
	maxBoxes    = 64 // that are looked at
	maxFarBoxes = 16 // of them, outside of the file's beginning: each is a request
	maxMissing  = 64 // of how many bytes of media data one may be missing at their end: players do not notice
)

// walkBoxes returns the offset of the first box with one of the names, which readers begin with. It is -1 if there is
// none, or if a box up to it and up to the first media data ends after the file. What cameras append need not be boxes.
func (f *file) walkBoxes(names ...string) (index int64) {
	index = -1
	offset, data, last := int64(0), false, ""
	for boxes, far := 0, 0; boxes < maxBoxes && far < maxFarBoxes; boxes++ {
		kind, size := f.box(offset)
		if kind == "" {
			break
		}
		if left := f.size - offset; size > left {
			switch {
			case index >= 0 && data:
				return index
			case kind != "mdat" || size-left > size/maxMissing:
				return -1
			}
			size = left
		}
		if index < 0 && slices.Contains(names, kind) {
			index = offset
		}
		data, last = data || kind == "mdat", kind
		if offset += size; offset > int64(len(f.head)) {
			far++
		}
	}
	fillers := []string{"free", "skip", "uuid", "wide"} // may hold anything
	f.closed = !slices.Contains(fillers, last) && f.endsAt(offset)
	return index
}

// box reads the type and the size of a box, with its header. The type is empty if it is none.
// Source: ISO/IEC 14496-12, section 4.2.
func (f *file) box(offset int64) (kind string, size int64) {
	b := f.at(offset, 8)
	if b == nil {
		return "", 0
	}
	for _, c := range b[4:8] {
		if (c < ' ' || c > '~') && c != 0xA9 { // ©
			return "", 0
		}
	}
	switch size = int64(binary.BigEndian.Uint32(b)); size {
	case 0: // to the end
		size = f.size - offset
	case 1:
		long := f.at(offset, 16)
		if long == nil {
			return "", 0
		}
		size = int64(binary.BigEndian.Uint64(long[8:]))
	}
	switch kind = string(b[4:8]); {
	case size >= 8:
		return kind, size
	case kind == "free": // whose length some writers count without its header
		return kind, 8
	}
	return "", 0
}

// imageSize returns the size of the largest picture that the properties in an index tell of.
// Source: ISO/IEC 23008-12, section 6.5.3.
func imageSize(index []byte) (pixels int64) {
	const property = "\x00\x00\x00\x14ispe\x00\x00\x00\x00"
	for {
		i := bytes.Index(index, []byte(property))
		if i < 0 || len(index) < i+20 {
			return pixels
		}
		width, height := binary.BigEndian.Uint32(index[i+12:]), binary.BigEndian.Uint32(index[i+16:])
		pixels = max(pixels, int64(min(width, 1<<31-1))*int64(min(height, 1<<31-1)))
		index = index[i+20:]
	}
}
