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
	client *dynamodb.Client
	table  string
	pause  func(ctx context.Context, longest time.Duration)
}

// NewUploads returns the uploads table of that name. It makes no request.
func NewUploads(config Config, table string) *Uploads {
	pause := config.Pause
	if pause == nil {
		pause = pauseByClock
	}
	return &Uploads{config.client(), table, pause}
}

// UploadsOf returns the uploads table of that name, behind a client that the caller has made. It makes no request.
func UploadsOf(client *dynamodb.Client, table string) *Uploads {
	return &Uploads{client, table, pauseByClock}
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
