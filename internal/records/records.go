// Package records reads and writes what Postern keeps in DynamoDB. A caller needs these actions for the methods it uses:
//
//   - on the users table, dynamodb:GetItem (User), dynamodb:Scan (All), dynamodb:PutItem (Add, Put), dynamodb:UpdateItem
//     (SetHash), dynamodb:DeleteItem (Remove);
//   - on the uploads table, dynamodb:GetItem (Record, Usage), dynamodb:BatchGetItem (States, Usages), dynamodb:Query (Page),
//     dynamodb:PutItem and dynamodb:UpdateItem (Accept, MarkDeleted), dynamodb:UpdateItem (SetVerdict, MarkAnnounced; with
//     dynamodb:GetItem, Patch).
package records

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

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
