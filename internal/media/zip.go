package media

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// isArchive reports whether the file begins as a ZIP: with an entry, as one that was to be split and was not, or empty.
func (f *file) isArchive() bool {
	return f.begins("PK\x03\x04", "PK00PK\x03\x04", directoryEnd)
}

// isZIP is for any archive: an entry at its beginning and the directory at its end, which may be empty.
func isZIP(f *file) bool {
	if f.begins(directoryEnd) {
		return f.size >= endLength && f.size == endLength+int64(binary.LittleEndian.Uint16(f.head[20:]))
	}
	if !f.isArchive() {
		return false
	}
	for _, d := range f.directories() {
		if d.first {
			return true
		}
	}
	return false
}

// isOffice is for documents whose own parts are in a folder. Writers order the entries as they like, and a large
// presentation has a directory larger than what may be read: its beginning and its end must do.
func isOffice(folder string) func(*file) bool {
	return func(f *file) bool {
		if f.begins(compoundFile) {
			return isEncrypted(f)
		}
		if !isZIP(f) {
			return false
		}
		var types, parts bool
		for _, name := range f.names() {
			switch name = strings.ToLower(name); { // as Office compares them
			case strings.HasSuffix(name, "vbaproject.bin"):
				return false
			case name == "[content_types].xml":
				types = true
			case strings.HasPrefix(name, folder):
				parts = true
			}
		}
		return types && parts
	}
}

// names are those of the archive's entries, as far as they are in the beginning and the end of its directory.
func (f *file) names() []string {
	var names []string
	for _, d := range f.directories() {
		if !d.first {
			continue
		}
		names = append(names, entries(f.upTo(d.start, min(d.length, window)))...)
		if d.length > window {
			names = append(names, entries(f.tail())...)
		}
		break
	}
	return names
}

// entries are the names in a part of a directory.
// Source: APPNOTE.TXT, section 4.3.12.
func entries(b []byte) []string {
	const header = 46
	var names []string
	for {
		i := bytes.Index(b, []byte(directoryEntry))
		if i < 0 || len(b)-i < header {
			return names
		}
		length := int(binary.LittleEndian.Uint16(b[i+28:]))
		b = b[i+header:]
		if length > len(b) {
			return names
		}
		names = append(names, string(b[:length]))
		b = b[length:]
	}
}

// compoundFile is how a compound file begins, in which Office puts a document that is protected by a password.
const compoundFile = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// isEncrypted reports whether a compound file holds an encrypted document and none of the formats before 2007.
// Source: [MS-OFFCRYPTO], section 1.3.3, and [MS-CFB], section 2.2.
func isEncrypted(f *file) bool {
	if len(f.head) < 512 {
		return false
	}
	shift := binary.LittleEndian.Uint16(f.head[30:])
	if shift != 9 && shift != 12 {
		return false
	}
	const directory = 2 << 10 // bytes of it, in sectors which mostly follow each other: 16 names
	sector := int64(1) << shift
	names := f.upTo((int64(binary.LittleEndian.Uint32(f.head[48:]))+1)*sector, directory)
	for _, other := range []string{"WordDocument", "Workbook", "PowerPoint Document"} {
		if bytes.Contains(names, utf16Of(other)) {
			return false
		}
	}
	return bytes.Contains(names, utf16Of("EncryptedPackage"))
}

// utf16Of is ASCII in UTF-16, the low byte first.
func utf16Of(s string) []byte {
	return []byte(strings.Join(strings.Split(s, ""), "\x00") + "\x00")
}
