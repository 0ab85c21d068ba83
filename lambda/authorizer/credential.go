package main

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"postern/internal/identity"
)

// maxHeader is the longest Authorization header that is read, in bytes.
const maxHeader = 8 << 10

// A credential says who a caller is, and proves it.
type credential struct {
	mail     identity.Mail
	password string // in the form in which passwords are compared
}

// name returns what the caches know the credential by. No mail has a colon.
func (c credential) name() string { return string(c.mail) + ":" + c.password }

// parseBasic reads the value of an Authorization header of the Basic scheme (RFC 7617). The user-id is a mail, so the
// first colon ends it. The text is UTF-8, or else ISO-8859-1, which older clients write. Anything of another form is
// errUnauthorized.
func parseBasic(header string) (credential, error) {
	scheme, encoded, _ := strings.Cut(header, " ")
	if len(header) > maxHeader || !strings.EqualFold(scheme, "Basic") {
		return credential{}, errUnauthorized
	}
	// RFC 9110, section 11.4, allows several spaces. The decoder skips line breaks, which no header may have.
	encoded = strings.TrimLeft(encoded, " ")
	decoded, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return credential{}, errUnauthorized
	}
	user, password, ok := strings.Cut(toUTF8(decoded), ":")
	mail, mailErr := identity.ParseMail(user)
	password, passwordErr := identity.NormalizePassword(password)
	if !ok || mailErr != nil || passwordErr != nil {
		return credential{}, errUnauthorized
	}
	return credential{mail, password}, nil
}

// toUTF8 returns text that is UTF-8 as it is, and any other as ISO-8859-1, whose bytes are the first 256 characters of
// Unicode.
func toUTF8(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	characters := make([]rune, len(text))
	for i, b := range text {
		characters[i] = rune(b)
	}
	return string(characters)
}

// authorization returns every value of the event's Authorization headers, however their name is written.
func authorization(event request) []string {
	var values []string
	for name, all := range event.MultiValueHeaders {
		if strings.EqualFold(name, "Authorization") {
			values = append(values, all...)
		}
	}
	if values != nil {
		return values
	}
	for name, value := range event.Headers {
		if strings.EqualFold(name, "Authorization") {
			values = append(values, value)
		}
	}
	return values
}

// mails returns every value of the event's query parameter mail.
func mails(event request) []string { return queryValues(event, "mail") }

// subjects returns every value of the event's query parameter subject.
func subjects(event request) []string { return queryValues(event, "subject") }

func queryValues(event request, name string) []string {
	if values, ok := event.MultiValueQueryStringParameters[name]; ok {
		return values
	}
	if value, ok := event.QueryStringParameters[name]; ok {
		return []string{value}
	}
	return nil
}
