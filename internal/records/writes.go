package records

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/internal/upload"
)

// Positions of a transaction's writes.
const (
	atRecord = iota
	atUsage
	atLink
)

// Accept implements lifecycle.Records.
func (u *Uploads) Accept(ctx context.Context, record upload.Record, quota upload.Usage) error {
	writes, err := u.accept(record, quota)
	if err != nil {
		return err
	}
	if err := u.transact(ctx, writes); err != nil {
		return fmt.Errorf("accepting an upload: %w", err)
	}
	return nil
}

// accept returns the writes of Accept: that of the record, and that of the usage if the record counts.
func (u *Uploads) accept(record upload.Record, quota upload.Usage) ([]types.TransactWriteItem, error) {
	writes := []types.TransactWriteItem{u.putNew(record)}
	switch {
	case record.Counted < 0 || record.Files < 0:
		return nil, errors.New("accepting an upload: Counted or Files is negative")
	case record.Counted > quota.Bytes || record.Files > quota.Files:
		return nil, fmt.Errorf("accepting an upload: %w", upload.ErrOverQuota)
	case record.Counted > 0 || record.Files > 0:
		room := upload.Usage{Bytes: quota.Bytes - record.Counted, Files: quota.Files - record.Files}
		writes = append(writes, u.addUsage(record.Owner, upload.Usage{Bytes: record.Counted, Files: record.Files}, &room))
	}
	return writes, nil
}

// SetVerdict implements lifecycle.Records.
func (u *Uploads) SetVerdict(ctx context.Context, record upload.Record) (upload.Record, error) {
	judged, err := u.update(ctx, &dynamodb.UpdateItemInput{
		Key:                 uploadKey(record.Owner, record.ID),
		UpdateExpression:    aws.String("SET #status = :verdict, #version = #version + :one"),
		ConditionExpression: aws.String("#status = :accepted AND #versionId = :versionId"),
		ExpressionAttributeNames: map[string]string{
			"#status": statusAttribute, "#version": versionAttribute, "#versionId": versionIDAttribute,
		},
		ExpressionAttributeValues: item{
			":verdict": text(string(record.Verdict())), ":accepted": text(string(upload.Accepted)),
			":versionId": text(record.VersionID), ":one": number(1),
		},
	})
	if err != nil {
		return upload.Record{}, fmt.Errorf("setting a verdict: %w", err)
	}
	return judged, nil
}

// MarkPublished implements lifecycle.Records.
func (u *Uploads) MarkPublished(ctx context.Context, record upload.Record) error {
	_, err := u.update(ctx, &dynamodb.UpdateItemInput{
		Key:                      uploadKey(record.Owner, record.ID),
		UpdateExpression:         aws.String("SET #published = :true"),
		ConditionExpression:      aws.String("#status = :status"),
		ExpressionAttributeNames: map[string]string{"#published": publishedAttribute, "#status": statusAttribute},
		ExpressionAttributeValues: item{
			":true": &types.AttributeValueMemberBOOL{Value: true}, ":status": text(string(record.Status)),
		},
	})
	if err != nil {
		return fmt.Errorf("noting an event: %w", err)
	}
	return nil
}

// MarkDeleted implements lifecycle.Records.
func (u *Uploads) MarkDeleted(ctx context.Context, record upload.Record, expires time.Time) (upload.Record, error) {
	tombstone, write := u.tombstone(record, expires)
	writes := []types.TransactWriteItem{write}
	if record.Counted > 0 || record.Files > 0 {
		writes = append(writes, u.addUsage(record.Owner, upload.Usage{Bytes: -record.Counted, Files: -record.Files}, nil))
	}
	if err := u.transact(ctx, writes); err != nil {
		return upload.Record{}, fmt.Errorf("marking a record as deleted: %w", err)
	}
	return tombstone, nil
}

// tombstone returns the tombstone of a record, and the write that puts it in its place.
func (u *Uploads) tombstone(record upload.Record, expires time.Time) (upload.Record, types.TransactWriteItem) {
	tombstone := upload.Record{
		Owner: record.Owner, ID: record.ID, Key: record.Key, VersionID: record.VersionID,
		Status: upload.Deleted, Reason: record.Reason, Size: record.Size, Type: record.Type, Context: record.Context,
		Version: record.Version + 1, Expires: time.Unix(expires.Unix(), 0).UTC(),
	}
	write := u.putNew(tombstone)
	if record.Version > 0 {
		write = u.replace(record, tombstone)
	}
	return tombstone, write
}

func (u *Uploads) putNew(record upload.Record) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName:                &u.table,
		Item:                     toItem(record),
		ConditionExpression:      aws.String("attribute_not_exists(#id)"),
		ExpressionAttributeNames: map[string]string{"#id": idAttribute},
	}}
}

// replace puts record in the place of old, if Status, VersionID and Counted are still those of old.
func (u *Uploads) replace(old, record upload.Record) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName:           &u.table,
		Item:                toItem(record),
		ConditionExpression: aws.String("#status = :status AND #versionId = :versionId AND #counted = :counted"),
		ExpressionAttributeNames: map[string]string{
			"#status": statusAttribute, "#versionId": versionIDAttribute, "#counted": countedAttribute,
		},
		ExpressionAttributeValues: item{
			":status": text(string(old.Status)), ":versionId": text(old.VersionID), ":counted": number(old.Counted),
		},
	}}
}

// addUsage adds to the owner's usage. If room is not nil, the usage must be at most room before. What an item does not count
// yet is 0.
func (u *Uploads) addUsage(owner string, more upload.Usage, room *upload.Usage) types.TransactWriteItem {
	update := &types.Update{
		TableName:                 &u.table,
		Key:                       uploadKey(owner, usageID),
		UpdateExpression:          aws.String("ADD #used :bytes, #files :files"),
		ExpressionAttributeNames:  map[string]string{"#used": usedAttribute, "#files": filesAttribute},
		ExpressionAttributeValues: item{":bytes": number(more.Bytes), ":files": number(more.Files)},
	}
	if room != nil {
		update.ConditionExpression = aws.String("(attribute_not_exists(#used) OR #used <= :room) AND (attribute_not_exists(#files) OR #files <= :roomFiles)")
		update.ExpressionAttributeValues[":room"] = number(room.Bytes)
		update.ExpressionAttributeValues[":roomFiles"] = number(room.Files)
	}
	return types.TransactWriteItem{Update: update}
}

// transact does all writes or none. It returns upload.ErrChanged if the condition on the record does not hold,
// upload.ErrOverQuota if that on the usage does not, and upload.ErrLinkUsedUp if that on the link does not.
func (u *Uploads) transact(ctx context.Context, writes []types.TransactWriteItem) error {
	err := u.retryOnConflict(ctx, func() error {
		_, err := u.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
		if failedAt(err, atRecord) {
			return upload.ErrChanged
		}
		return err
	})
	if failedAt(err, atUsage) {
		return upload.ErrOverQuota
	}
	if failedAt(err, atLink) {
		return upload.ErrLinkUsedUp
	}
	return err
}

// update changes a record and returns it. It returns upload.ErrChanged if the condition does not hold.
func (u *Uploads) update(ctx context.Context, input *dynamodb.UpdateItemInput) (upload.Record, error) {
	input.TableName, input.ReturnValues = &u.table, types.ReturnValueAllNew
	var output *dynamodb.UpdateItemOutput
	err := u.retryOnConflict(ctx, func() (err error) {
		output, err = u.client.UpdateItem(ctx, input)
		return err
	})
	if isConditionFailed(err) {
		return upload.Record{}, upload.ErrChanged
	}
	if err != nil {
		return upload.Record{}, err
	}
	return fromItem(output.Attributes)
}
