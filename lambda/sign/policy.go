package sign

import (
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// expirationLayout is the time layout of a policy's expiration, which is in UTC.
const expirationLayout = "2006-01-02T15:04:05.000Z"

// A policy is the JSON of a POST policy while it is being written, or a part of it: conditions, each with a comma
// before it.
type policy []byte

// openPolicy appends to b the start of a policy that ends at expires, up to and with the first conditions.
func openPolicy(b []byte, expires time.Time, conditions policy) policy {
	b = append(b, `{"expiration":"`...)
	b = expires.UTC().AppendFormat(b, expirationLayout)
	b = append(b, `","conditions":[`...)
	return append(b, conditions[len(","):]...)
}

// equal appends the condition that a field has exactly this value.
func (p policy) equal(field, value string) policy {
	p = append(p, `,{`...)
	p = appendJSONString(p, field)
	p = append(p, ':')
	p = appendJSONString(p, value)
	return append(p, '}')
}

// sizeRange appends the condition that the file has min to max bytes.
func (p policy) sizeRange(min, max int64) policy {
	p = append(p, `,["content-length-range",`...)
	p = strconv.AppendInt(p, min, 10)
	p = append(p, ',')
	p = strconv.AppendInt(p, max, 10)
	return append(p, ']')
}

// close completes the policy.
func (p policy) close() policy {
	return append(p, `]}`...)
}

// appendJSONString appends s as a JSON string of printable ASCII characters alone. S3's documentation wants every other
// character escaped, which encoding/json does not do (sigv4-HTTPPOSTConstructPolicy.html, "Character Escaping").
func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	for s != "" {
		if n := plainPrefix(s); n > 0 {
			b, s = append(b, s[:n]...), s[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		b, s = appendEscaped(b, r), s[n:]
	}
	return append(b, '"')
}

// plainPrefix is how many bytes at the start of s stand for themselves in JSON.
func plainPrefix(s string) int {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return i
		}
	}
	return len(s)
}

func appendEscaped(b []byte, r rune) []byte {
	if r == '"' || r == '\\' {
		return append(b, '\\', byte(r))
	}
	if utf16.RuneLen(r) == 2 {
		high, low := utf16.EncodeRune(r)
		return appendUnit(appendUnit(b, high), low)
	}
	return appendUnit(b, r)
}

// appendUnit appends the JSON escape of a UTF-16 code unit.
func appendUnit(b []byte, unit rune) []byte {
	const hexDigits = "0123456789abcdef"
	return append(b, '\\', 'u', hexDigits[unit>>12&0xf], hexDigits[unit>>8&0xf], hexDigits[unit>>4&0xf], hexDigits[unit&0xf])
}
