package upload

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"postern/api"
)

// A text is a rule for what people write: UTF-8 without control characters.
type text struct {
	shortest, longest int // characters
	// lines is whether line feeds and tabs are allowed.
	lines bool
}

// check returns an Error that names the field when value is not of that kind.
func (t text) check(field, value string) error {
	length := utf8.RuneCountInString(value)
	switch {
	case !utf8.ValidString(value):
		return t.invalid(field, value, "is not UTF-8")
	case length < t.shortest || length > t.longest:
		return t.invalid(field, value, fmt.Sprintf("has %d characters", length))
	case strings.ContainsFunc(value, t.refuses):
		return t.invalid(field, value, "has a control character")
	}
	return nil
}

func (t text) refuses(r rune) bool {
	return unicode.IsControl(r) && (!t.lines || r != '\n' && r != '\t')
}

func (t text) invalid(field, value, reason string) error {
	length, but := fmt.Sprintf("at most %d", t.longest), ""
	if t.shortest > 0 {
		length = fmt.Sprintf("%d to %d", t.shortest, t.longest)
	}
	if t.lines {
		but = " except line feeds and tabs"
	}
	return &Error{api.InvalidRequest, fmt.Sprintf("%s %s %s: must be %s characters of UTF-8 without control characters%s",
		field, Quote(value), reason, length, but)}
}
