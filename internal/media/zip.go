package media

import (
	"bytes"
	"encoding/binary"
)

const (
	zipEntry       = "PK\x03\x04"
	directoryEntry = "PK\x01\x02"
	directoryEnd   = "PK\x05\x06"
	directoryEnd64 = "PK\x06\x06"
	directoryRef64 = "PK\x06\x07"
	endLength      = 22 // without its comment
	ref64Length    = 20 // before the end, if the archive is that large
	maxDirectories = 4  // that are looked at
)

// isArchive reports whether the file begins as a ZIP: with an entry, as one that was to be split and was not, or empty.
func (f *file) isArchive() bool {
	return f.begins(zipEntry, "PK00"+zipEntry, directoryEnd)
}

// zip recognizes an archive: an entry at its beginning and the directory at its end, which may be empty. Office files
// are archives of their own kinds; programs are not told apart.
func (f *file) zip() kind {
	if f.begins(directoryEnd) {
		if f.size >= endLength && f.size == endLength+int64(binary.LittleEndian.Uint16(f.head[20:])) {
			return archive
		}
		return nil
	}
	if !f.isArchive() {
		return nil
	}
	d, ok := f.findDirectory()
	if !ok {
		return nil
	}
	f.entries = f.list(d)
	if document := f.office(); document != nil {
		return document
	}
	return archive
}

// findDirectory returns the archive's directory. Only if the end record is not where it mostly is, it is searched as far
// from the end as a comment may be long.
func (f *file) findDirectory() (directory, bool) {
	for _, length := range []int64{window, longTail} {
		for _, d := range f.directories(length) {
			if d.first {
				return d, true
			}
		}
	}
	return directory{}, false
}

// A directory is a ZIP's list of entries.
type directory struct {
	start, length int64 // bytes
	entries       int64 // how many there are, as the end record says
	end           int64 // of the archive
	moved         int64 // by how many bytes all offsets are too small
	first         bool  // whether there is an entry at start
}

// directories returns those whose end records are in the last length bytes of the file, the last first.
// Source: APPNOTE.TXT, sections 4.3.14 to 4.3.16.
func (f *file) directories(length int64) []directory {
	var found []directory
	tail := f.tail(length)
	for i := len(tail); ; {
		if i = bytes.LastIndex(tail[:i], []byte(directoryEnd)); i < 0 || len(found) == maxDirectories {
			return found
		}
		if len(tail)-i < endLength {
			continue
		}
		record := tail[i:]
		at := f.size - int64(len(record))
		end := at + endLength + int64(binary.LittleEndian.Uint16(record[20:]))
		if end > f.size {
			continue
		}
		d := f.directory(record, at)
		d.end = end
		found = append(found, d)
	}
}

// directory reads an end record at an offset. A record for large archives is there only if a field of this one is full:
// what looks like one may be part of a name.
func (f *file) directory(record []byte, at int64) directory {
	entries := int64(binary.LittleEndian.Uint16(record[10:]))
	length, start := int64(binary.LittleEndian.Uint32(record[12:])), int64(binary.LittleEndian.Uint32(record[16:]))
	isFull := entries == 1<<16-1 || length == 1<<32-1 || start == 1<<32-1
	if ref := f.at(at-ref64Length, ref64Length); isFull && bytes.HasPrefix(ref, []byte(directoryRef64)) {
		record64 := f.at(int64(binary.LittleEndian.Uint64(ref[8:])), 56)
		if !bytes.HasPrefix(record64, []byte(directoryEnd64)) {
			return directory{}
		}
		at = int64(binary.LittleEndian.Uint64(ref[8:]))
		entries = int64(binary.LittleEndian.Uint64(record64[32:]))
		length, start = int64(binary.LittleEndian.Uint64(record64[40:])), int64(binary.LittleEndian.Uint64(record64[48:]))
	}
	// What an archive is appended to moves it; macOS writes offsets above 4 GiB without their upper bits.
	for _, actual := range []int64{at - length, start} {
		if string(f.at(actual, 4)) == directoryEntry {
			return directory{start: actual, length: length, entries: entries, moved: actual - start, first: true}
		}
	}
	return directory{}
}

// A listing is what has been read of a directory.
type listing struct {
	entries []entry
	count   int64 // of all entries, as the end record says
	size    int64 // of the directory, in bytes
	isWhole bool  // whether all of the directory has been read
}

// An entry is one of a directory.
type entry struct {
	name             string
	mode             uint32 // of Unix, 0 if it was made elsewhere
	flags, method    uint16
	packed, unpacked uint64
	offset           int64 // of its header in the file
}

const (
	maxListed = 136 << 10 // bytes of a directory that are read
	listedEnd = 32 << 10  // of them at its end, if it is larger
)

// list reads a directory, or the beginning and the end of one that is large.
func (f *file) list(d directory) listing {
	length := min(max(d.length, 0), f.size-d.start)
	most := min(maxListed, f.left-maxParts)
	l := listing{count: d.entries, size: length, isWhole: length <= most}
	if l.isWhole {
		l.entries = entriesOf(f.upTo(d.start, length), d.moved)
		return l
	}
	l.entries = entriesOf(f.upTo(d.start, most-listedEnd), d.moved)
	last := f.upTo(d.start+length-listedEnd, listedEnd)
	if i := bytes.Index(last, []byte(directoryEntry)); i >= 0 {
		l.entries = append(l.entries, entriesOf(last[i:], d.moved)...)
	}
	return l
}

// entriesOf reads the entries that b begins with.
// Source: APPNOTE.TXT, section 4.3.12.
func entriesOf(b []byte, moved int64) []entry {
	const header = 46
	var entries []entry
	for len(b) >= header && bytes.HasPrefix(b, []byte(directoryEntry)) {
		name, extra := int(binary.LittleEndian.Uint16(b[28:])), int(binary.LittleEndian.Uint16(b[30:]))
		rest := b[header:]
		if name+extra > len(rest) {
			break
		}
		e := entry{
			name:     string(rest[:name]),
			flags:    binary.LittleEndian.Uint16(b[8:]),
			method:   binary.LittleEndian.Uint16(b[10:]),
			packed:   uint64(binary.LittleEndian.Uint32(b[20:])),
			unpacked: uint64(binary.LittleEndian.Uint32(b[24:])),
			offset:   int64(binary.LittleEndian.Uint32(b[42:])) + moved,
		}
		const unix, macOS = 3, 19
		if system := b[5]; system == unix || system == macOS {
			e.mode = binary.LittleEndian.Uint32(b[38:]) >> 16
		}
		e.readLarge(rest[name : name+extra])
		entries = append(entries, e)
		length := header + name + extra + int(binary.LittleEndian.Uint16(b[32:]))
		b = b[min(length, len(b)):]
	}
	return entries
}

// readLarge takes the sizes of a large entry from the extra field that has them.
// Source: APPNOTE.TXT, section 4.5.3.
func (e *entry) readLarge(extra []byte) {
	const large = 1<<32 - 1
	for len(extra) >= 4 {
		id, length := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if length > len(extra) {
			return
		}
		if field := extra[:length]; id == 1 {
			for _, size := range []*uint64{&e.unpacked, &e.packed} {
				if *size == large && len(field) >= 8 {
					*size, field = binary.LittleEndian.Uint64(field), field[8:]
				}
			}
		}
		extra = extra[length:]
	}
}
