// Package records reads and writes what Postern keeps in DynamoDB. A caller needs these actions for the methods it uses:
//
//   - on the users table, dynamodb:GetItem (User, Owner), dynamodb:Scan (All, MailsOf), dynamodb:PutItem (Add, Put; with
//     dynamodb:GetItem, Change), dynamodb:UpdateItem (SetHash, Leave), dynamodb:DeleteItem (Remove);
//   - on the uploads table, dynamodb:GetItem (Record, Usage, IsRemoved), dynamodb:BatchGetItem (States, Usages), dynamodb:Query
//     (Page, OwnerPage), dynamodb:PutItem and dynamodb:UpdateItem (Accept, MarkDeleted), dynamodb:PutItem (MarkRemoved),
//     dynamodb:DeleteItem (UnmarkRemoved, RemoveUsage), dynamodb:UpdateItem (SetVerdict, MarkPublished; with
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

// Uploads is the uploads table. It holds the records of uploads and, in one more item for each owner, how many bytes of
// them count towards the owner's quota. One more item marks an owner that was removed. It implements lifecycle.OwnerRecords. Its errors hold nothing that a client wrote. It is
// safe for concurrent use.
type Uploads struct {
	// Pause waits a random part of longest, or until ctx is done, before a write that conflicted is retried. Default: by the
	// clock.
	Pause func(ctx context.Context, longest time.Duration)

	client *dynamodb.Client
	table  string
}

// NewUploads returns the uploads table of that name. It makes no request.
func NewUploads(client *dynamodb.Client, table string) *Uploads {
	return &Uploads{Pause: pauseByClock, client: client, table: table}
}

// Record implements lifecycle.RecordReader.
func (u *Uploads) Record(ctx context.Context, owner, id string) (upload.Record, bool, error) {
	output, err := u.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &u.table, Key: uploadKey(owner, id), ConsistentRead: aws.Bool(true),
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

// Usage reads how many bytes of the owner's uploads are counted now: 0 if there never were any.
func (u *Uploads) Usage(ctx context.Context, owner string) (used int64, err error) {
	output, err := u.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &u.table, Key: uploadKey(owner, usageID), ConsistentRead: aws.Bool(true),
		ProjectionExpression: aws.String("#used"), ExpressionAttributeNames: map[string]string{"#used": usedAttribute},
	})
	if err != nil {
		return 0, fmt.Errorf("reading the usage: %w", err)
	}
	if len(output.Item) == 0 {
		return 0, nil
	}
	if !readNumber(output.Item[usedAttribute], &used) {
		return 0, errors.New("reading the usage: it is not a whole number")
	}
	return used, nil
}

const (
	// maxPageRead bounds how many records are read for one page, about.
	maxPageRead = 500
	// filteredRead is how many records one query reads for a page of one status.
	filteredRead = 250
)

// Page implements uploadRecords of lambda/manage. It reads about maxPageRead records at most. It filters here, because a filter
// in DynamoDB would read, and cost, the same.
func (u *Uploads) Page(ctx context.Context, owner, before string, limit int32, status upload.Status) (records []upload.Record, next string, err error) {
	if before == "" || before > endOfIDs {
		before = endOfIDs
	}
	size := limit
	if status != "" {
		size = max(limit, filteredRead)
	}
	for read := 0; read < maxPageRead; {
		batch, last, err := u.query(ctx, owner, before, size)
		if err != nil {
			return nil, "", fmt.Errorf("reading a page of records: %w", err)
		}
		for _, record := range batch {
			if record.Status == upload.Deleted || status != "" && record.Status != status {
				continue
			}
			if len(records) == int(limit) {
				return records, records[limit-1].ID, nil
			}
			records = append(records, record)
		}
		read, before = read+len(batch), last
		if last == "" || len(records) == int(limit) {
			break
		}
	}
	return records, before, nil
}

// query reads up to size of the owner's records whose id is below before, the newest first. last is the id of the last, and
// empty if there are no more.
func (u *Uploads) query(ctx context.Context, owner, before string, size int32) (records []upload.Record, last string, err error) {
	output, err := u.client.Query(ctx, &dynamodb.QueryInput{
		TableName:                 &u.table,
		KeyConditionExpression:    aws.String("#owner = :owner AND #id < :before"),
		ExpressionAttributeNames:  map[string]string{"#owner": ownerAttribute, "#id": idAttribute},
		ExpressionAttributeValues: item{":owner": text(owner), ":before": text(before)},
		ScanIndexForward:          aws.Bool(false),
		ConsistentRead:            aws.Bool(true),
		Limit:                     &size,
	})
	if err != nil {
		return nil, "", err
	}
	for _, item := range output.Items {
		record, err := fromItem(item)
		if err == nil && record.Owner != owner {
			err = errors.New("one is another's")
		}
		if err != nil {
			return nil, "", err
		}
		records = append(records, record)
	}
	if end := output.LastEvaluatedKey[idAttribute]; end != nil && !readText(end, &last) {
		return nil, "", errors.New("the page's end is malformed")
	}
	return records, last, nil
}

// Patch changes what people have written of an upload, increments the Version of its record, and returns it. It returns
// upload.ErrGone if there is no record, or a tombstone, and upload.ErrChanged if version is not nil and not the record's.
func (u *Uploads) Patch(ctx context.Context, owner, id string, patch upload.Patch, version *int64) (upload.Record, error) {
	input := newUpdate(patch)
	input.Key = uploadKey(owner, id)
	if version != nil {
		*input.ConditionExpression += " AND #version = :version"
		input.ExpressionAttributeValues[":version"] = number(*version)
	}
	record, err := u.update(ctx, input)
	if errors.Is(err, upload.ErrChanged) {
		err = u.explainConflict(ctx, owner, id)
	}
	if err != nil {
		return upload.Record{}, fmt.Errorf("patching a record: %w", err)
	}
	return record, nil
}

// explainConflict returns upload.ErrGone if the record is gone, and upload.ErrChanged if it has another version.
func (u *Uploads) explainConflict(ctx context.Context, owner, id string) error {
	record, found, err := u.Record(ctx, owner, id)
	switch {
	case err != nil:
		return err
	case !found || record.Status == upload.Deleted:
		return upload.ErrGone
	default:
		return upload.ErrChanged
	}
}

// newUpdate returns the update of a record that is not a tombstone, without its key. A field that is removed is set to
// empty, which reads the same.
func newUpdate(patch upload.Patch) *dynamodb.UpdateItemInput {
	update := &dynamodb.UpdateItemInput{
		ConditionExpression:      aws.String("#status IN (:accepted, :ready, :rejected)"),
		ExpressionAttributeNames: map[string]string{"#status": statusAttribute, "#version": versionAttribute},
		ExpressionAttributeValues: item{
			":accepted": text(string(upload.Accepted)), ":ready": text(string(upload.Ready)), ":rejected": text(string(upload.Rejected)),
			":one": number(1),
		},
	}
	expression := "SET #version = #version + :one"
	for name, value := range changes(patch) {
		update.ExpressionAttributeNames["#"+name] = name
		update.ExpressionAttributeValues[":"+name] = value
		expression += ", #" + name + " = :" + name
	}
	update.UpdateExpression = &expression
	return update
}

// changes returns the attributes that a patch sets.
func changes(patch upload.Patch) item {
	changes := item{}
	if patch.Title != nil {
		changes[titleAttribute] = text(*patch.Title)
	}
	if patch.Description != nil {
		changes[descriptionAttribute] = text(*patch.Description)
	}
	if patch.Labels != nil {
		changes[labelsAttribute] = texts(*patch.Labels)
	}
	return changes
}
