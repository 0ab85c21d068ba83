package client

import (
	"encoding/base64"
	"encoding/binary"
)

// A checksum is a CRC-64/NVME, S3's CRC64NVME. Source: NVM Express NVM Command Set Specification, section 5.2.1.3.4.
type checksum uint64

// checksumHeader is where S3 tells the checksum of what it has stored.
const checksumHeader = "X-Amz-Checksum-Crc64nvme"

// String returns the checksum as S3 writes it: eight bytes, the highest first, in base64.
func (c checksum) String() string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, uint64(c)))
}

// parseChecksum reads what String returns. It reports false for any other text.
func parseChecksum(text string) (checksum, bool) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) != 8 {
		return 0, false
	}
	return checksum(binary.BigEndian.Uint64(b)), true
}

// followedBy returns the checksum of two pieces, of which c is the first's and next the second's, of length bytes.
//
// To append bytes to what is summed is to multiply its polynomial by a power of x. Source: zlib, crc32_combine.
func (c checksum) followedBy(next checksum, length int64) checksum {
	return checksum(multiply(power(length), uint64(c))) ^ next
}

const (
	// polynomial is CRC-64/NVME's without its highest term. As in a checksum, the highest bit is the coefficient of x^0.
	polynomial = 0x9a6c9329ac4bc9b5
	one        = 1 << 63
)

// multiply returns the product of two polynomials, modulo the checksum's.
func multiply(a, b uint64) uint64 {
	var product uint64
	for bit := uint64(one); bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		carry := b & 1
		b >>= 1
		if carry != 0 {
			b ^= polynomial
		}
	}
	return product
}

// power returns x to the power of 8 times a number of bytes, modulo the checksum's polynomial.
func power(bytes int64) uint64 {
	result, square := uint64(one), uint64(one>>8) // x^8
	for ; bytes > 0; bytes >>= 1 {
		if bytes&1 != 0 {
			result = multiply(result, square)
		}
		square = multiply(square, square)
	}
	return result
}
