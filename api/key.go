package api

import "strings"

// Lengths of the parts of a key.
const (
	idHexLength = 32 // hex of a UUID's 16 bytes
	maxFolder   = 32

	// OwnerLength is that of an owner: hexadecimal digits of 10 bytes.
	OwnerLength = 20
	// MaxExtension is the longest extension of a format, in bytes.
	MaxExtension = 8
)

// IsOwner reports whether s has the form of an owner: 20 lower-case hexadecimal digits (BLAKE2b-80).
func IsOwner(s string) bool {
	return len(s) == OwnerLength && isHex(s)
}

// IsID reports whether s has the form of an upload id: 32 lower-case hexadecimal digits (a UUID without its dashes),
// a dot and an extension.
func IsID(s string) bool {
	return len(s) > idHexLength+1 && isHex(s[:idHexLength]) && s[idHexLength] == '.' && IsExtension(s[idHexLength+1:])
}

// IsExtension reports whether s can be an extension in an id: 1 to MaxExtension lower-case letters and digits.
func IsExtension(s string) bool {
	if s == "" || len(s) > MaxExtension {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Extension returns the extension of a well-formed upload id, without the dot.
func Extension(id string) string { return id[idHexLength+1:] }

// ParseKey is the owner and the id that an object key names: <folder>/<owner>/<id>. It reports false for a key of
// another form, and for one whose folder is not a folder's name. Whether the table has the folder is not asked: a key
// outlives its row.
func ParseKey(key string) (owner, id string, ok bool) {
	folder, rest, _ := strings.Cut(key, "/")
	owner, id, _ = strings.Cut(rest, "/")
	if !IsFolder(folder) || !IsOwner(owner) || !IsID(id) {
		return "", "", false
	}
	return owner, id, true
}

// IsFolder reports whether s can be the name of a folder: 1 to 32 lower-case letters, digits and dashes.
func IsFolder(s string) bool {
	if s == "" || len(s) > maxFolder {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
