package client

import (
	"context"
	"errors"
	"net/http"
	"regexp"

	"postern/api"
)

// keyID is the form of a key's id, as the API's document has it.
var keyID = regexp.MustCompile(`^[a-z2-7]{8}$`)

// Bearer returns an Authorization by a key for scripts (RFC 6750).
func Bearer(key string) Authorization {
	return func(context.Context) (string, error) { return "Bearer " + key, nil }
}

// CreateKey makes a key for scripts of the caller, who signs in with a password. The answer alone has the key itself. It is
// not repeated when its outcome is unknown: Keys then tells whether it was made.
func (c *Client) CreateKey(ctx context.Context, request api.ScriptKeyRequest) (api.ScriptKey, error) {
	var made api.ScriptKey
	_, err := c.do(ctx, call{method: http.MethodPost, path: "keys", body: request, once: true}, &made)
	return made, err
}

// Keys returns the caller's keys for scripts, the oldest first, without the keys themselves.
func (c *Client) Keys(ctx context.Context) ([]api.ScriptKey, error) {
	var list api.ScriptKeyList
	_, err := c.do(ctx, call{method: http.MethodGet, path: "keys"}, &list)
	return list.Keys, err
}

// RevokeKey ends a key for scripts of the caller, within 60 seconds. A key that an attempt before has revoked is no error.
func (c *Client) RevokeKey(ctx context.Context, id string) error {
	if !keyID.MatchString(id) {
		return errors.New("not the id of a key: must be 8 letters a-z and digits 2-7")
	}
	mayBeDone, err := c.do(ctx, call{method: http.MethodDelete, path: "keys/" + id}, nil)
	if refusal, ok := errors.AsType[*Error](err); ok && mayBeDone && refusal.Status == http.StatusNotFound {
		return nil
	}
	return err
}
