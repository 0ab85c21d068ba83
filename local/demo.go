package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"postern/internal/cfn"
	"postern/internal/identity"
	"postern/local/iam"
)

// The one user of the local stage.
const (
	demoMail     = "demo@example.com"
	demoPassword = "demo-password"
)

// makeDemoUser writes the demo user into the users table, as an operator would: through the services' own APIs.
func makeDemoUser(ctx context.Context, stack *cfn.Stack, url string, operator iam.Credentials) error {
	secrets := secretsmanager.New(secretsmanager.Options{Region: stack.Region, BaseEndpoint: &url, Credentials: operator.Provider()})
	tables := dynamodb.New(dynamodb.Options{Region: stack.Region, BaseEndpoint: &url, Credentials: operator.Provider()})

	key, err := ownerKey(ctx, secrets, stack)
	if err != nil {
		return err
	}
	table, err := output(stack, "UsersTableName")
	if err != nil {
		return err
	}
	user, err := demoUser(key)
	if err != nil {
		return err
	}
	_, err = tables.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: attributes(user.Item())})
	return err
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

// attributes turns a row's strings and integers into DynamoDB's values.
func attributes(row map[string]any) map[string]types.AttributeValue {
	item := make(map[string]types.AttributeValue, len(row))
	for name, value := range row {
		switch value := value.(type) {
		case string:
			item[name] = &types.AttributeValueMemberS{Value: value}
		case int64:
			item[name] = &types.AttributeValueMemberN{Value: strconv.FormatInt(value, 10)}
		default:
			panic(fmt.Sprintf("attribute %s has type %T", name, value))
		}
	}
	return item
}

func output(stack *cfn.Stack, name string) (string, error) {
	value := stack.Outputs[name]
	if value == "" {
		return "", fmt.Errorf("the template has no output %s", name)
	}
	return value, nil
}
