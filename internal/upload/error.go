// Package upload holds the rules of an upload, whoever carries it out: what may be uploaded under which name, how
// large, how an upload is named and recorded, and what a client is told when a rule refuses. It calls nothing.
package upload

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"postern/api"
)

// Errors that the adapters return for what may happen at any time, and is not a fault. Tell them apart by errors.Is.
var (
	// ErrGone is returned when a version of an object does not exist any more.
	ErrGone = errors.New("the version is not there")
	// ErrChanged is returned when a record is not as the caller has read it.
	ErrChanged = errors.New("the record has changed")
	// ErrOverQuota is returned when an upload does not fit into the owner's quota.
	ErrOverQuota = errors.New("over quota")
	// ErrLinkUsedUp is returned when an upload does not fit into what its link allows.
	ErrLinkUsedUp = errors.New("the link has no room left")
	// ErrBudget is returned when an inspection reads more of an object than it may.
	ErrBudget = errors.New("reading more of the object than an inspection may")
)

// ErrNoUpload is the one answer for an id that nobody granted to the owner, or that names nothing, or a deleted upload.
var ErrNoUpload error = &Error{Code: api.NotFound, Message: "no such upload"}

// An Error is a refusal that the client may read. Message names the field, the value (see Quote) and what is allowed.
type Error struct {
	Code    api.Code
	Message string
	// Quota reports whether it is the owner's quota that refuses, of bytes or of files.
	Quota bool
}

// Error returns the message. It may hold what the client sent: it goes into an answer, never into a log.
func (e *Error) Error() string { return e.Message }

func invalid(format string, args ...any) error {
	return &Error{Code: api.InvalidRequest, Message: fmt.Sprintf(format, args...)}
}

// maxQuoted is the longest part of a client's value that is repeated to it, in bytes.
const maxQuoted = 64

// Quote returns a client's value as an Error may show it: quoted, with control and other invisible characters and bytes
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
