package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"postern/internal/cfn"
	"postern/internal/identity"
	"postern/internal/records"
	"postern/local/iam"
)

// The one user of the local stage.
const (
	demoMail     = "demo@example.com"
	demoPassword = "demo-password"
)

// makeDemoUser writes the demo user into the users table, unless it is there. It does so as an operator would, through the
// services' own APIs. It reports whether the user's password may still be the one that everybody knows.
func makeDemoUser(ctx context.Context, stack *cfn.Stack, url string, operator iam.Credentials) (isKnown bool, err error) {
	secrets := secretsmanager.New(secretsmanager.Options{Region: stack.Region, BaseEndpoint: &url, Credentials: operator.Provider()})
	tables := dynamodb.New(dynamodb.Options{Region: stack.Region, BaseEndpoint: &url, Credentials: operator.Provider()})

	key, err := ownerKey(ctx, secrets, stack)
	if err != nil {
		return false, err
	}
	table, err := output(stack, "UsersTableName")
	if err != nil {
		return false, err
	}
	user, err := demoUser(key)
	if err != nil {
		return false, err
	}
	users := records.NewUsers(tables, table)
	err = users.Add(ctx, user)
	if !errors.Is(err, records.ErrUserExists) {
		return true, err
	}
	// It is of an earlier run, and maybe changed since. A row that cannot be read is no reason not to start.
	if user, ok, err := users.User(ctx, user.Mail); err == nil && ok {
		isKnown, err := identity.VerifyPassword(user.Hash, demoPassword)
		return isKnown || err != nil, nil
	}
	return true, nil
}

func ownerKey(ctx context.Context, secrets *secretsmanager.Client, stack *cfn.Stack) ([]byte, error) {
	arn, err := output(stack, "OwnerKeySecretArn")
	if err != nil {
		return nil, err
	}
	secret, err := secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return nil, fmt.Errorf("reading the owner key: %w", err)
	}
	key := []byte(aws.ToString(secret.SecretString))
	return key, identity.CheckKey(key)
}

func demoUser(key []byte) (identity.User, error) {
	mail, err := identity.ParseMail(demoMail)
	if err != nil {
		return identity.User{}, err
	}
	hash, err := identity.HashPassword(rand.Reader, demoPassword)
	if err != nil {
		return identity.User{}, err
	}
	return identity.User{Mail: mail, Owner: identity.Owner(key, mail), Hash: hash, Role: identity.RoleUser}, nil
}

func output(stack *cfn.Stack, name string) (string, error) {
	value := stack.Outputs[name]
	if value == "" {
		return "", fmt.Errorf("the template has no output %s", name)
	}
	return value, nil
}
