package records

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/internal/upload"
)

// removedID is the sort key of the item that marks an owner as removed. It sorts after every id.
const removedID = "removed"

// IsRemoved implements lifecycle.Records.
func (u *Uploads) IsRemoved(ctx context.Context, owner string) (bool, error) {
	output, err := u.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &u.table, Key: uploadKey(owner, removedID), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return false, fmt.Errorf("reading whether an owner is removed: %w", err)
	}
	return len(output.Item) > 0, nil
}

// MarkRemoved implements lifecycle.OwnerRecords.
func (u *Uploads) MarkRemoved(ctx context.Context, owner string) error {
	_, err := u.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &u.table, Item: uploadKey(owner, removedID)})
	if err != nil {
		return fmt.Errorf("marking an owner as removed: %w", err)
	}
	return nil
}

// UnmarkRemoved takes back what MarkRemoved did: what arrives for the owner is accepted again. An owner that is not marked
// is no error.
func (u *Uploads) UnmarkRemoved(ctx context.Context, owner string) error {
	_, err := u.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &u.table, Key: uploadKey(owner, removedID)})
	if err != nil {
		return fmt.Errorf("marking an owner as not removed: %w", err)
	}
	return nil
}

// ownerRead is how many records one request for an owner's records reads at most.
const ownerRead = 500

// OwnerPage implements lifecycle.OwnerRecords.
func (u *Uploads) OwnerPage(ctx context.Context, owner, before string) (records []upload.Record, next string, err error) {
	if before == "" {
		before = endOfIDs
	}
	records, next, err = u.query(ctx, owner, before, ownerRead)
	if err != nil {
		return nil, "", fmt.Errorf("reading an owner's records: %w", err)
	}
	return records, next, nil
}

// RemoveUsage implements lifecycle.OwnerRecords.
func (u *Uploads) RemoveUsage(ctx context.Context, owner string) (bool, error) {
	output, err := u.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &u.table, Key: uploadKey(owner, usageID), ReturnValues: types.ReturnValueAllOld,
	})
	if err != nil {
		return false, fmt.Errorf("removing a usage: %w", err)
	}
	return len(output.Attributes) > 0, nil
}

// MarkAllDeleted implements lifecycle.OwnerRecords.
func (u *Uploads) MarkAllDeleted(ctx context.Context, records []upload.Record, expires time.Time) error {
	var writes []types.TransactWriteItem
	var freed upload.Usage
	for _, record := range records {
		_, write := u.tombstone(record, expires)
		writes = append(writes, write)
		freed.Bytes -= record.Counted
		freed.Files -= record.Files
	}
	if freed != (upload.Usage{}) {
		writes = append(writes, u.addUsage(records[0].Owner, freed, nil))
	}
	err := u.retryOnConflict(ctx, func() error {
		_, err := u.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
		return err
	})
	if slices.Contains(cancellations(err), "ConditionalCheckFailed") {
		err = upload.ErrChanged
	}
	if err != nil {
		return fmt.Errorf("marking records as deleted: %w", err)
	}
	return nil
}
