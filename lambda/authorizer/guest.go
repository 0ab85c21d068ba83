package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/identity"
	"postern/internal/upload"
)

// linkStates say what has become of links for guests.
type linkStates interface {
	// LinkState reads what has become of a link of an owner, and whether the owner was removed, as of now.
	LinkState(ctx context.Context, owner, id string) (upload.LinkState, error)
}

// A guest is who holds a link that this stage has made.
type guest struct {
	owner identity.User
	link  upload.Link
	state upload.LinkState
	// dead reports whether the link works no more whatever the time: the owner is gone, or may not upload.
	dead bool
}

// errDeadLink does not say why: that is between the owner and who runs the service.
const errDeadLink = forbidden("this link does not work any more: ask who sent it for a new one")

// bearerLink returns the link for guests in the event's one Authorization header, of the scheme Bearer (RFC 6750, section 2.1).
// It reports false for a header that holds something else, by the prefix alone.
func bearerLink(event request) (text string, ok bool) {
	headers := authorization(event)
	if len(headers) != 1 {
		return "", false
	}
	scheme, text, _ := strings.Cut(headers[0], " ")
	text = strings.TrimLeft(text, " ")
	return text, strings.EqualFold(scheme, "Bearer") && strings.HasPrefix(text, api.LinkPrefix)
}

// decideGuest writes the policy for who presents a link.
func (a *authorizer) decideGuest(ctx context.Context, text string, event request) (response, error) {
	caller, err := a.authenticateGuest(ctx, text)
	if err != nil {
		return response{}, err
	}
	acting, err := a.judgeGuest(ctx, caller, event)
	if why, ok := errors.AsType[forbidden](err); ok {
		return deny(caller.owner.Owner, event.MethodArn, string(why)), nil
	}
	if err != nil {
		return response{}, err
	}
	return allow(caller.owner.Owner, event.MethodArn, acting), nil
}

// authenticateGuest finds the link that a text is, and its owner. It fails with errUnauthorized. A text that this stage has not made
// costs one decryption, and no look at a table.
func (a *authorizer) authenticateGuest(ctx context.Context, text string) (guest, error) {
	token, err := upload.ParseLinkToken(text)
	if err != nil {
		return guest{}, errUnauthorized
	}
	if known, ok := a.guests.get(text); ok {
		return known, nil
	}
	stage, err := a.ownerKeys.OwnerKey(ctx)
	if err != nil {
		return guest{}, fmt.Errorf("finding a link: %w", err)
	}
	derived, err := upload.DeriveKey(stage, token.Owner)
	if err != nil {
		return guest{}, fmt.Errorf("finding a link: %w", err)
	}
	link, ok := derived.OpenLink(token)
	if !ok {
		return guest{}, errUnauthorized
	}
	found, err := a.guest(ctx, token.Owner, link)
	if err != nil {
		return guest{}, err
	}
	a.guests.put(text, found)
	return found, nil
}

// guest reads what has become of a genuine link and of its owner.
func (a *authorizer) guest(ctx context.Context, owner string, link upload.Link) (guest, error) {
	state, err := a.linkStates.LinkState(ctx, owner, link.ID)
	if err != nil {
		return guest{}, fmt.Errorf("finding a link: %w", err)
	}
	user := identity.User{Owner: owner}
	if link.Mail != "" {
		user, err = a.user(ctx, identity.Mail(link.Mail))
	}
	if errors.Is(err, errForbidden) {
		return guest{owner: identity.User{Owner: owner}, link: link, dead: true}, nil
	}
	if err != nil {
		return guest{}, fmt.Errorf("finding a link's owner: %w", err)
	}
	dead := state.OwnerRemoved || user.Owner != owner || !user.Allows(api.RightUpload)
	user.Owner, user.Hash, user.OldHash = owner, "", "" // memory need not keep them
	return guest{user, link, state, dead}, nil
}

// judgeGuest finds what a guest's request may do. It fails with a forbidden if that is nothing. The end of the link, and of its
// owner's account, hold to the second.
func (a *authorizer) judgeGuest(ctx context.Context, caller guest, event request) (apigw.Caller, error) {
	now, link := a.now(), caller.link
	route, ok := contract.RouteOf(event.Resource, event.HTTPMethod)
	switch {
	case !isOneRequest(event.MethodArn):
		return apigw.Caller{}, errPath
	case !ok || !route.Guests:
		return apigw.Caller{}, forbidden("a link for guests does not open this route")
	case len(mails(event))+len(subjects(event)) > 0:
		return apigw.Caller{}, forbidden("a link is for its owner alone: leave mail and subject out")
	case !now.Before(link.Until()):
		return apigw.Caller{}, forbidden("this link ended at " + link.Until().Format(time.RFC3339) + ": ask who sent it for a new one")
	case caller.dead || caller.state.IsRevoked(link.Made) || caller.owner.IsExpired(now):
		return apigw.Caller{}, errDeadLink
	}
	if err := a.checkBlocked(ctx, caller.owner.Owner, errDeadLink); err != nil {
		return apigw.Caller{}, err
	}
	acting, err := a.acting(ctx, caller.owner, caller.owner)
	if err != nil {
		return apigw.Caller{}, err
	}
	acting.Role, acting.Folders = apigw.RoleGuest, link.Folders
	acting.MaxSize = min(acting.MaxSize, link.MaxSize)
	// The context is of a limited size, and only one route tells the words.
	link.Mail, link.Folders = "", nil
	if route.Right != "" {
		link.From, link.Note = "", ""
	}
	acting.Link = &apigw.GuestLink{Link: link, State: caller.state}
	return acting, nil
}
