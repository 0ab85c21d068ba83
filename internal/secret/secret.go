// Package secret reads the stage's secret from Secrets Manager: the key of the owner hash, from which the owners' keys are
// derived, too. A caller needs secretsmanager:GetSecretValue on it.
package secret

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"postern/internal/identity"
)

// A Secret is the one of Secrets Manager that holds the key of the owner hash. It is read when first needed and then
// kept: the key is never rotated. It is safe for concurrent use.
type Secret struct {
	client *secretsmanager.Client
	arn    string

	mu  sync.Mutex
	key []byte // nil: not read yet
}

// New returns the secret of that ARN. It makes no request.
func New(config aws.Config, arn string) *Secret {
	return &Secret{client: secretsmanager.NewFromConfig(config), arn: arn}
}

// OwnerKey returns a key that identity.CheckKey accepts. A failure is not kept: the next call reads again. Its errors do not
// hold the key.
func (s *Secret) OwnerKey(ctx context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key != nil {
		return s.key, nil
	}
	output, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.arn})
	if err != nil {
		return nil, fmt.Errorf("reading the owner key: %w", err)
	}
	if output.SecretString == nil {
		return nil, errors.New("reading the owner key: the secret is no text")
	}
	key := []byte(*output.SecretString)
	if err := identity.CheckKey(key); err != nil {
		return nil, fmt.Errorf("reading the owner key: %w", err)
	}
	s.key = key
	return key, nil
}
