package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/identity"
	"postern/internal/upload"
)

// ownerKeys reads the stage's secret: the key of the owner hash, from which the owners' keys are derived, too.
type ownerKeys interface {
	// OwnerKey returns a key that identity.CheckKey accepts. Its errors do not hold the key.
	OwnerKey(ctx context.Context) ([]byte, error)
}

// usages says how much owners keep, and who is blocked.
type usages interface {
	// Account reads how much an owner keeps, and whether it is blocked: nothing and no if nobody knows it yet.
	Account(ctx context.Context, owner string) (upload.Account, error)
}

// removals say which owners were removed.
type removals interface {
	// IsRemoved reports whether an owner was removed, as of now.
	IsRemoved(ctx context.Context, owner string) (bool, error)
}

// A forbidden is returned when the caller is known and may not do what it asks. Its text goes to the client: it is of plain
// characters, which JSON need not escape.
type forbidden string

func (f forbidden) Error() string { return string(f) }

// errForbidden is returned when the caller may not act for the mail that it names. errOutside is when it may act for others.
// errPath is returned for a path that would make a policy mean other requests.
const (
	errPath      = forbidden("the path has characters that no upload's id has")
	errForbidden = forbidden("you may not act for another's mail")
	errOutside   = forbidden("you may not act for this mail: it is not one of those that your account is for")
)

// decide authenticates the caller, finds whom the request acts for and writes the policy.
func (a *authorizer) decide(ctx context.Context, event request) (response, error) {
	if event.MethodArn == "" {
		return response{}, errors.New("the event holds no method ARN")
	}
	if text, ok := bearerLink(event); ok {
		return a.decideGuest(ctx, text, event)
	}
	caller, err := a.authenticate(ctx, event)
	if errors.Is(err, errTooManyGuesses) {
		return deny(nobody, event.MethodArn, "too many wrong passwords for this user from your network: try again in 15 minutes"), nil
	}
	if errors.Is(err, errRemoved) {
		return deny(nobody, event.MethodArn, "this user was removed"), nil
	}
	if err != nil {
		return response{}, err
	}
	acting, err := a.judge(ctx, caller, event)
	if why, ok := errors.AsType[forbidden](err); ok {
		return deny(caller.Owner, event.MethodArn, string(why)), nil
	}
	if err != nil {
		return response{}, err
	}
	return allow(caller.Owner, event.MethodArn, acting), nil
}

// judge finds on whose behalf a known caller's request acts. It fails with a forbidden if the caller may not ask for it.
func (a *authorizer) judge(ctx context.Context, caller identity.User, event request) (apigw.Caller, error) {
	if !isOneRequest(event.MethodArn) {
		return apigw.Caller{}, errPath
	}
	if err := a.checkBlocked(ctx, caller.Owner, errBlocked); err != nil {
		return apigw.Caller{}, err
	}
	right, err := checkScope(caller.Scope, event, a.now())
	if err != nil {
		return apigw.Caller{}, err
	}
	user, err := a.identify(ctx, caller, mails(event), subjects(event))
	if err != nil {
		return apigw.Caller{}, err
	}
	acting, err := a.acting(ctx, caller, user)
	if err != nil {
		return apigw.Caller{}, err
	}
	makesLink := right == api.RightLink && event.HTTPMethod == http.MethodPost
	if (right == api.RightUpload || makesLink) && acting.Owner != "" {
		if err := a.checkBlocked(ctx, acting.Owner, errBlockedUser); err != nil {
			return apigw.Caller{}, err
		}
	}
	acting.Folders = caller.Folders
	if makesLink {
		acting.Mail, acting.Expires = string(user.Mail), caller.Expires
	}
	if right != "" {
		return acting, nil
	}
	// Such a route works on the caller itself, and keeps its mail in the users table. No other needs to know that.
	if acting.Owner != caller.Owner {
		return apigw.Caller{}, forbidden("you may do this for yourself alone: leave mail and subject out")
	}
	acting.Mail = string(caller.Mail)
	return acting, nil
}

// identify finds whom the caller acts for: itself, or the one whom the query names, by mail or by subject. Only a service may
// name another, and only one whom its scope includes: else the error is a forbidden. If the query names several, or what is
// malformed, the result has no owner.
func (a *authorizer) identify(ctx context.Context, caller identity.User, mails, subjects []string) (identity.User, error) {
	switch {
	case len(mails)+len(subjects) == 0:
		return caller, nil
	case len(mails)+len(subjects) > 1:
		return identity.User{}, nil
	case len(subjects) == 1:
		return a.named(ctx, caller, subjects[0])
	}
	mail, err := identity.ParseMail(mails[0])
	switch {
	case err != nil:
		return identity.User{}, nil
	case mail == caller.Mail:
		return caller, nil
	case caller.Role != identity.RoleService:
		return identity.User{}, errForbidden
	case !caller.For.Include(mail):
		return identity.User{}, errOutside
	}
	user, err := a.user(ctx, mail)
	if err != nil {
		return identity.User{}, fmt.Errorf("finding whom the caller acts for: %w", err)
	}
	return user, nil
}

// user reads a user's row. For a mail without one it derives the owner, and the limits are the defaults. It returns
// errForbidden if that owner was removed: what is stored for it would not be kept.
func (a *authorizer) user(ctx context.Context, mail identity.Mail) (identity.User, error) {
	user, found, err := a.users.User(ctx, mail)
	if err != nil || found {
		return user, err
	}
	key, err := a.ownerKeys.OwnerKey(ctx)
	if err != nil {
		return identity.User{}, err
	}
	owner := identity.Owner(key, mail)
	removed, err := a.removals.IsRemoved(ctx, owner)
	if err == nil && removed {
		err = errForbidden
	}
	return identity.User{Mail: mail, Owner: owner}, err
}

// acting returns the caller that handlers see when one user acts for another: the role is the first's, everything else
// the second's. Without an owner, there is the role alone.
func (a *authorizer) acting(ctx context.Context, caller, user identity.User) (apigw.Caller, error) {
	if user.Owner == "" {
		return apigw.Caller{Role: string(caller.Role)}, nil
	}
	acting := apigw.Caller{
		Owner: user.Owner, Role: string(caller.Role), MaxSize: a.defaultMaxSize, Quota: a.defaultQuota, FileQuota: a.defaultFileQuota,
	}
	if user.MaxSize != nil {
		acting.MaxSize = *user.MaxSize
	}
	if user.Quota != nil {
		acting.Quota = *user.Quota
	}
	if user.FileQuota != nil {
		acting.FileQuota = *user.FileQuota
	}
	used, err := a.account(ctx, user.Owner)
	if err != nil {
		return apigw.Caller{}, err
	}
	if used.Blocked && user.Owner == caller.Owner {
		return apigw.Caller{}, errBlocked
	}
	acting.Remaining = left(acting.Quota, used.Bytes)
	acting.RemainingFiles = left(acting.FileQuota, used.Files)
	key, err := a.ownerKeys.OwnerKey(ctx)
	if err != nil {
		return apigw.Caller{}, err
	}
	acting.Key, err = upload.DeriveKey(key, user.Owner)
	return acting, err
}

// left returns what is left of a quota: 0 to quota, whatever is used.
func left(quota, used int64) int64 { return min(max(0, quota-used), quota) }

// account returns what was kept of an owner at most cacheLifetime ago.
func (a *authorizer) account(ctx context.Context, owner string) (upload.Account, error) {
	if known, ok := a.used.get(owner); ok {
		return known, nil
	}
	known, err := a.usages.Account(ctx, owner)
	if err != nil {
		return upload.Account{}, fmt.Errorf("finding what is left of the quota: %w", err)
	}
	a.used.put(owner, known)
	return known, nil
}

// errBlocked is returned when the caller is blocked. errBlockedUser is when it uploads for somebody who is: such uploads can
// still be read and deleted by a service.
const (
	errBlocked     = forbidden("you are blocked here: ask who runs this service")
	errBlockedUser = forbidden("this user is blocked: nothing is uploaded for them")
)

// checkBlocked returns why if an owner is blocked.
func (a *authorizer) checkBlocked(ctx context.Context, owner string, why forbidden) error {
	known, err := a.account(ctx, owner)
	if err == nil && known.Blocked {
		err = why
	}
	return err
}

// isOneRequest reports whether a policy about an ARN is about its request alone. The ARN ends with the path that the
// client sent, in which these characters would make it mean other requests.
func isOneRequest(methodARN string) bool { return !strings.ContainsAny(methodARN, "*?$") }

// allow lets the one request pass, on behalf of acting. The principal is the caller's owner, which API Gateway may log.
func allow(principal, methodARN string, acting apigw.Caller) response {
	answer := policy("Allow", principal, methodARN)
	answer.Context = acting.Context()
	return answer
}

// nobody is the principal of a refusal whose caller is not known.
const nobody = "nobody"

// deny refuses the request. The message says why, to the client: the template of API Gateway's answer has it from the
// context. It is of plain characters, which JSON need not escape.
func deny(principal, methodARN, message string) response {
	answer := policy("Deny", principal, methodARN)
	answer.Context = map[string]any{"message": message}
	return answer
}

// policy is the answer of an authorizer with one statement about one request.
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
func policy(effect, principal, methodARN string) response {
	return response{
		PrincipalID: principal,
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
			Version: "2012-10-17",
			Statement: []events.IAMPolicyStatement{{
				Action:   []string{"execute-api:Invoke"},
				Effect:   effect,
				Resource: []string{methodARN},
			}},
		},
	}
}
