package records

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/api"
	"postern/internal/identity"
)

// The keys for scripts of an owner are one item of the users table. Its key begins with scriptKeysPrefix, which no mail does,
// since the rest has no @. It has an attribute for each key, and one for the hour in which that was used last.
const (
	scriptKeysPrefix = "keys#"
	scriptKeyPrefix  = "key-"
	scriptUsedPrefix = "used-"
	userAttribute    = "user"
	changesAttribute = "changes" // counts, so that no change undoes another
)

// A ScriptKey is what is stored of a key for scripts.
type ScriptKey struct {
	ID      string
	Name    string
	Hash    string // identity.ScriptKey's
	May     identity.Rights
	Folders []string // empty: all
	MaxSize int64    // bytes; 0: the owner's
	// Created, Expires and LastUsed have whole seconds. LastUsed has whole hours, and is zero for a key that was never used.
	Created, Expires, LastUsed time.Time
}

var (
	// ErrTooManyKeys is returned when an owner has api.MaxScriptKeys keys already.
	ErrTooManyKeys = fmt.Errorf("you have %d keys: revoke one first", api.MaxScriptKeys)
	// ErrNoScriptKey is returned when a key that is to be changed does not exist.
	ErrNoScriptKey = errors.New("no such key")
)

// ScriptKeys reads an owner's keys, the oldest first, and the mail of their user, which is empty if there are none.
func (u *Users) ScriptKeys(ctx context.Context, owner string) (identity.Mail, []ScriptKey, error) {
	row, err := u.scriptKeys(ctx, owner)
	if err != nil {
		return "", nil, err
	}
	var user identity.Mail
	readText(row[userAttribute], (*string)(&user))
	var keys []ScriptKey
	for name, value := range row {
		id, ok := strings.CutPrefix(name, scriptKeyPrefix)
		if !ok {
			continue
		}
		key, err := toScriptKey(id, value, row[scriptUsedPrefix+id])
		if err != nil {
			return "", nil, fmt.Errorf("reading a key: %w", err)
		}
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b ScriptKey) int {
		if byAge := a.Created.Compare(b.Created); byAge != 0 {
			return byAge
		}
		return strings.Compare(a.ID, b.ID)
	})
	return user, keys, nil
}

func (u *Users) scriptKeys(ctx context.Context, owner string) (item, error) {
	output, err := u.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &u.table, Key: scriptKeysKey(owner), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	return output.Item, nil
}

// AddScriptKey stores a new key of an owner, whose user has a mail. It returns ErrTooManyKeys if the owner has too many, and
// ErrUserChanged if another change came in between.
func (u *Users) AddScriptKey(ctx context.Context, owner string, mail identity.Mail, key ScriptKey) error {
	return u.editScriptKeys(ctx, owner, func(row item) error {
		count := 0
		for name := range row {
			if strings.HasPrefix(name, scriptKeyPrefix) {
				count++
			}
		}
		if count >= api.MaxScriptKeys {
			return ErrTooManyKeys
		}
		if row[scriptKeyPrefix+key.ID] != nil {
			return ErrUserChanged
		}
		row[scriptKeyPrefix+key.ID], row[userAttribute] = fromScriptKey(key), text(string(mail))
		return nil
	})
}

// RemoveScriptKey deletes a key of an owner. It returns ErrNoScriptKey if there is none, and ErrUserChanged if another change
// came in between.
func (u *Users) RemoveScriptKey(ctx context.Context, owner, id string) error {
	return u.editScriptKeys(ctx, owner, func(row item) error {
		if row[scriptKeyPrefix+id] == nil {
			return ErrNoScriptKey
		}
		delete(row, scriptKeyPrefix+id)
		delete(row, scriptUsedPrefix+id)
		return nil
	})
}

// editScriptKeys reads an owner's item, has it changed and writes it, unless another change came in between. The hour of a use
// that is recorded at the same time may be lost.
func (u *Users) editScriptKeys(ctx context.Context, owner string, change func(item) error) error {
	row, err := u.scriptKeys(ctx, owner)
	if err != nil {
		return err
	}
	if len(row) == 0 {
		row = scriptKeysKey(owner)
	}
	before := row[changesAttribute]
	if err := change(row); err != nil {
		return err
	}
	var changes int64
	readNumber(before, &changes)
	row[changesAttribute] = number(changes + 1)
	input := &dynamodb.PutItemInput{
		TableName: &u.table, Item: row,
		ConditionExpression:      aws.String("attribute_not_exists(#changes)"),
		ExpressionAttributeNames: map[string]string{"#changes": changesAttribute},
	}
	if before != nil {
		input.ConditionExpression = aws.String("#changes = :changes")
		input.ExpressionAttributeValues = item{":changes": before}
	}
	_, err = u.client.PutItem(ctx, input)
	return orConditionFailed(err, ErrUserChanged)
}

// MarkScriptKeyUsed records the hour in which a key is used. It returns ErrNoScriptKey if there is none any more.
func (u *Users) MarkScriptKeyUsed(ctx context.Context, owner, id string, now time.Time) error {
	_, err := u.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &u.table, Key: scriptKeysKey(owner),
		UpdateExpression:          aws.String("SET #used = :hour"),
		ConditionExpression:       aws.String("attribute_exists(#key)"),
		ExpressionAttributeNames:  map[string]string{"#key": scriptKeyPrefix + id, "#used": scriptUsedPrefix + id},
		ExpressionAttributeValues: item{":hour": number(now.Truncate(time.Hour).Unix())},
	})
	return orConditionFailed(err, ErrNoScriptKey)
}

// RemoveScriptKeys deletes all keys of an owner. One who has none is no error.
func (u *Users) RemoveScriptKeys(ctx context.Context, owner string) error {
	_, err := u.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &u.table, Key: scriptKeysKey(owner)})
	return err
}

func scriptKeysKey(owner string) item { return item{mailAttribute: text(scriptKeysPrefix + owner)} }

// Members of a key's attribute.
const (
	scriptName    = "name"
	scriptHash    = "hash"
	scriptMay     = "may"
	scriptFolders = "folders" // with commas between
	scriptMaxSize = "maxSize"
	scriptCreated = "created" // seconds since 1970, as scriptExpires
	scriptExpires = "expires"
)

func fromScriptKey(key ScriptKey) *types.AttributeValueMemberM {
	return &types.AttributeValueMemberM{Value: item{
		scriptName: text(key.Name), scriptHash: text(key.Hash), scriptMay: text(key.May.String()),
		scriptFolders: text(strings.Join(key.Folders, ",")), scriptMaxSize: number(key.MaxSize),
		scriptCreated: number(key.Created.Unix()), scriptExpires: number(key.Expires.Unix()),
	}}
}

// toScriptKey reads what fromScriptKey wrote. Its error names a member, and no value.
func toScriptKey(id string, value, used types.AttributeValue) (ScriptKey, error) {
	members, ok := value.(*types.AttributeValueMemberM)
	if !ok || !identity.IsScriptKeyID(id) {
		return ScriptKey{}, malformed(scriptKeyPrefix)
	}
	key := ScriptKey{ID: id}
	var may, folders string
	for name, field := range map[string]*string{scriptName: &key.Name, scriptHash: &key.Hash, scriptMay: &may, scriptFolders: &folders} {
		if !readText(members.Value[name], field) {
			return ScriptKey{}, malformed(name)
		}
	}
	var created, expires, hour int64
	for name, field := range map[string]*int64{scriptMaxSize: &key.MaxSize, scriptCreated: &created, scriptExpires: &expires} {
		if !readNumber(members.Value[name], field) || *field < 0 {
			return ScriptKey{}, malformed(name)
		}
	}
	var err error
	// A key always has rights and an end: none would be all, or for ever.
	if key.May, err = identity.ParseRights(may); err != nil || key.Hash == "" || expires == 0 {
		return ScriptKey{}, malformed(scriptMay)
	}
	if folders != "" {
		key.Folders = strings.Split(folders, ",")
	}
	key.Created, key.Expires = time.Unix(created, 0), time.Unix(expires, 0)
	if readNumber(used, &hour) {
		key.LastUsed = time.Unix(hour, 0)
	}
	return key, nil
}

// isScriptKeys reports whether a row is not of a user but of an owner's keys.
func isScriptKeys(row item) bool {
	var key string
	return readText(row[mailAttribute], &key) && strings.HasPrefix(key, scriptKeysPrefix)
}
