package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/identity"
	"postern/internal/records"
	"postern/internal/upload"
)

// scriptKeys are the keys for scripts of every owner. No error holds a key or what its owner has written.
type scriptKeys interface {
	// ScriptKeys reads an owner's keys as they are now, the oldest first, and the mail of their user.
	ScriptKeys(ctx context.Context, owner string) (identity.Mail, []records.ScriptKey, error)
	// AddScriptKey stores a new key. It returns records.ErrTooManyKeys and, if another change came in between,
	// records.ErrUserChanged.
	AddScriptKey(ctx context.Context, owner string, mail identity.Mail, key records.ScriptKey) error
	// RemoveScriptKey deletes a key. It returns records.ErrNoScriptKey, and records.ErrUserChanged as AddScriptKey does.
	RemoveScriptKey(ctx context.Context, owner, id string) error
}

// createKey answers POST /keys: a new key of the caller, which no later answer has. The authorizer lets no key do this.
func (h *handlers) createKey(ctx context.Context, request apigw.Request[api.ScriptKeyRequest]) (api.ScriptKey, error) {
	stored, err := h.newKey(request.Body)
	if err != nil {
		return api.ScriptKey{}, err
	}
	owner, secret := request.Caller.Owner, request.Caller.Key.ForScripts()
	made, text, err := identity.NewScriptKey(secret, owner, h.random)
	if err != nil {
		return api.ScriptKey{}, err
	}
	stored.ID, stored.Hash = made.ID, made.Hash(secret)
	err = h.keys.AddScriptKey(ctx, owner, identity.Mail(request.Caller.Mail), stored)
	switch {
	case errors.Is(err, records.ErrTooManyKeys):
		return api.ScriptKey{}, &upload.Error{Code: api.Conflict, Message: "the key is not made: " + err.Error()}
	case errors.Is(err, records.ErrUserChanged):
		return api.ScriptKey{}, &upload.Error{Code: api.Conflict, Message: "the key is not made, because another was changed at the same time: ask again"}
	case err != nil:
		return api.ScriptKey{}, fmt.Errorf("storing a key: %w", err)
	}
	h.log.InfoContext(ctx, "key created", "apiRequestId", request.ID, "owner", owner, "key", stored.ID)
	view := viewOf(stored)
	view.Key = text
	return view, nil
}

// newKey checks what a key is to be. It returns an *upload.Error that names the first member that is wrong.
func (h *handlers) newKey(request api.ScriptKeyRequest) (records.ScriptKey, error) {
	now := h.now().Truncate(time.Second)
	days := int64(api.DefaultScriptKeyDays)
	if request.Days != nil {
		days = *request.Days
	}
	key := records.ScriptKey{Name: request.Name, Created: now, Expires: now.AddDate(0, 0, int(min(days, api.MaxScriptKeyDays)))}
	if request.MaxSize != nil {
		key.MaxSize = *request.MaxSize
	}
	if request.Folders != nil {
		key.Folders = *request.Folders
	}
	rights, rightsErr := identity.ParseRights(identity.Rights(request.May).String())
	key.May = rights
	switch {
	case request.Name == "" || len(request.Name) > api.MaxScriptKeyName || !utf8.ValidString(request.Name) || strings.ContainsFunc(request.Name, unicode.IsControl):
		return key, malformed("name must be 1 to %d bytes of UTF-8 without control characters", api.MaxScriptKeyName)
	case rightsErr != nil || len(rights) != len(request.May): // one may hold a comma
		return key, malformed("may must be one or several of %s, each once", api.Rights)
	case days < 1 || days > api.MaxScriptKeyDays:
		return key, malformed("days is %d: must be 1 to %d", days, api.MaxScriptKeyDays)
	case request.MaxSize != nil && (key.MaxSize < 1 || key.MaxSize > api.MaxObject):
		return key, malformed("maxSize is %d: must be 1 to %d", key.MaxSize, api.MaxObject)
	case request.Folders != nil && !h.areFolders(key.Folders):
		return key, malformed("folders must be one or several of %s, each once", h.folders.Names())
	}
	return key, nil
}

// areFolders reports whether names are folders of the stage, one at least and each once.
func (h *handlers) areFolders(names []string) bool {
	return len(names) > 0 && len(h.folders.Only(names)) == len(names)
}

func malformed(format string, args ...any) error {
	return &upload.Error{Code: api.InvalidRequest, Message: fmt.Sprintf(format, args...)}
}

// listKeys answers GET /keys: the caller's keys, without the keys themselves.
func (h *handlers) listKeys(ctx context.Context, request apigw.Request[apigw.None]) (api.ScriptKeyList, error) {
	_, keys, err := h.keys.ScriptKeys(ctx, request.Caller.Owner)
	if err != nil {
		return api.ScriptKeyList{}, err
	}
	list := api.ScriptKeyList{Keys: make([]api.ScriptKey, 0, len(keys))}
	for _, key := range keys {
		list.Keys = append(list.Keys, viewOf(key))
	}
	return list, nil
}

// errNoKey is the answer about a key that the caller does not have.
var errNoKey = &upload.Error{Code: api.NotFound, Message: "no such key"}

// revokeKey answers DELETE /keys/{keyId}. The authorizer knows a key that it has seen for 60 seconds more.
func (h *handlers) revokeKey(ctx context.Context, request apigw.Request[apigw.None]) (apigw.None, error) {
	id := request.Path["keyId"]
	if !identity.IsScriptKeyID(id) {
		return apigw.None{}, errNoKey
	}
	err := h.keys.RemoveScriptKey(ctx, request.Caller.Owner, id)
	switch {
	case errors.Is(err, records.ErrNoScriptKey):
		return apigw.None{}, errNoKey
	case errors.Is(err, records.ErrUserChanged):
		return apigw.None{}, &upload.Error{Code: api.Conflict, Message: "the key is not revoked, because another was changed at the same time: ask again"}
	case err != nil:
		return apigw.None{}, fmt.Errorf("removing a key: %w", err)
	}
	h.log.InfoContext(ctx, "key revoked", "apiRequestId", request.ID, "owner", request.Caller.Owner, "key", id)
	return apigw.None{}, nil
}

// viewOf returns what a key's owner sees of it.
func viewOf(key records.ScriptKey) api.ScriptKey {
	view := api.ScriptKey{
		ID: key.ID, Name: key.Name, May: slices.Clone(key.May), Folders: key.Folders, MaxSize: key.MaxSize,
		CreatedAt: api.Time{Time: key.Created}, Expires: api.Time{Time: key.Expires},
	}
	if !key.LastUsed.IsZero() {
		view.LastUsed = &api.Time{Time: key.LastUsed}
	}
	return view
}
