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
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"postern/internal/upload"
)

// Uploads is the uploads table. It holds the records of uploads and, in one more item an owner, how many bytes of them
// count towards the owner's quota. Its errors hold nothing that a client wrote. It is safe for concurrent use.
type Uploads struct {
	// Pause waits a random part of longest, or until ctx is done, before a write that met another is tried again. Default:
	// by the clock.
	Pause func(ctx context.Context, longest time.Duration)

	client *dynamodb.Client
	table  string
}

// NewUploads returns the uploads table of that name. It makes no request.
func NewUploads(client *dynamodb.Client, table string) *Uploads {
	return &Uploads{Pause: pauseByClock, client: client, table: table}
}

// Record reads the record of an upload as it is now, a tombstone included. It reports false when there is none.
func (u *Uploads) Record(ctx context.Context, owner, id string) (upload.Record, bool, error) {
	output, err := u.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &u.table, Key: keyOf(owner, id), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return upload.Record{}, false, fmt.Errorf("reading a record: %w", err)
	}
	if len(output.Item) == 0 {
		return upload.Record{}, false, nil
	}
	record, err := fromItem(output.Item)
	if err == nil && (record.Owner != owner || record.ID != id) {
		err = errors.New("it is another's")
	}
	if err != nil {
		return upload.Record{}, false, fmt.Errorf("reading a record: %w", err)
	}
	return record, true, nil
}

// Usage reads how many bytes of the owner's uploads are counted as of now; 0 when there never were any.
func (u *Uploads) Usage(ctx context.Context, owner string) (used int64, err error) {
	output, err := u.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &u.table, Key: keyOf(owner, usageID), ConsistentRead: aws.Bool(true),
		ProjectionExpression: aws.String("#used"), ExpressionAttributeNames: map[string]string{"#used": usedAttribute},
	})
	if err != nil {
		return 0, fmt.Errorf("reading the usage: %w", err)
	}
	if len(output.Item) == 0 {
		return 0, nil
	}
	if !readNumber(output.Item[usedAttribute], &used) {
		return 0, errors.New("reading the usage: it is no whole number")
	}
	return used, nil
}
