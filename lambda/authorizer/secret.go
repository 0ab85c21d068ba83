package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"postern/internal/identity"
	"postern/internal/transport"
)

// A secret is the secret of Secrets Manager that holds the key of the owner hash. It is read when it is first needed
// and then kept: the key is never rotated.
type secret struct {
	client *secretsmanager.Client
	arn    string

	mu  sync.Mutex
	key []byte // nil: not read yet
}

// newSecret makes no request. If endpoint is empty, it is AWS's own of the region.
func newSecret(region, endpoint string, credentials aws.CredentialsProvider, arn string) *secret {
	options := secretsmanager.Options{Region: region, Credentials: credentials, HTTPClient: transport.New()}
	if endpoint != "" {
		options.BaseEndpoint = &endpoint
	}
	return &secret{client: secretsmanager.New(options), arn: arn}
}

// OwnerKey returns the key. A failure is not kept: the next call reads again.
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
