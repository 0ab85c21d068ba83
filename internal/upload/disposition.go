package upload

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Disposition returns the Content-Disposition of a download under a file name, in ASCII. kind is one of api.Dispositions. A name
// that is not safe ASCII is given twice: in UTF-8, and as an approximation for clients that do not know that form. What
// could mislead a client or a reader becomes an underscore: control characters, slashes and backslashes, characters that
// change the direction of what follows, and bytes that are not UTF-8. If filename is empty, clients take the last segment
// of the URL, which is the upload's id.
// Source: RFC 6266, section 4.3 and appendix D; RFC 8187, section 3.2.
func Disposition(kind, filename string) string {
	if filename == "" {
		return kind
	}
	name := strings.Map(clean, filename)
	plain := strings.Map(approximate, name)
	disposition := kind + `; filename="` + plain + `"`
	if plain == name {
		return disposition
	}
	return disposition + "; filename*=UTF-8''" + percentEncode(name)
}

func clean(r rune) rune {
	switch {
	case unicode.IsControl(r), r == '/', r == '\\', r == utf8.RuneError, unicode.Is(directions, r):
		return '_'
	}
	return r
}

// directions are the characters that embed, override or isolate the direction of the text that follows, so that "gpj.mp4"
// can be shown as "4pm.jpg". Marks, which Hebrew and Arabic names have, are not among them.
// Source: Unicode Standard Annex #9, sections 2.1 to 2.5.
var directions = &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0x202A, Hi: 0x202E, Stride: 1}, {Lo: 0x2066, Hi: 0x2069, Stride: 1}}}

// approximate keeps the characters that every client reads alike between quotes.
func approximate(r rune) rune {
	if r < ' ' || r > '~' || r == '"' || r == '%' {
		return '_'
	}
	return r
}

// attrChars are the characters that RFC 8187 does not encode, besides letters and digits.
const attrChars = "!#$&+-.^_`|~"

func percentEncode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(attrChars, c) >= 0 {
			b.WriteByte(c)
		} else {
			_, _ = fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
