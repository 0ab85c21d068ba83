package s3

import (
	"crypto/subtle"
	"errors"

	"github.com/versity/versitygw/auth"

	"postern/internal/sign"
	"postern/local/iam"
)

// accounts tells the S3 server who signed a request. To the server every signer is an administrator: type access decides
// what they may do.
type accounts struct {
	issuer *iam.Issuer
}

var (
	_ auth.IAMService         = accounts{}
	_ auth.SigningKeyProvider = accounts{}
)

// DeriveSigningKey implements auth.SigningKeyProvider for temporary credentials. The token must be the one that was issued
// with the access key. For its errors the server answers InvalidAccessKeyId and InvalidToken.
func (a accounts) DeriveSigningKey(access, token, date, region, service string) ([]byte, auth.Account, error) {
	c, ok := a.issuer.Find(access)
	if !ok {
		return nil, auth.Account{}, auth.ErrNoSuchUser
	}
	if subtle.ConstantTimeCompare([]byte(token), []byte(c.SessionToken)) != 1 {
		return nil, auth.Account{}, auth.ErrInvalidSessionToken
	}
	return sign.DeriveKey(c.SecretAccessKey, date, region, service), auth.Account{Access: access, Role: auth.RoleAdmin}, nil
}

// The rest of auth.IAMService is for long-lived accounts. There are none, and none can be made. ResolveAccounts returns the
// access keys that do not exist.

func (accounts) GetUserAccount(string) (auth.Account, error) {
	return auth.Account{}, auth.ErrNoSuchUser
}
func (accounts) ResolveAccounts(keys []string) ([]string, error)   { return keys, nil }
func (accounts) ListUserAccounts() ([]auth.Account, error)         { return nil, nil }
func (accounts) CreateAccount(auth.Account) error                  { return errors.ErrUnsupported }
func (accounts) UpdateUserAccount(string, auth.MutableProps) error { return errors.ErrUnsupported }
func (accounts) DeleteUserAccount(string) error                    { return errors.ErrUnsupported }
func (accounts) Shutdown() error                                   { return nil }
