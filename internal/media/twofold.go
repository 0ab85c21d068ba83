package media

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// sniffed is how much of a file readers search for signs of what they would like it to be, in bytes: PDF readers take
// a header from anywhere in it.
const sniffed = 1 << 10

// isTwofold reports whether the file is of a second kind besides the type that it has. What an archive holds is not
// looked at: its first entry may be any file.
func (f *file) isTwofold(contentType string) bool {
	start := f.head[:min(len(f.head), sniffed)]
	kind, _, _ := strings.Cut(contentType, "/")
	_, signed := rules[contentType]
	switch {
	case f.isArchive():
		return false
	case contentType == "application/pdf":
		return hasMarkup(start) || f.endsInZIP(false)
	case signed && (kind == "image" || kind == "audio"):
		// They begin with their signatures, and no browser looks any further: titles and comments may hold markup. But a
		// server runs PHP wherever it is.
		return bytes.Contains(bytes.ToLower(start), []byte("<?php")) || bytes.Contains(start, []byte("%PDF-")) || f.endsInZIP(true)
	case kind == "image" || kind == "audio" || kind == "video":
		return hasMarkup(start) || bytes.Contains(start, []byte("%PDF-")) || f.endsInZIP(true)
	}
	return f.endsInZIP(false)
}

// hasMarkup reports whether there is markup that a browser, or a server, may run.
func hasMarkup(b []byte) bool {
	lower := bytes.ToLower(b)
	for _, sign := range []string{"<script", "<html", "<!doctype html", "<iframe", "<body", "<svg", "<?php"} {
		if bytes.Contains(lower, []byte(sign)) {
			return true
		}
	}
	return false
}

// endsInZIP reports whether archivers find a directory at the file's end, as they do whatever is before it and some of
// them even if a little follows. A document may hold a ZIP, so there it must reach to the end itself. A ZIP's comment
// may be longer than what is searched here.
func (f *file) endsInZIP(anything bool) bool {
	const smallestTrailer = 64 // bytes of what follows in a document
	directories := f.directories()
	for _, d := range directories {
		if d.first && (anything || f.size-d.end < smallestTrailer) {
			return true
		}
	}
	return anything && len(directories) == maxDirectories // put there to be in the way
}

// A directory is a ZIP's list of entries.
type directory struct {
	start, length int64 // bytes
	end           int64 // of the archive
	first         bool  // whether there is an entry at start
}

const (
	directoryEntry = "PK\x01\x02"
	directoryEnd   = "PK\x05\x06"
	directoryEnd64 = "PK\x06\x06"
	directoryRef64 = "PK\x06\x07"
	endLength      = 22 // without its comment
	ref64Length    = 20 // before the end, if the archive is that large
	maxDirectories = 4  // that are looked at
)

// directories are those whose end records are in the file's tail, the last first.
// Source: APPNOTE.TXT, sections 4.3.14 to 4.3.16.
func (f *file) directories() []directory {
	var found []directory
	tail := f.tail()
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

// directory reads an end record at an offset.
func (f *file) directory(record []byte, at int64) directory {
	length, start := int64(binary.LittleEndian.Uint32(record[12:])), int64(binary.LittleEndian.Uint32(record[16:]))
	if ref := f.at(at-ref64Length, ref64Length); bytes.HasPrefix(ref, []byte(directoryRef64)) {
		record64 := f.at(int64(binary.LittleEndian.Uint64(ref[8:])), 56)
		if !bytes.HasPrefix(record64, []byte(directoryEnd64)) {
			return directory{}
		}
		at = int64(binary.LittleEndian.Uint64(ref[8:]))
		length, start = int64(binary.LittleEndian.Uint64(record64[40:])), int64(binary.LittleEndian.Uint64(record64[48:]))
	}
	// What an archive is appended to moves it; macOS writes offsets above 4 GiB without their upper bits.
	for _, start := range []int64{at - length, start} {
		if string(f.at(start, 4)) == directoryEntry {
			return directory{start: start, length: length, first: true}
		}
	}
	return directory{start: start, length: length}
}
