package records

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"postern/internal/upload"
)

// Patch changes what people have written of an upload, gives its record the next Version, and returns it. If version is
// not nil, the record must have it. It is upload.ErrGone when there is no record, or a tombstone, and upload.ErrChanged
// when the record has another version.
func (u *Uploads) Patch(ctx context.Context, owner, id string, patch upload.Patch, version *int64) (upload.Record, error) {
	input := updateOf(patch)
	input.Key = keyOf(owner, id)
	if version != nil {
		*input.ConditionExpression += " AND #version = :version"
		input.ExpressionAttributeValues[":version"] = number(*version)
	}
	record, err := u.update(ctx, input)
	if errors.Is(err, upload.ErrChanged) {
		err = u.whyChanged(ctx, owner, id)
	}
	if err != nil {
		return upload.Record{}, fmt.Errorf("patching a record: %w", err)
	}
	return record, nil
}

// whyChanged tells a record that is gone from one of another version.
func (u *Uploads) whyChanged(ctx context.Context, owner, id string) error {
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

// updateOf is the update of a record that is no tombstone, but for its key. What is removed is set to empty, which reads
// the same.
func updateOf(patch upload.Patch) *dynamodb.UpdateItemInput {
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

// changes are the attributes that a patch sets.
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
