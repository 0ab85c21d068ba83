// Package demouser makes the user with which a person tries the local run.
package demouser

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

// Mail and Password are those of the one user of a new local run.
const (
	Mail     = "demo@example.com"
	Password = "demo-password"
)

// Make writes the demo user into the users table, unless it is there. It does so as an operator would, through the services'
// own APIs at url. It reports whether the user's password may still be the one that everybody knows.
func Make(ctx context.Context, stack *cfn.Stack, url string, operator iam.Credentials) (isKnown bool, err error) {
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
	user, err := newUser(key)
	if err != nil {
		return false, err
	}
	users := records.NewUsers(tables, table)
	if err := forgive(ctx, stack, users, tables, user); err != nil {
		return false, err
	}
	err = users.Add(ctx, user)
	if !errors.Is(err, records.ErrUserExists) {
		return true, err
	}
	// It is of an earlier run, and maybe changed since. A row that cannot be read does not keep the run from starting.
	if user, ok, err := users.User(ctx, user.Mail); err == nil && ok {
		isKnown, err := identity.VerifyPassword(user.Hash, Password)
		return isKnown || err != nil, nil
	}
	return true, nil
}

// forgive lets what arrives for a demo user who was removed be accepted again: it is the same one who comes back.
func forgive(ctx context.Context, stack *cfn.Stack, users *records.Users, tables *dynamodb.Client, user identity.User) error {
	if _, found, err := users.Owner(ctx, user.Mail); found || err != nil {
		return err
	}
	table, err := output(stack, "UploadsTableName")
	if err != nil {
		return err
	}
	return records.NewUploads(tables, table).UnmarkRemoved(ctx, user.Owner)
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

func newUser(key []byte) (identity.User, error) {
	mail, err := identity.ParseMail(Mail)
	if err != nil {
		return identity.User{}, err
	}
	hash, err := identity.HashPassword(rand.Reader, Password)
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
