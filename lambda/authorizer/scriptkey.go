package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postern/internal/identity"
	"postern/internal/records"
	"postern/internal/upload"
)

// scriptKeys reads keys for scripts, and records when they are used.
type scriptKeys interface {
	// ScriptKeys reads an owner's keys as they are now, and the mail of their user. Its errors do not hold the mail.
	ScriptKeys(ctx context.Context, owner string) (identity.Mail, []records.ScriptKey, error)
	// MarkScriptKeyUsed records the hour in which a key is used. It returns records.ErrNoScriptKey if there is none any more.
	MarkScriptKeyUsed(ctx context.Context, owner, id string, now time.Time) error
}

// bearerScriptKey returns the key for scripts in an Authorization header, of the scheme Bearer (RFC 6750, section 2.1). It
// reports false for a header that holds something else, by the prefix alone.
func bearerScriptKey(header string) (text string, ok bool) {
	scheme, text, _ := strings.Cut(header, " ")
	text = strings.TrimLeft(text, " ")
	return text, strings.EqualFold(scheme, "Bearer") && strings.HasPrefix(text, identity.ScriptKeyPrefix)
}

// authenticateKey finds the user whose key a text is, limited to what the key may do. It fails with errUnauthorized. A text
// that this stage has not made costs its checksum or one MAC, and no look at a table.
func (a *authorizer) authenticateKey(ctx context.Context, text string) (identity.User, error) {
	key, err := identity.ParseScriptKey(text)
	if err != nil {
		return identity.User{}, errUnauthorized
	}
	if caller, ok := a.verified.get(text); ok {
		return caller, nil
	}
	if _, ok := a.refused.get(text); ok {
		return identity.User{}, errUnauthorized
	}
	stage, err := a.ownerKeys.OwnerKey(ctx)
	if err != nil {
		return identity.User{}, fmt.Errorf("finding a key: %w", err)
	}
	derived, err := upload.DeriveKey(stage, key.Owner)
	if err != nil {
		return identity.User{}, fmt.Errorf("finding a key: %w", err)
	}
	if !key.IsGenuine(derived.ForScripts()) {
		return identity.User{}, errUnauthorized
	}
	caller, err := a.keyCaller(ctx, key, key.Hash(derived.ForScripts()))
	if errors.Is(err, errUnauthorized) {
		a.refused.put(text, struct{}{})
	}
	if err != nil {
		return identity.User{}, err
	}
	a.verified.put(text, caller)
	return caller, nil
}

// keyCaller reads the user of a key that was made with this hash.
func (a *authorizer) keyCaller(ctx context.Context, key identity.ScriptKey, hash string) (identity.User, error) {
	mail, keys, err := a.keys.ScriptKeys(ctx, key.Owner)
	if err != nil {
		return identity.User{}, fmt.Errorf("finding a key: %w", err)
	}
	i := slices.IndexFunc(keys, func(stored records.ScriptKey) bool { return stored.ID == key.ID })
	if i < 0 || keys[i].Hash != hash {
		return identity.User{}, errUnauthorized
	}
	user, err := a.keyUser(ctx, key.Owner, mail)
	if err != nil {
		return identity.User{}, err
	}
	limited, ok := a.limit(user, keys[i])
	if !ok {
		return identity.User{}, errUnauthorized
	}
	a.markUsed(ctx, key.Owner, keys[i])
	return limited, nil
}

// keyUser reads the user of a key. It fails with errUnauthorized if the user was removed, or has another owner by now.
func (a *authorizer) keyUser(ctx context.Context, owner string, mail identity.Mail) (identity.User, error) {
	if mail == "" {
		removed, err := a.removals.IsRemoved(ctx, owner)
		if err == nil && removed {
			err = errUnauthorized
		}
		return identity.User{Owner: owner}, err
	}
	user, err := a.user(ctx, mail)
	if errors.Is(err, errForbidden) || err == nil && user.Owner != owner {
		return identity.User{}, errUnauthorized
	}
	if err != nil {
		return identity.User{}, fmt.Errorf("finding a key's user: %w", err)
	}
	return user, nil
}

// limit returns a user as the holder of a key: it acts for itself alone, and both the user's limits and the key's hold. It
// reports false if nothing is left of the rights.
func (a *authorizer) limit(user identity.User, key records.ScriptKey) (identity.User, bool) {
	var may identity.Rights
	for _, right := range key.May {
		if user.Allows(right) {
			may = append(may, right)
		}
	}
	end := key.Expires
	if !user.Expires.IsZero() && user.Expires.Before(end) {
		end = user.Expires
	}
	user.Role, user.Hash, user.OldHash = identity.RoleUser, "", ""
	user.Scope = identity.Scope{May: may, Expires: end, Folders: key.Folders}
	if key.MaxSize > 0 {
		largest := a.defaultMaxSize
		if user.MaxSize != nil {
			largest = *user.MaxSize
		}
		user.MaxSize = new(min(largest, key.MaxSize))
	}
	return user, len(may) > 0
}

// markUsed records that a key is used, once an hour and process at most. Its user is served all the same if that fails.
func (a *authorizer) markUsed(ctx context.Context, owner string, key records.ScriptKey) {
	now := a.now()
	if !key.LastUsed.Before(now.Truncate(time.Hour)) || !now.Before(key.Expires) {
		return
	}
	if err := a.keys.MarkScriptKeyUsed(ctx, owner, key.ID, now); err != nil {
		a.log.WarnContext(ctx, "the use of a key is not recorded", "owner", owner, "key", key.ID, "error", err.Error())
	}
}
