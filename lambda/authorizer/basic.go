package main

import (
	"encoding/base64"
	"strings"

	"postern/internal/identity"
)

// maxHeader is the longest Authorization header that is read, in bytes.
const maxHeader = 8 << 10

// A credential is what a caller says who it is.
type credential struct {
	mail     identity.Mail
	password string
}

// parseBasic reads the value of an Authorization header of the Basic scheme (RFC 7617, in UTF-8). The user-id is a
// mail, so the first colon ends it. Whatever is not exactly of that form is errUnauthorized.
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
	user, password, ok := strings.Cut(string(decoded), ":")
	mail, err := identity.ParseMail(user)
	if !ok || err != nil || identity.CheckPassword(password) != nil {
		return credential{}, errUnauthorized
	}
	return credential{mail, password}, nil
}
