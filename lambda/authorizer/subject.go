package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"postern/api"
	"postern/internal/identity"
)

// errOtherSubject is returned when the caller may not act for the subject that it names. errOutsideSubject is when it may act
// for others, errWhichIssuer when nothing says whose subject it is.
const (
	errOtherSubject   = forbidden("you may not act for another's subject")
	errOutsideSubject = forbidden("you may not act for this subject: it is not one of those that your account is for")
	errWhichIssuer    = forbidden("this service takes users of several issuers, and a subject does not say whose it is: call with a token of that issuer")
)

// named finds the user whom a query names by subject, as identify does by mail. A caller is itself by its owner, so that a key
// for scripts, which knows no subject, is too.
func (a *authorizer) named(ctx context.Context, caller identity.User, text string) (identity.User, error) {
	subject, err := identity.ParseSubject(text)
	if err != nil || len(subject) > api.MaxSubject {
		return identity.User{}, nil
	}
	key, err := a.ownerKeys.OwnerKey(ctx)
	if err != nil {
		return identity.User{}, fmt.Errorf("finding whom the caller acts for: %w", err)
	}
	issuers := a.bearer.subjectIssuers()
	isOwn := func(issuer string) bool { return identity.SubjectOwner(key, issuer, subject) == caller.Owner }
	switch {
	case slices.ContainsFunc(issuers, isOwn):
		return caller, nil
	case caller.Role != identity.RoleService:
		return identity.User{}, errOtherSubject
	case !caller.For.IncludeSubject(subject):
		return identity.User{}, errOutsideSubject
	case len(issuers) > 1 && !slices.Contains(issuers, caller.Issuer):
		return identity.User{}, errWhichIssuer
	}
	issuer := issuers[0]
	if len(issuers) > 1 {
		issuer = caller.Issuer
	}
	user, err := a.subjectUser(ctx, issuer, subject)
	if errors.Is(err, errForbidden) { // the user was removed
		return identity.User{}, errOtherSubject
	}
	if err != nil {
		return identity.User{}, fmt.Errorf("finding whom the caller acts for: %w", err)
	}
	return user, nil
}

// subjectIssuers returns the issuers whose tokens name their users by subject. Without any, it returns an empty one: a subject
// is then a name that the application itself has given.
func (b *bearer) subjectIssuers() []string {
	var issuers []string
	if b != nil {
		for _, issuer := range b.issuers {
			if issuer.Mail == "" && !slices.Contains(issuers, issuer.Issuer) {
				issuers = append(issuers, issuer.Issuer)
			}
		}
	}
	if issuers == nil {
		return []string{""}
	}
	return issuers
}
