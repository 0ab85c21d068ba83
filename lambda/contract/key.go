package contract

// Lengths of the parts of a key.
const (
	ownerLength = 20 // hex of 10 bytes
	idHexLength = 32 // hex of a UUID's 16 bytes

	// MaxExtension is the longest extension of a format, in bytes.
	MaxExtension = 8
)

// IsOwner reports whether s has the form of an owner: 20 lower-case hexadecimal digits (BLAKE2b-80).
func IsOwner(s string) bool {
	return len(s) == ownerLength && isHex(s)
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
