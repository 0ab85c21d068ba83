// Package records reads and writes what Postern keeps in DynamoDB. A caller needs these actions for the methods it uses:
//
//   - on the users table, dynamodb:GetItem (User, Owner), dynamodb:BatchGetItem (SignIn), dynamodb:Scan (All, MailsOf, Blocks),
//     dynamodb:PutItem (Add, Put, AddBlock; with dynamodb:GetItem, Change, SetHash, AddHash, DropOldHash), dynamodb:UpdateItem (AddGuess,
//     Leave), dynamodb:DeleteItem (Remove, RemoveBlock);
//   - on the uploads table, dynamodb:GetItem (Record, Usage, Account, IsRemoved), dynamodb:BatchGetItem (States, Accounts), dynamodb:Query
//     (Page, OwnerPage), dynamodb:PutItem and dynamodb:UpdateItem (Accept, MarkDeleted), dynamodb:PutItem (MarkRemoved),
//     dynamodb:DeleteItem (UnmarkRemoved, RemoveUsage), dynamodb:UpdateItem (SetVerdict, MarkPublished,
//     Patch, Block, Unblock).
package records

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/internal/upload"
)

// Uploads is the uploads table. It holds the records of uploads and, in one more item for each owner, how many bytes and files
// of them count towards the owner's quotas. One more item marks an owner that was removed. It implements
// lifecycle.OwnerRecords. Its errors hold nothing that a client wrote. It is
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

// Usage reads what of the owner's uploads is counted now: nothing if there never were any.
func (u *Uploads) Usage(ctx context.Context, owner string) (upload.Usage, error) {
	account, err := u.Account(ctx, owner)
	return account.Usage, err
}

// readUsage reads a usage item.
func readUsage(row item) (used upload.Usage, ok bool) {
	ok = readNumber(row[usedAttribute], &used.Bytes) && readFiles(row, &used.Files)
	return used, ok
}

const (
	// maxPageRead bounds how many records are read for one page, about.
	maxPageRead = 500
	// filteredRead is how many records one query reads for a page of one status or context.
	filteredRead = 250
)

// Page implements uploadRecords of lambda/manage. It reads about maxPageRead records at most. It filters here, because a filter
// in DynamoDB would read, and cost, the same.
func (u *Uploads) Page(ctx context.Context, owner string, page upload.Page) (records []upload.Record, next string, err error) {
	before, limit := page.Before, page.Limit
	if before == "" || before > endOfIDs {
		before = endOfIDs
	}
	size := limit
	if page.Status != "" || page.Context != "" {
		size = max(limit, filteredRead)
	}
	for read := 0; read < maxPageRead; {
		batch, last, err := u.query(ctx, owner, before, size)
		if err != nil {
			return nil, "", fmt.Errorf("reading a page of records: %w", err)
		}
		for _, record := range batch {
			if !page.Selects(record) {
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

// Patch changes what people have written of an upload. record is what was read of it, neither a tombstone nor over quota. Patch
// makes the record count its new texts, and changes the owner's usage by the difference, both or neither. It returns the
// record with its next Version. It returns upload.ErrChanged if the record's Version is not as given, and
// upload.ErrOverQuota if the usage would grow beyond quota bytes.
func (u *Uploads) Patch(ctx context.Context, record upload.Record, patch upload.Patch, quota int64) (upload.Record, error) {
	patched := patch.Apply(record)
	writes := []types.TransactWriteItem{u.rewrite(record, patch, patched.Counted)}
	switch more := patched.Counted - record.Counted; {
	case more > quota:
		return upload.Record{}, fmt.Errorf("patching a record: %w", upload.ErrOverQuota)
	case more > 0:
		room := upload.Usage{Bytes: quota - more, Files: math.MaxInt64}
		writes = append(writes, u.addUsage(record.Owner, upload.Usage{Bytes: more}, &room))
	case more < 0:
		writes = append(writes, u.addUsage(record.Owner, upload.Usage{Bytes: more}, nil))
	}
	if err := u.transact(ctx, writes); err != nil {
		return upload.Record{}, fmt.Errorf("patching a record: %w", err)
	}
	return patched, nil
}

// rewrite sets what a patch changes and Counted, and increments Version, if the record still has the Version that it has
// now. A field that is removed is set to empty, which reads the same.
func (u *Uploads) rewrite(record upload.Record, patch upload.Patch, counted int64) types.TransactWriteItem {
	update := &types.Update{
		TableName:           &u.table,
		Key:                 uploadKey(record.Owner, record.ID),
		ConditionExpression: aws.String("#version = :version"),
		ExpressionAttributeNames: map[string]string{
			"#version": versionAttribute, "#counted": countedAttribute,
		},
		ExpressionAttributeValues: item{":version": number(record.Version), ":next": number(record.Version + 1), ":counted": number(counted)},
	}
	expression := "SET #version = :next, #counted = :counted"
	for name, value := range changes(patch) {
		update.ExpressionAttributeNames["#"+name] = name
		update.ExpressionAttributeValues[":"+name] = value
		expression += ", #" + name + " = :" + name
	}
	update.UpdateExpression = &expression
	return types.TransactWriteItem{Update: update}
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
