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
	shortest, longest int  // characters
	lines             bool // line feeds and tabs are allowed
	// isShown reports whether people who do not know the writer see it: nothing in it may change how the text around it reads.
	isShown bool
}

// The texts of an upload.
var (
	titleText       = text{longest: api.MaxTitle}
	descriptionText = text{longest: api.MaxDescription, lines: true}
	labelText       = text{shortest: 1, longest: api.MaxLabel}
	fromText        = text{shortest: 1, longest: api.MaxLinkFrom, isShown: true}
	noteText        = text{longest: api.MaxLinkNote, lines: true, isShown: true}
	guestText       = text{shortest: 1, longest: api.MaxGuest, isShown: true}
)

// check returns an Error that names the field when value breaks the rule.
func (t text) check(field, value string) error {
	length := utf8.RuneCountInString(value)
	switch {
	case !utf8.ValidString(value):
		return t.invalid(field, value, "is not UTF-8")
	case length < t.shortest || length > t.longest:
		return t.invalid(field, value, fmt.Sprintf("has %d characters", length))
	case strings.ContainsFunc(value, t.refuses):
		return t.invalid(field, value, "has a control character")
	case t.isShown && strings.ContainsFunc(value, changesOthers):
		return t.invalid(field, value, "has a character that turns or breaks the text around it")
	case t.shortest > 0 && t.isShown && !strings.ContainsFunc(value, isSeen):
		return t.invalid(field, value, "has nothing that can be seen")
	}
	return nil
}

func (t text) refuses(r rune) bool {
	return unicode.IsControl(r) && (!t.lines || r != '\n' && r != '\t')
}

func isSeen(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }

// changesOthers reports whether a character changes how the text around it reads: the embeddings, overrides and isolates of
// the bidirectional algorithm (UAX #9, section 2), and the separators of lines and paragraphs. Letters of scripts that are
// written from right to left do not, nor do the joiners in emoji and Persian.
func changesOthers(r rune) bool {
	return r >= '\u2028' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

func (t text) invalid(field, value, reason string) error {
	length, except := fmt.Sprintf("at most %d", t.longest), ""
	if t.shortest > 0 {
		length = fmt.Sprintf("%d to %d", t.shortest, t.longest)
	}
	if t.lines {
		except = " except line feeds and tabs"
	}
	return invalid("%s %s %s: must be %s characters of UTF-8 without control characters%s", field, Quote(value), reason, length, except)
}

// checkFilename returns an Error when name is not the name of a file: 1 to api.MaxFilename characters of UTF-8, without
// control characters, slashes and backslashes. A name with a path is refused, not cut, so that a download has the name that was
// sent.
func checkFilename(name string) error {
	var reason string
	switch {
	case name == "":
		reason = "is empty"
	case !utf8.ValidString(name):
		reason = "is not UTF-8"
	case utf8.RuneCountInString(name) > api.MaxFilename:
		reason = fmt.Sprintf("has %d characters", utf8.RuneCountInString(name))
	case strings.ContainsFunc(name, unicode.IsControl):
		reason = "has a control character"
	case strings.ContainsAny(name, `/\`):
		reason = "has a path separator"
	default:
		return nil
	}
	return invalid("filename %s %s: must be 1 to %d characters of UTF-8 without control characters, / and \\", Quote(name), reason, api.MaxFilename)
}

// checkContext returns an Error when value is no context: 1 to api.MaxContext bytes of UTF-8, of printable characters.
func checkContext(value string) error {
	var reason string
	switch {
	case value == "":
		reason = "is empty"
	case !utf8.ValidString(value):
		reason = "is not UTF-8"
	case len(value) > api.MaxContext:
		reason = fmt.Sprintf("has %d bytes", len(value))
	case strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }):
		reason = "has a character that is not printable"
	default:
		return nil
	}
	return invalid("context %s %s: must be 1 to %d bytes of UTF-8, of printable characters", Quote(value), reason, api.MaxContext)
}

// A Patch is what a client changes of a record. Nil leaves a field as it is; empty removes it.
type Patch struct {
	Title, Description *string
	Labels             *[]string
}

// Apply returns a record with what the patch changes, and its next Version. A record that counts counts its new texts.
func (p Patch) Apply(record Record) Record {
	if p.Title != nil {
		record.Title = *p.Title
	}
	if p.Description != nil {
		record.Description = *p.Description
	}
	if p.Labels != nil {
		record.Labels = *p.Labels
	}
	record.Counted = record.Size + record.Text()
	record.Version++
	return record
}

// NewPatch returns the patch that a client sent. In its description, a line ends with a line feed alone. It returns an Error
// when the patch changes nothing, or when a field is not what api.UploadPatch says of it.
func NewPatch(sent api.UploadPatch) (Patch, error) {
	p := Patch(sent)
	if p == (Patch{}) {
		return Patch{}, invalid("the patch is empty: must have title, description or labels")
	}
	if p.Title != nil {
		if err := titleText.check("title", *p.Title); err != nil {
			return Patch{}, err
		}
	}
	if p.Description != nil {
		description := strings.ReplaceAll(*p.Description, "\r\n", "\n")
		if err := descriptionText.check("description", description); err != nil {
			return Patch{}, err
		}
		p.Description = &description
	}
	if p.Labels != nil {
		if err := checkLabels(*p.Labels); err != nil {
			return Patch{}, err
		}
	}
	return p, nil
}

func checkLabels(labels []string) error {
	if len(labels) > api.MaxLabels {
		return invalid("labels are %d: must be at most %d", len(labels), api.MaxLabels)
	}
	seen := map[string]bool{}
	for i, label := range labels {
		field := fmt.Sprintf("labels[%d]", i)
		if err := labelText.check(field, label); err != nil {
			return err
		}
		if seen[label] {
			return invalid("%s %s is given before: must be given once", field, Quote(label))
		}
		seen[label] = true
	}
	return nil
}
