// Package iam issues temporary credentials of the stack's roles and checks calls against the policies of the template.
// Credentials live as long as this program: each start makes new ones.
package iam

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"io"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Credentials are temporary credentials of one role, as the Security Token Service hands them out:
// https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html
type Credentials struct {
	AccessKeyID     string // begins with ASIA
	SecretAccessKey string
	SessionToken    string
	Role            string // logical id, or Operator
}

// Operator is the principal that may do everything except what a resource's policy denies to everyone. No role can have this
// name, because a logical id has no space.
const Operator = "the operator"

// AWS returns the credentials as the SDK takes them.
func (c Credentials) AWS() aws.Credentials {
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

// Provider returns a provider of the credentials, for a client of the SDK.
func (c Credentials) Provider() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c.AWS(), nil })
}

// Environment returns the variables in which a function gets the credentials from Lambda.
func (c Credentials) Environment() map[string]string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID":     c.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY": c.SecretAccessKey,
		"AWS_SESSION_TOKEN":     c.SessionToken,
	}
}

// String names the role and hides the rest, so that no log shows credentials.
func (c Credentials) String() string { return "credentials of role " + c.Role }

// GoString implements fmt.GoStringer, by String.
func (c Credentials) GoString() string { return c.String() }

// An Issuer makes credentials and finds them by access key id. It is safe for concurrent use.
type Issuer struct {
	random io.Reader

	mu    sync.Mutex
	byKey map[string]Credentials
}

// NewIssuer returns an issuer that has issued nothing yet. Its credentials come from random.
func NewIssuer(random io.Reader) *Issuer {
	return &Issuer{random: random, byKey: make(map[string]Credentials)}
}

// Issue makes new credentials of the role with a logical id, or of the Operator. It fails only if random does.
func (i *Issuer) Issue(role string) (Credentials, error) {
	var random [10 + 30 + 96]byte // whole characters of base32 and base64
	if _, err := io.ReadFull(i.random, random[:]); err != nil {
		return Credentials{}, fmt.Errorf("issuing credentials of role %s: %w", role, err)
	}
	c := Credentials{
		AccessKeyID:     "ASIA" + base32.StdEncoding.EncodeToString(random[:10]),
		SecretAccessKey: base64.StdEncoding.EncodeToString(random[10:40]),
		SessionToken:    base64.StdEncoding.EncodeToString(random[40:]),
		Role:            role,
	}
	i.mu.Lock()
	i.byKey[c.AccessKeyID] = c
	i.mu.Unlock()
	return c, nil
}

// Find returns the credentials with an access key id.
func (i *Issuer) Find(accessKeyID string) (Credentials, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	c, ok := i.byKey[accessKeyID]
	return c, ok
}
