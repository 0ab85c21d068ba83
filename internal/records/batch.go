package records

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/internal/upload"
)

// maxBatch is how many items one BatchGetItem reads at most.
const maxBatch = 100

// A Key names an upload.
type Key struct{ Owner, ID string }

// A State is how far an upload has come that has a record.
type State struct {
	// Status may be one that this version does not know.
	Status upload.Status
	// Published reports whether the event for Status has been published.
	Published bool
}

// States reads the states of uploads as they are now. An upload without a record is left out. A key may be named twice.
func (u *Uploads) States(ctx context.Context, keys []Key) (map[Key]State, error) {
	states := make(map[Key]State, len(keys))
	read := func(row item) error {
		var key Key
		var state State
		if !readText(row[ownerAttribute], &key.Owner) || !readText(row[idAttribute], &key.ID) {
			return errors.New("reading records: one has no key")
		}
		// A record that lacks a status is not finished.
		readText(row[statusAttribute], (*string)(&state.Status))
		published, ok := row[publishedAttribute].(*types.AttributeValueMemberBOOL)
		state.Published = ok && published.Value
		states[key] = state
		return nil
	}
	err := u.batch(ctx, keys, read, ownerAttribute, idAttribute, statusAttribute, publishedAttribute)
	return states, err
}

// Accounts reads what each owner keeps as of now, and whether it is blocked. An owner whom nobody knows is left out.
func (u *Uploads) Accounts(ctx context.Context, owners []string) (map[string]upload.Account, error) {
	keys := make([]Key, len(owners))
	for i, owner := range owners {
		keys[i] = Key{owner, usageID}
	}
	accounts := make(map[string]upload.Account, len(owners))
	err := u.batch(ctx, keys, func(row item) error {
		var owner string
		account, ok := readAccount(row)
		if !ok || !readText(row[ownerAttribute], &owner) {
			return errors.New("reading usages: one is malformed")
		}
		accounts[owner] = account
		return nil
	}, ownerAttribute, usedAttribute, filesAttribute, blockedAttribute)
	return accounts, err
}

// batch reads attributes of many items, in no order.
func (u *Uploads) batch(ctx context.Context, keys []Key, read func(item) error, attributes ...string) error {
	seen := map[Key]bool{}
	keys = slices.DeleteFunc(slices.Clone(keys), func(key Key) bool { // DynamoDB refuses a key that is named twice.
		twice := seen[key]
		seen[key] = true
		return twice
	})
	for some := range slices.Chunk(keys, maxBatch) {
		wanted := types.KeysAndAttributes{ConsistentRead: aws.Bool(true)}
		wanted.ProjectionExpression, wanted.ExpressionAttributeNames = project(attributes)
		for _, key := range some {
			wanted.Keys = append(wanted.Keys, uploadKey(key.Owner, key.ID))
		}
		if err := readBatch(ctx, u.client, u.table, wanted, read, u.wait); err != nil {
			return err
		}
	}
	return nil
}

// project returns the projection expression for attributes, with a placeholder for each name, which may be reserved.
func project(attributes []string) (expression *string, names map[string]string) {
	text := ""
	names = make(map[string]string, len(attributes))
	for i, name := range attributes {
		if i > 0 {
			text += ", "
		}
		text += "#" + name
		names["#"+name] = name
	}
	return &text, names
}

// readBatch asks for items of a table until DynamoDB has processed every key, and calls wait between requests. It gives up
// after some requests in a row that processed none.
func readBatch(
	ctx context.Context, client *dynamodb.Client, table string, wanted types.KeysAndAttributes, read func(item) error,
	wait func(context.Context, int) error,
) error {
	for attempt := 1; ; attempt++ {
		output, err := client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{table: wanted}})
		if err != nil {
			return fmt.Errorf("reading records: %w", err)
		}
		for _, row := range output.Responses[table] {
			if err := read(row); err != nil {
				return err
			}
		}
		left := output.UnprocessedKeys[table].Keys
		if len(left) == 0 {
			return nil
		}
		if len(left) < len(wanted.Keys) {
			attempt = 0
		}
		if attempt == attempts {
			return fmt.Errorf("reading records: DynamoDB is too busy: it answered none of %d requests", attempts)
		}
		wanted.Keys = left
		if err := wait(ctx, max(attempt, 1)); err != nil {
			return err
		}
	}
}
