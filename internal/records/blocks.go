package records

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/api"
	"postern/internal/identity"
	"postern/internal/upload"
)

// blockedAttribute of a usage item says whether the owner is blocked. So the authorizer, which reads that item, needs no other.
const blockedAttribute = "blocked"

// ErrNotBlocked is returned when an owner is to be unblocked who is not blocked.
var ErrNotBlocked = errors.New("it is not blocked")

// Account reads what an owner keeps now, and whether it is blocked: nothing and no if nobody knows it.
func (u *Uploads) Account(ctx context.Context, owner string) (upload.Account, error) {
	input := &dynamodb.GetItemInput{TableName: &u.table, Key: uploadKey(owner, usageID), ConsistentRead: aws.Bool(true)}
	input.ProjectionExpression, input.ExpressionAttributeNames = project([]string{usedAttribute, filesAttribute, blockedAttribute})
	output, err := u.client.GetItem(ctx, input)
	if err != nil {
		return upload.Account{}, fmt.Errorf("reading the usage: %w", err)
	}
	if len(output.Item) == 0 {
		return upload.Account{}, nil
	}
	account, ok := readAccount(output.Item)
	if !ok {
		return upload.Account{}, errors.New("reading the usage: it is not whole numbers")
	}
	return account, nil
}

// readAccount reads a usage item. Any value but false blocks: a malformed one must not let anybody in.
func readAccount(row item) (account upload.Account, ok bool) {
	account.Usage, ok = readUsage(row)
	value, given := row[blockedAttribute]
	blocked, isBool := value.(*types.AttributeValueMemberBOOL)
	account.Blocked = given && (!isBool || blocked.Value)
	return account, ok
}

// Block marks an owner as blocked. It can be repeated.
func (u *Uploads) Block(ctx context.Context, owner string) error {
	return u.retryOnConflict(ctx, func() error {
		_, err := u.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &u.table, Key: uploadKey(owner, usageID),
			UpdateExpression:          aws.String("SET #blocked = :true ADD #used :nothing"),
			ExpressionAttributeNames:  map[string]string{"#blocked": blockedAttribute, "#used": usedAttribute},
			ExpressionAttributeValues: item{":true": &types.AttributeValueMemberBOOL{Value: true}, ":nothing": number(0)},
		})
		return err
	})
}

// Unblock takes back what Block did. It returns ErrNotBlocked if the owner is not blocked.
func (u *Uploads) Unblock(ctx context.Context, owner string) error {
	err := u.retryOnConflict(ctx, func() error {
		_, err := u.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &u.table, Key: uploadKey(owner, usageID),
			UpdateExpression:          aws.String("SET #blocked = :false"),
			ConditionExpression:       aws.String("attribute_exists(#blocked) AND #blocked <> :false"),
			ExpressionAttributeNames:  map[string]string{"#blocked": blockedAttribute},
			ExpressionAttributeValues: item{":false": &types.AttributeValueMemberBOOL{}},
		})
		return err
	})
	return orConditionFailed(err, ErrNotBlocked)
}

// A Block says whom an operator has blocked, so that people can read it. Uploads.Account says whether it holds.
type Block struct {
	Owner string
	// Mail or Subject names the user. If both are empty, nobody knows the name.
	Mail    identity.Mail
	Subject identity.Subject
	Issuer  string // whose subject it is; empty: the application's own
	Since   time.Time
}

// A Block is an item of the users table. Its key is blocksPrefix and the owner, which no mail is, since it has no @.
const (
	blocksPrefix     = "blocked#"
	subjectAttribute = "subject"
	issuerAttribute  = "issuer"
	sinceAttribute   = "since" // seconds since 1970
)

// AddBlock writes down whom an operator has blocked.
func (u *Users) AddBlock(ctx context.Context, block Block) error {
	_, err := u.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &u.table, Item: item{
		mailAttribute: text(blocksPrefix + block.Owner), userAttribute: text(string(block.Mail)), subjectAttribute: text(string(block.Subject)),
		issuerAttribute: text(block.Issuer), sinceAttribute: number(block.Since.Unix()),
	}})
	return err
}

// RemoveBlock deletes what AddBlock wrote. An owner without it is no error.
func (u *Users) RemoveBlock(ctx context.Context, owner string) error {
	_, err := u.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &u.table, Key: item{mailAttribute: text(blocksPrefix + owner)}})
	return err
}

// Blocks reads what AddBlock wrote, in no order. Its errors hold no name.
func (u *Users) Blocks(ctx context.Context) (blocks []Block, err error) {
	pages := dynamodb.NewScanPaginator(u.client, &dynamodb.ScanInput{
		TableName: &u.table, ConsistentRead: aws.Bool(true),
		FilterExpression:          aws.String("begins_with(#mail, :prefix)"),
		ExpressionAttributeNames:  map[string]string{"#mail": mailAttribute},
		ExpressionAttributeValues: item{":prefix": text(blocksPrefix)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Items {
			block, err := toBlock(row)
			if err != nil {
				return nil, err
			}
			blocks = append(blocks, block)
		}
	}
	return blocks, nil
}

func toBlock(row item) (Block, error) {
	var block Block
	var key string
	var since int64
	for name, field := range map[string]*string{
		mailAttribute: &key, userAttribute: (*string)(&block.Mail), subjectAttribute: (*string)(&block.Subject), issuerAttribute: &block.Issuer,
	} {
		if !readText(row[name], field) {
			return Block{}, malformed(name)
		}
	}
	block.Owner = strings.TrimPrefix(key, blocksPrefix)
	if !api.IsOwner(block.Owner) || !readNumber(row[sinceAttribute], &since) {
		return Block{}, malformed(sinceAttribute)
	}
	block.Since = time.Unix(since, 0)
	return block, nil
}

// isBlock reports whether a row is not of a user but says whom an operator has blocked.
func isBlock(row item) bool {
	var key string
	return readText(row[mailAttribute], &key) && strings.HasPrefix(key, blocksPrefix)
}
