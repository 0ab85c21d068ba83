package media

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// isText looks at the beginning and the end.
func (f *file) isText() bool {
	head, tail := f.head, f.tail(shortTail)
	var order binary.ByteOrder
	switch {
	case f.begins("\xef\xbb\xbf"):
		head = head[3:]
	case f.begins("\xff\xfe\x00\x00"):
		return false // UTF-32
	case f.begins("\xff\xfe"):
		order = binary.LittleEndian
	case f.begins("\xfe\xff"):
		order = binary.BigEndian
	}
	if order != nil {
		head = decode(head[2:], order)
		tail = nil // it may begin in the middle of a character
	}
	return isPlain(head) && !bytes.ContainsRune(tail, 0) && !isMarked(head)
}

// decode turns UTF-16 into UTF-8.
func decode(b []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	return []byte(string(utf16.Decode(units)))
}

// isPlain reports whether b can be text: UTF-8 without NUL, or an 8-bit encoding, in which only those control
// characters are that texts have.
func isPlain(b []byte) bool {
	if bytes.IndexByte(b, 0) >= 0 {
		return false
	}
	if utf8.Valid(withoutLast(b)) {
		return true
	}
	return bytes.IndexFunc(b, func(r rune) bool {
		// Backspace to carriage return, the shifts of ISO 2022, the end of a file of DOS, escape.
		return r < ' ' && (r < '\b' || r > 0x0F) && r != 0x1A && r != 0x1B
	}) < 0
}

// withoutLast returns b without a character at its end that may be cut off.
func withoutLast(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if utf8.RuneStart(b[len(b)-i]) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

// isMarked reports whether text begins as a page, XML, or a script does, or has markup after comments of HTML.
// Source: WHATWG MIME Sniffing, section 7.1, "rules for identifying an unknown MIME type".
func isMarked(b []byte) bool {
	b = bytes.TrimLeftFunc(b, isInvisible)
	if bytes.HasPrefix(b, []byte("<!--")) {
		return hidesMarkup(b)
	}
	start := bytes.ToLower(b[:min(len(b), 32)])
	for _, prefix := range []string{"<?xml", "<?php", "<?=", "<%", "<!doctype", "<!entity", "<svg", "#!", "%pdf-", "mime-version:"} {
		if bytes.HasPrefix(start, []byte(prefix)) {
			return true
		}
	}
	for _, tag := range []string{
		"<html", "<head", "<script", "<iframe", "<h1", "<div", "<font", "<table", "<a", "<style", "<title", "<b", "<body", "<br", "<p",
		"<img", "<object", "<embed", "<link", "<meta", "<base", "<form", "<frameset", "<math",
	} {
		if rest, ok := bytes.CutPrefix(start, []byte(tag)); ok && (len(rest) == 0 || rest[0] <= ' ' || rest[0] == '/' || rest[0] == '>') {
			return true
		}
	}
	return false
}

// isInvisible reports whether a character at the beginning of a text shows nothing: white space, control and format
// characters, and bytes that are not a character. Some readers skip them.
func isInvisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError
}

var (
	comment = regexp.MustCompile(`(?s)<!--(?:-?>|.*?--!?>)`)
	// activeMarkup is what a browser may act upon: elements with effects, and attributes for events on any.
	activeMarkup = regexp.MustCompile(`(?i)<(?:a|applet|audio|base|body|details|embed|form|frame|frameset|head|html|iframe|img|input|link|marquee|math|meta|` +
		`object|script|style|svg|video)\b|<[?%]|<!doctype|<[a-z][^<>]*[\s/"']on[a-z]+\s*=`)
)

// hidesMarkup reports whether text that begins with a comment of HTML has active markup after it, or no end of the comment.
func hidesMarkup(b []byte) bool {
	rest := comment.ReplaceAll(b, nil)
	return activeMarkup.Match(rest) || bytes.Contains(rest, []byte("<!--"))
}
