package identity

import (
	"errors"
	"slices"
	"strings"
	"time"

	"postern/api"
)

// A Scope limits what a user may do. The zero Scope limits nothing.
type Scope struct {
	May Rights // empty: every right
	For Mails  // whose uploads a service may work on, besides its own; empty: anybody's
	// Expires is when the user's credentials end, in whole seconds. Zero: they do not.
	Expires time.Time
	// Folders are those that a key for scripts opens; empty: all. No row has any.
	Folders []string
}

// Allows reports whether the user may use a route that needs a right. A route that belongs to no right is for those alone
// who have every right.
func (s Scope) Allows(right api.Right) bool { return len(s.May) == 0 || slices.Contains(s.May, right) }

// IsExpired reports whether the user's credentials have ended.
func (s Scope) IsExpired(now time.Time) bool { return !s.Expires.IsZero() && !now.Before(s.Expires) }

// Rights are some of api.Rights, in their order and each once.
type Rights []api.Right

// ErrRights is returned for a text that names no rights.
var ErrRights = errors.New("not a list of rights: must be one or several of upload, read, delete and link, with commas between")

// ParseRights reads what String writes, in any order. Every error is ErrRights.
func ParseRights(text string) (Rights, error) {
	var named Rights
	for name := range strings.SplitSeq(text, ",") {
		right := api.Right(name)
		if !slices.Contains(api.Rights, right) || slices.Contains(named, right) {
			return nil, ErrRights
		}
		named = append(named, right)
	}
	slices.SortFunc(named, func(a, b api.Right) int { return slices.Index(api.Rights, a) - slices.Index(api.Rights, b) })
	return named, nil
}

// String returns the rights with commas between, as in "upload,read".
func (r Rights) String() string {
	names := make([]string, len(r))
	for i, right := range r {
		names[i] = string(right)
	}
	return strings.Join(names, ",")
}

// Mails says whom a service may act for. Either it is mails, in lower case: those of a domain ("example.com", without its
// subdomains), those that begin with a text ("shop-*"), those of a domain that do ("shop-*@example.com"), or one mail
// ("ann@example.com"). Or it is subjects: those that begin with a text ("subject:shop|*"), all of them ("subject:*"), or one
// ("subject:shop|7"). ParseMails makes one.
type Mails string

// subjectPrefix begins a Mails of subjects. No mail has a colon.
const subjectPrefix = "subject:"

// ErrMails is returned for a text that is no Mails. It does not repeat the text, which may hold a mail.
var ErrMails = errors.New(`not a domain or a beginning of mails or subjects: must be such as "example.com", "shop-*", "shop-*@example.com", "ann@example.com", ` +
	`"subject:shop|*" or "subject:shop|7"`)

// ParseMails reads a Mails: mails case-insensitively, subjects as they are. Every error is ErrMails.
func ParseMails(text string) (Mails, error) {
	if subjects, ok := strings.CutPrefix(text, subjectPrefix); ok {
		beginning, begins := strings.CutSuffix(subjects, "*")
		if _, err := ParseSubject(beginning); strings.Contains(beginning, "*") || err != nil && (beginning != "" || !begins) {
			return "", ErrMails
		}
		return Mails(text), nil
	}
	example := text // of a mail that the text includes
	beginning, rest, begins := strings.Cut(text, "*")
	switch {
	case begins && rest == "":
		example = beginning + "x@example.com"
	case begins:
		example = beginning + "x" + rest
	case !strings.Contains(text, "@"):
		example = "x@" + text
	}
	if begins && (beginning == "" || strings.Contains(beginning, "@") || rest != "" && rest[0] != '@') {
		return "", ErrMails
	}
	if _, err := ParseMail(example); err != nil {
		return "", ErrMails
	}
	return Mails(strings.ToLower(text)), nil
}

// Include reports whether a service may act for a mail.
func (m Mails) Include(mail Mail) bool {
	if m == "" {
		return true
	}
	if strings.HasPrefix(string(m), subjectPrefix) {
		return false
	}
	local, domain, _ := strings.Cut(string(mail), "@")
	beginning, rest, begins := strings.Cut(string(m), "*")
	switch {
	case begins:
		return strings.HasPrefix(local, beginning) && (rest == "" || rest == "@"+domain)
	case strings.Contains(string(m), "@"):
		return string(m) == string(mail)
	default:
		return string(m) == domain
	}
}

// IncludeSubject reports whether a service may act for a subject.
func (m Mails) IncludeSubject(subject Subject) bool {
	if m == "" {
		return true
	}
	subjects, ok := strings.CutPrefix(string(m), subjectPrefix)
	beginning, begins := strings.CutSuffix(subjects, "*")
	return ok && (subjects == string(subject) || begins && strings.HasPrefix(string(subject), beginning))
}

// check returns an error that names the first field that is malformed.
func (s Scope) check() error {
	rights, rightsErr := ParseRights(s.May.String())
	mails, mailsErr := ParseMails(string(s.For))
	switch {
	case len(s.May) > 0 && (rightsErr != nil || !slices.Equal(rights, s.May)):
		return malformed("may")
	case s.For != "" && (mailsErr != nil || mails != s.For):
		return malformed("for")
	case !isSeconds(s.Expires):
		return malformed("expires")
	default:
		return nil
	}
}
