package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"postern/internal/identity"
)

// A secret is the one of Secrets Manager that holds the key of the owner hash. It is read when first needed and then
// kept: the key is never rotated.
type secret struct {
	client *secretsmanager.Client
	arn    string

	mu  sync.Mutex
	key []byte // nil: not read yet
}

// newSecret makes no request.
func newSecret(client *secretsmanager.Client, arn string) *secret {
	return &secret{client: client, arn: arn}
}

// OwnerKey implements ownerKeys.OwnerKey. A failure is not kept: the next call reads again.
func (s *secret) OwnerKey(ctx context.Context) ([]byte, error) {
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
