// Package records reads and writes what Postern keeps in DynamoDB. A function that uses it needs dynamodb:GetItem on
// the users table for Users; and of the uploads table, for what it calls of Uploads, dynamodb:GetItem (Record, Usage),
// dynamodb:Query (Page), dynamodb:PutItem and dynamodb:UpdateItem (Accept, Bury), dynamodb:UpdateItem (Settle, Announce,
// and with dynamodb:GetItem, Patch).
package records

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/internal/identity"
	"postern/internal/transport"
)

// Config says where the tables are.
type Config struct {
	// Region is the AWS region.
	Region string
	// Endpoint is DynamoDB's address. If empty, it is AWS's own of the region.
	Endpoint string
	// Credentials sign the requests.
	Credentials aws.CredentialsProvider
	// HTTP sends the requests. If nil, it is transport's client.
	HTTP aws.HTTPClient
	// Pause waits a random part of longest, or until ctx is done, before a write that met another is tried again. If nil,
	// it does so by the clock.
	Pause func(ctx context.Context, longest time.Duration)
}

// client makes no request.
func (c Config) client() *dynamodb.Client {
	options := dynamodb.Options{Region: c.Region, Credentials: c.Credentials, HTTPClient: c.HTTP}
	if c.HTTP == nil {
		options.HTTPClient = transport.New()
	}
	if c.Endpoint != "" {
		options.BaseEndpoint = &c.Endpoint
	}
	return dynamodb.New(options)
}

// Users is the users table.
type Users struct {
	client *dynamodb.Client
	table  string
}

// NewUsers returns the users table of that name. It makes no request.
func NewUsers(config Config, table string) *Users {
	return &Users{config.client(), table}
}

// User reads a user's row, with a consistent read: a row changed or deleted before the call is seen as such. It reports
// false when there is none. Its errors do not hold the mail.
func (u *Users) User(ctx context.Context, mail identity.Mail) (identity.User, bool, error) {
	output, err := u.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      &u.table,
		Key:            map[string]types.AttributeValue{identity.MailAttribute: &types.AttributeValueMemberS{Value: string(mail)}},
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return identity.User{}, false, fmt.Errorf("reading a user: %w", err)
	}
	if len(output.Item) == 0 {
		return identity.User{}, false, nil
	}
	user, err := identity.UserFromItem(plain(output.Item))
	if err != nil {
		return identity.User{}, false, fmt.Errorf("reading a user: %w", err)
	}
	if user.Mail != mail {
		return identity.User{}, false, errors.New("reading a user: the row is another's")
	}
	return user, true, nil
}

// plain turns strings into string and whole numbers into int64. Other values become nil, which no attribute of a user
// may be.
func plain(item map[string]types.AttributeValue) map[string]any {
	values := make(map[string]any, len(item))
	for name, value := range item {
		values[name] = nil
		switch value := value.(type) {
		case *types.AttributeValueMemberS:
			values[name] = value.Value
		case *types.AttributeValueMemberN:
			if number, err := strconv.ParseInt(value.Value, 10, 64); err == nil {
				values[name] = number
			}
		}
	}
	return values
}
