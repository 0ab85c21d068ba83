package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"postern/internal/identity"
)

// A scope limits what a user may do.
type scope struct {
	May     *rights `placeholder:"RIGHTS" help:"What the user may do: one or several of upload, read, delete and link, with commas between, or all. Default: all."`
	For     *mails  `placeholder:"MAILS" help:"Whom a service may act for: \"example.com\" (mails of this domain), \"shop-*\" or \"shop-*@example.com\" (mails that begin so), a mail, \"subject:shop|*\" (subjects that begin so), or any. Default: any."`
	Expires *expiry `placeholder:"TIME" help:"When the user's credentials end: in a time such as 90d, at the end of a day such as 2027-01-31 (UTC), or never. Default: never."`
}

// asScope returns what is limited. What is not named is not.
func (s scope) asScope() (limited identity.Scope) {
	if s.May != nil {
		limited.May = identity.Rights(*s.May)
	}
	if s.For != nil {
		limited.For = identity.Mails(*s.For)
	}
	if s.Expires != nil {
		limited.Expires = s.Expires.Time
	}
	return limited
}

// formatScope says how a user is limited, to follow the user's other limits. It is empty for a user who is not.
func formatScope(limited identity.Scope) string {
	var text strings.Builder
	if len(limited.May) > 0 {
		fmt.Fprintf(&text, ", may %s", limited.May)
	}
	if limited.For != "" {
		fmt.Fprintf(&text, ", for %s", limited.For)
	}
	if !limited.Expires.IsZero() {
		fmt.Fprintf(&text, ", expires %s", limited.Expires.UTC().Format(time.RFC3339))
	}
	return text.String()
}

// A rights is an identity.Rights as an argument, empty for all.
type rights identity.Rights

// UnmarshalText reads an argument.
func (r *rights) UnmarshalText(text []byte) error {
	if string(text) == "all" {
		*r = nil
		return nil
	}
	named, err := identity.ParseRights(string(text))
	if err != nil {
		return fmt.Errorf("%w, or all", err)
	}
	*r = rights(named)
	return nil
}

// A mails is an identity.Mails as an argument, empty for any.
type mails identity.Mails

// UnmarshalText reads an argument.
func (m *mails) UnmarshalText(text []byte) error {
	if string(text) == "any" {
		*m = ""
		return nil
	}
	named, err := identity.ParseMails(string(text))
	if err != nil {
		return fmt.Errorf("%w, or any", err)
	}
	*m = mails(named)
	return nil
}

// An expiry is a time to come, in whole seconds, as an argument. It is zero for never.
type expiry struct{ time.Time }

// UnmarshalText reads a time as until does, with never instead of forever.
func (e *expiry) UnmarshalText(text []byte) error {
	if string(text) == "never" {
		e.Time = time.Time{}
		return nil
	}
	var end until
	if err := end.UnmarshalText(text); err != nil || end.IsZero() {
		return errors.New("not a time to come: must be a time such as 90d or 36h, a day such as 2027-01-31, or never")
	}
	e.Time = end.Time
	return nil
}

// time returns the end, nil if none is named.
func (e *expiry) time() *time.Time {
	if e == nil {
		return nil
	}
	return &e.Time
}
