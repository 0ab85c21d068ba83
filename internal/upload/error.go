// Package upload holds the rules of an upload, whoever carries it out: what may be uploaded under which name, how
// large, how an upload is named and recorded, and what a client is told when a rule refuses. It calls nothing.
package upload

import (
	"strconv"
	"unicode/utf8"

	"postern/api"
)

// An Error is a refusal that the client may read. Message names the field, the value (see Quote) and what is allowed.
type Error struct {
	Code    api.Code
	Message string
}

// Error is the message. It may hold what the client sent: it goes into an answer, never into a log.
func (e *Error) Error() string { return e.Message }

// maxQuoted is the longest part of a client's value that is repeated to it, in bytes.
const maxQuoted = 64

// Quote is a client's value as an Error may show it: quoted, with control and other invisible characters and bytes
// that are not UTF-8 escaped, and cut to 64 bytes.
func Quote(value string) string {
	if len(value) <= maxQuoted {
		return strconv.Quote(value)
	}
	end := maxQuoted
	for end > maxQuoted-utf8.UTFMax && !utf8.RuneStart(value[end]) {
		end--
	}
	return strconv.Quote(value[:end]) + "…"
}
