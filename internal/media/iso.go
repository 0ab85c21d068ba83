package media

import (
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
	imageBrands     = append([]string{"mif1", "mif2", "msf1", "miaf", "avif", "avis", "avci", "avcs", "jpeg", "jpgs", "crx ", "jp2 ", "jpx ", "jpm "}, heicBrands...)
)

func isMP4(f *file) bool {
	brands := f.brands()
	return brands != nil && !contains(brands[:1], quickTimeBrands, audioBrands, imageBrands) && f.hasIndex("moov")
}

func isM4A(f *file) bool {
	brands := f.brands()
	return brands != nil && !contains(brands[:1], quickTimeBrands, videoBrands, imageBrands) && f.hasIndex("moov")
}

func isMOV(f *file) bool {
	if brands := f.brands(); brands != nil {
		return contains(brands, quickTimeBrands) && !contains(brands[:1], imageBrands) && f.hasIndex("moov")
	}
	if len(f.head) < 8 {
		return false
	}
	// Before there were brands.
	atoms := []string{"moov", "mdat", "wide", "free", "skip", "pnot"}
	return slices.Contains(atoms, string(f.head[4:8])) && f.hasIndex("moov")
}

func isHEIC(f *file) bool {
	brands := f.brands()
	return brands != nil && contains(brands, heicBrands) && contains(brands[:1], imageBrands) && f.hasIndex("meta")
}

func contains(brands []string, sets ...[]string) bool {
	for _, set := range sets {
		if slices.ContainsFunc(brands, func(brand string) bool { return slices.Contains(set, brand) }) {
			return true
		}
	}
	return false
}

// brands are the major and the compatible brands, nil if the file does not begin with them.
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
)

// hasIndex reports whether the file has the box that players begin with, and the boxes up to it and the first media
// data, which may come after it, are inside the file. What cameras append to it need not be boxes.
func (f *file) hasIndex(index string) bool {
	var offset, far int64
	indexed, data := false, false
	for range maxBoxes {
		if (indexed && data) || offset == f.size || far == maxFarBoxes {
			break
		}
		kind, size := f.box(offset)
		if kind == "" {
			break
		}
		if size > f.size-offset {
			return false
		}
		indexed, data = indexed || kind == index, data || kind == "mdat"
		if offset += size; offset > int64(len(f.head)) {
			far++
		}
	}
	return indexed
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
	if size < 8 {
		return "", 0
	}
	return string(b[4:8]), size
}
