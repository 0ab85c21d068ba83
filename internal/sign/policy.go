package sign

import (
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// A policy is the JSON of a POST policy, or a part of it, while it is being written. S3 takes members and conditions in any
// order. What all policies of a day have in common comes first, so that it is encoded once.
type policy []byte

// openPolicy starts a policy.
func openPolicy() policy { return policy(`{"conditions":[`) }

// equal appends the condition that a field has exactly this value. Another condition has to follow.
func (p policy) equal(field, value string) policy {
	p = append(p, '{')
	p = appendJSONString(p, field)
	p = append(p, ':')
	p = appendJSONString(p, value)
	return append(p, `},`...)
}

// pad appends spaces, so that the base64 of what follows can be appended to that of the policy up to here.
func (p policy) pad() policy {
	for len(p)%3 != 0 {
		p = append(p, ' ')
	}
	return p
}

// close appends the last condition, that the file has min to max bytes, and the time when the policy expires.
func (p policy) close(min, max int64, expires time.Time) policy {
	p = append(p, `["content-length-range",`...)
	p = strconv.AppendInt(p, min, 10)
	p = append(p, ',')
	p = strconv.AppendInt(p, max, 10)
	p = append(p, `]],"expiration":"`...)
	p = appendMilliseconds(p, expires.UTC())
	return append(p, `"}`...)
}

// appendMilliseconds appends a time in UTC in a policy's format, 2006-01-02T15:04:05.000Z. Package time is fast only with
// the layouts of RFC 3339, which have no fraction of fixed length.
func appendMilliseconds(b []byte, t time.Time) []byte {
	b = t.AppendFormat(b, time.RFC3339)
	ms := t.Nanosecond() / int(time.Millisecond)
	return append(b[:len(b)-len("Z")], '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z')
}

// appendJSONString appends s as a JSON string in printable ASCII. S3's documentation wants every other character escaped,
// which encoding/json does not do (sigv4-HTTPPOSTConstructPolicy.html, "Character Escaping").
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

// plainPrefix returns how many bytes at the start of s need no escape in JSON.
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
