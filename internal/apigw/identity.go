// Package apigw turns API Gateway's events into calls of handlers and what they return into answers. Everything that holds
// for every route is here, once: who the caller is, which query is understood, what an error looks like.
package apigw

import (
	"errors"
	"fmt"
	"strconv"

	"postern/api"
	"postern/internal/upload"
)

// An Identity is on whose behalf a request acts, as the authorizer found it. A handler takes it from the event's
// request context and from nowhere else.
type Identity struct {
	Owner   string // owner acted for: 20 hexadecimal digits; empty in an authorizer's answer: see ErrNoOwner
	Role    string // role of the caller, never empty
	MaxSize int64  // largest upload of the owner, in bytes
	Quota   int64  // how much the owner may keep in all, in bytes
	// Remaining is what was left of the quota at most a minute ago, in bytes, 0 to Quota.
	Remaining int64
}

// Limits are what the identity allows of one upload. Their Folder is not the identity's to say.
func (i Identity) Limits() upload.Limits {
	return upload.Limits{User: i.MaxSize, Quota: i.Quota, Remaining: i.Remaining}
}

// Names of the members of the authorizer's context.
const (
	contextOwner     = "owner"
	contextRole      = "role"
	contextMaxSize   = "maxSize"
	contextQuota     = "quota"
	contextRemaining = "remaining"
)

// ErrNoIdentity is returned when a request context is not one that the authorizer made.
var ErrNoIdentity = errors.New("the request context holds no identity")

// ErrNoOwner is returned when the authorizer knows the caller but not whom the request acts for, because its mail is no
// mail or there are several.
var ErrNoOwner = errors.New("the request context holds no owner")

// Context is the identity as an authorizer's context. Every value is a string, as API Gateway hands it on.
func (i Identity) Context() map[string]any {
	return map[string]any{
		contextOwner:     i.Owner,
		contextRole:      i.Role,
		contextMaxSize:   strconv.FormatInt(i.MaxSize, 10),
		contextQuota:     strconv.FormatInt(i.Quota, 10),
		contextRemaining: strconv.FormatInt(i.Remaining, 10),
	}
}

// IdentityFrom reads the identity from an event's requestContext.authorizer. It fails closed: an empty owner is
// ErrNoOwner, any other missing or malformed member is an error that wraps ErrNoIdentity.
func IdentityFrom(context map[string]any) (Identity, error) {
	text := func(name string) string {
		s, _ := context[name].(string)
		return s
	}
	maxSize, maxErr := strconv.ParseInt(text(contextMaxSize), 10, 64)
	quota, quotaErr := strconv.ParseInt(text(contextQuota), 10, 64)
	remaining, remainingErr := strconv.ParseInt(text(contextRemaining), 10, 64)
	identity := Identity{
		Owner:     text(contextOwner),
		Role:      text(contextRole),
		MaxSize:   maxSize,
		Quota:     quota,
		Remaining: remaining,
	}
	switch {
	case identity.Owner != "" && !api.IsOwner(identity.Owner):
		return Identity{}, fmt.Errorf("%w: owner", ErrNoIdentity)
	case identity.Role == "":
		return Identity{}, fmt.Errorf("%w: role", ErrNoIdentity)
	case maxErr != nil || maxSize < 0:
		return Identity{}, fmt.Errorf("%w: maxSize", ErrNoIdentity)
	case quotaErr != nil || quota < 0:
		return Identity{}, fmt.Errorf("%w: quota", ErrNoIdentity)
	case remainingErr != nil || remaining < 0 || remaining > quota:
		return Identity{}, fmt.Errorf("%w: remaining", ErrNoIdentity)
	case identity.Owner == "":
		return Identity{}, ErrNoOwner
	}
	return identity, nil
}
