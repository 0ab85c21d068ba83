package media

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// compoundFile is how a compound file begins, in which Office puts a document that is protected by a password.
const compoundFile = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// compound recognizes a protected document of Office: a compound file with an encrypted package and how it is encrypted, and with none of the
// formats before 2007, which may hold macros. Only a text may stand there that tells old programs to give up.
// Source: [MS-OFFCRYPTO], section 1.3.3, and [MS-CFB], sections 2.2 to 2.6.
func (f *file) compound() kind {
	const largestNotice = 8 << 10 // bytes
	names, ok := f.compoundNames()
	if !ok {
		return nil
	}
	for name, size := range names {
		switch {
		case strings.Contains(name, "vba"), name == "macros", name == "workbook", name == "book", name == "powerpoint document",
			name == "worddocument" && size > largestNotice:
			return nil
		}
	}
	_, isRestricted := names["\x06dataspaces"] // to people, without a password
	if names["encryptedpackage"] <= 8 || names["encryptioninfo"] <= 4 && !isRestricted {
		return nil
	}
	return encrypted
}

const (
	compoundHeader = 512 // bytes
	maxSectors     = 64  // of a compound file's directory
	maxSector      = 0xFFFFFFFA
)

// compoundNames returns the sizes of what is in a compound file, by names in lower case. It reports false if the
// directory is damaged or too large.
func (f *file) compoundNames() (map[string]int64, bool) {
	if !f.begins(compoundFile) || len(f.head) < compoundHeader {
		return nil, false
	}
	shift := binary.LittleEndian.Uint16(f.head[30:])
	if shift != 9 && shift != 12 {
		return nil, false
	}
	names, size := map[string]int64{}, int64(1)<<shift
	sector := binary.LittleEndian.Uint32(f.head[48:])
	for range maxSectors {
		if sector > maxSector {
			return names, len(names) > 0
		}
		b := f.at((int64(sector)+1)*size, size)
		if b == nil {
			return nil, false
		}
		readNames(b, names)
		if sector = f.nextSector(sector, size); sector == 0 {
			return nil, false
		}
	}
	return nil, false
}

// readNames adds what a sector of the directory tells.
func readNames(b []byte, names map[string]int64) {
	const length = 128
	for ; len(b) >= length; b = b[length:] {
		named := int(binary.LittleEndian.Uint16(b[64:]))
		if b[66] == 0 || named < 2 || named > 64 {
			continue
		}
		units := make([]uint16, named/2-1)
		for i := range units {
			units[i] = binary.LittleEndian.Uint16(b[2*i:])
		}
		names[strings.ToLower(string(utf16.Decode(units)))] = int64(binary.LittleEndian.Uint32(b[120:]))
	}
}

// nextSector returns the sector that follows one of a chain, more than maxSector behind the last, 0 if it is not known.
func (f *file) nextSector(sector uint32, size int64) uint32 {
	const inHeader = 109 // sectors of the table that the header names; the others are named in sectors of their own
	perSector := uint32(size / 4)
	table := sector / perSector
	place := int64(76 + 4*table)
	if table >= inHeader {
		table -= inHeader
		list := binary.LittleEndian.Uint32(f.head[68:])
		for ; table >= perSector-1; table -= perSector - 1 {
			if list = f.uint32((int64(list)+1)*size + size - 4); list == 0 || list > maxSector {
				return 0
			}
		}
		place = (int64(list)+1)*size + 4*int64(table)
	}
	at := f.uint32(place)
	if at > maxSector {
		return 0
	}
	return f.uint32((int64(at)+1)*size + 4*int64(sector%perSector))
}

// uint32 reads a number of a compound file, 0 if it is not inside the file.
func (f *file) uint32(offset int64) uint32 {
	b := f.at(offset, 4)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}
