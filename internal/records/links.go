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

// What came by a link is one item of the uploads table, and says so once the link is revoked. One more item of the owner has
// when all of its links were. Both sort after every id.
const (
	linkPrefix = "link#"
	allLinksID = "links"

	rejectedAttribute  = "rejected"  // number of files
	revokedAttribute   = "revoked"   // whether the link was
	revokedAtAttribute = "revokedAt" // milliseconds since 1970, of all links
	expiresOfItem      = "expires"   // seconds since 1970, when DynamoDB may delete an item
)

// linkExpires returns when nothing needs a link's item any more: nothing that was signed by the link arrives then.
func linkExpires(id string) types.AttributeValue {
	return number(upload.LinkEnd(id).Add(upload.TombstoneLifetime).Unix())
}

// LinkState reads what has become of a link of an owner, and whether the owner was removed.
func (u *Uploads) LinkState(ctx context.Context, owner, id string) (upload.LinkState, error) {
	var state upload.LinkState
	read := func(row item) error {
		var name string
		var milliseconds int64
		readText(row[idAttribute], &name)
		ok := true
		switch name {
		case removedID:
			state.OwnerRemoved = true
		case allLinksID:
			ok = readNumber(row[revokedAtAttribute], &milliseconds) && milliseconds > 0
			state.RevokedAt = time.UnixMilli(milliseconds)
		case linkPrefix + id:
			ok = readLink(row, &state)
		default:
			ok = false
		}
		if !ok {
			return errors.New("reading the state of a link: it is malformed")
		}
		return nil
	}
	keys := []Key{{owner, removedID}, {owner, allLinksID}, {owner, linkPrefix + id}}
	err := u.batch(ctx, keys, read, idAttribute, usedAttribute, filesAttribute, rejectedAttribute, revokedAttribute, revokedAtAttribute)
	return state, err
}

// readLink reads a link's item, in which what was never counted or revoked is missing.
func readLink(row item, state *upload.LinkState) bool {
	for name, field := range map[string]*int64{
		usedAttribute: &state.Used.Bytes, filesAttribute: &state.Used.Files, rejectedAttribute: &state.Rejected,
	} {
		if value, ok := row[name]; ok && (!readNumber(value, field) || *field < 0) {
			return false
		}
	}
	value, ok := row[revokedAttribute]
	return !ok || readBool(value, &state.Revoked)
}

// RevokeLink revokes one link of an owner. It can be repeated. The id is one of the owner's links.
func (u *Uploads) RevokeLink(ctx context.Context, owner, id string) error {
	return u.setLink(ctx, &dynamodb.UpdateItemInput{
		Key:                       uploadKey(owner, linkPrefix+id),
		UpdateExpression:          aws.String("SET #revoked = :true, #expires = :expires"),
		ExpressionAttributeNames:  map[string]string{"#revoked": revokedAttribute, "#expires": expiresOfItem},
		ExpressionAttributeValues: item{":true": &types.AttributeValueMemberBOOL{Value: true}, ":expires": linkExpires(id)},
	})
}

// RevokeLinks revokes every link of an owner that was made until then.
func (u *Uploads) RevokeLinks(ctx context.Context, owner string, at time.Time) error {
	return u.setLink(ctx, &dynamodb.UpdateItemInput{
		Key:                       uploadKey(owner, allLinksID),
		UpdateExpression:          aws.String("SET #revokedAt = :at"),
		ExpressionAttributeNames:  map[string]string{"#revokedAt": revokedAtAttribute},
		ExpressionAttributeValues: item{":at": number(at.UnixMilli())},
	})
}

func (u *Uploads) setLink(ctx context.Context, input *dynamodb.UpdateItemInput) error {
	input.TableName = &u.table
	err := u.retryOnConflict(ctx, func() error {
		_, err := u.client.UpdateItem(ctx, input)
		return err
	})
	if err != nil {
		return fmt.Errorf("revoking a link: %w", err)
	}
	return nil
}

// AcceptFromLink implements lifecycle.Records.
func (u *Uploads) AcceptFromLink(ctx context.Context, record upload.Record, quota upload.Usage, link upload.LinkLimits) error {
	writes, err := u.accept(record, quota)
	if err != nil {
		return err
	}
	count, err := u.countLink(record, link)
	if err != nil {
		return err
	}
	if err := u.transact(ctx, append(writes, count)); err != nil {
		return fmt.Errorf("accepting an upload: %w", err)
	}
	return nil
}

// countLink counts a file to its link. It returns upload.ErrLinkUsedUp if the file cannot fit whatever has come before.
func (u *Uploads) countLink(record upload.Record, link upload.LinkLimits) (types.TransactWriteItem, error) {
	update := &types.Update{
		TableName:                &u.table,
		Key:                      uploadKey(record.Owner, linkPrefix+link.ID),
		ExpressionAttributeNames: map[string]string{"#expires": expiresOfItem},
		ExpressionAttributeValues: item{
			":expires": linkExpires(link.ID), ":one": number(1),
		},
	}
	if record.Reason != "" {
		update.UpdateExpression = aws.String("ADD #rejected :one SET #expires = :expires")
		update.ConditionExpression = aws.String("attribute_not_exists(#rejected) OR #rejected < :most")
		update.ExpressionAttributeNames["#rejected"] = rejectedAttribute
		update.ExpressionAttributeValues[":most"] = number(link.MostRejected())
		return types.TransactWriteItem{Update: update}, nil
	}
	condition := "(attribute_not_exists(#files) OR #files < :count)"
	update.UpdateExpression = aws.String("ADD #used :size, #files :one SET #expires = :expires")
	update.ExpressionAttributeNames["#used"], update.ExpressionAttributeNames["#files"] = usedAttribute, filesAttribute
	update.ExpressionAttributeValues[":size"], update.ExpressionAttributeValues[":count"] = number(record.Size), number(link.Count)
	if link.Total > 0 {
		room := link.Total - record.Size
		if room < 0 {
			return types.TransactWriteItem{}, fmt.Errorf("accepting an upload: %w", upload.ErrLinkUsedUp)
		}
		condition += " AND (attribute_not_exists(#used) OR #used <= :room)"
		update.ExpressionAttributeValues[":room"] = number(room)
	}
	update.ConditionExpression = &condition
	return types.TransactWriteItem{Update: update}, nil
}
