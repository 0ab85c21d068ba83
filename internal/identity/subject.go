package identity

import "errors"

// maxSubject is the longest subject, in bytes.
// Source: OpenID Connect Core 1.0, section 2, "sub".
const maxSubject = 255

// A Subject names a user at an issuer: an identifier that the issuer gives to nobody else, ever. It may be personal data: it
// goes into no log and no error.
type Subject string

// ErrSubject is returned for a text that is no subject. It does not repeat the text.
var ErrSubject = errors.New("not a subject: must be 1 to 255 printable ASCII characters")

// ParseSubject reads a subject, which is compared as it is, in upper and lower case. Every error is ErrSubject.
// Source: OpenID Connect Core 1.0, section 2, "sub".
func ParseSubject(s string) (Subject, error) {
	if s == "" || len(s) > maxSubject {
		return "", ErrSubject
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return "", ErrSubject
		}
	}
	return Subject(s), nil
}

// SubjectOwner returns the owner of an issuer's subject, made as Owner makes that of a mail. No two pairs of issuer and
// subject have the same text here, and no mail has it, since none of them holds a NUL.
func SubjectOwner(key []byte, issuer string, subject Subject) string {
	return digest(key, ownerSize, "subject\x00"+issuer+"\x00"+string(subject))
}
