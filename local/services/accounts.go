package services

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"github.com/versity/versitygw/auth"

	"postern/local/iam"
)

// Accounts lets the S3 server look up who signed a request. To the server everyone is an administrator: what they may
// do, type access decides.
type accounts struct {
	issuer *iam.Issuer
}

var (
	_ auth.IAMService         = accounts{}
	_ auth.SigningKeyProvider = accounts{}
)

// DeriveSigningKey is the SigV4 signing key of temporary credentials. It wants the session token that was issued with
// the access key: auth.ErrNoSuchUser and auth.ErrInvalidSessionToken are what S3 answers InvalidAccessKeyId and
// InvalidToken for.
func (a accounts) DeriveSigningKey(access, token, date, region, service string) ([]byte, auth.Account, error) {
	c, ok := a.issuer.Find(access)
	if !ok {
		return nil, auth.Account{}, auth.ErrNoSuchUser
	}
	if subtle.ConstantTimeCompare([]byte(token), []byte(c.SessionToken)) != 1 {
		return nil, auth.Account{}, auth.ErrInvalidSessionToken
	}
	key := []byte("AWS4" + c.SecretAccessKey)
	for _, part := range []string{date, region, service, "aws4_request"} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return key, auth.Account{Access: access, Role: auth.RoleAdmin}, nil
}

// GetUserAccount finds nobody: there are no long-lived credentials.
func (accounts) GetUserAccount(string) (auth.Account, error) {
	return auth.Account{}, auth.ErrNoSuchUser
}

// ResolveAccounts returns the access keys that do not exist: all of them.
func (accounts) ResolveAccounts(keys []string) ([]string, error) { return keys, nil }

// ListUserAccounts lists nobody.
func (accounts) ListUserAccounts() ([]auth.Account, error) { return nil, nil }

// CreateAccount is not possible.
func (accounts) CreateAccount(auth.Account) error { return errors.ErrUnsupported }

// UpdateUserAccount is not possible.
func (accounts) UpdateUserAccount(string, auth.MutableProps) error { return errors.ErrUnsupported }

// DeleteUserAccount is not possible.
func (accounts) DeleteUserAccount(string) error { return errors.ErrUnsupported }

// Shutdown has nothing to do.
func (accounts) Shutdown() error { return nil }
