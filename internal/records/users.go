package records

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"postern/internal/identity"
)

// Attributes of a user's item. The mail is the partition key.
const (
	mailAttribute      = "mail"
	hashAttribute      = "hash"
	roleAttribute      = "role"
	maxSizeAttribute   = "maxSize"
	quotaAttribute     = "quota"
	fileQuotaAttribute = "fileQuota"
	oldHashAttribute   = "oldHash"
	oldUntilAttribute  = "oldUntil"
	mayAttribute       = "may" // rights with commas between
	forAttribute       = "for"
	expiresAttribute   = "expires" // seconds since 1970
	// leavingAttribute is in the row of a user whose removal has begun. It stays until all that is theirs is deleted, so
	// that the owner is known as long as it takes.
	leavingAttribute = "leaving"
)

var (
	// ErrUserExists is returned when a new user has the mail of another.
	ErrUserExists = errors.New("the user exists already")
	// ErrNoUser is returned when a user that is to be changed does not exist.
	ErrNoUser = errors.New("there is no such user")
	// ErrNoOldPassword is returned when an old password is to be dropped that a user does not have.
	ErrNoOldPassword = errors.New("the user has no old password")
	// ErrUserChanged is returned when a user that is to be changed was changed by another at the same time.
	ErrUserChanged = errors.New("the user was changed at the same time: nothing was changed here")
)

// Users is the users table. Its errors do not hold a mail, except those of All on malformed rows. It is safe for concurrent
// use.
type Users struct {
	client *dynamodb.Client
	table  string
}

// NewUsers returns the users table of that name. It makes no request.
func NewUsers(client *dynamodb.Client, table string) *Users { return &Users{client, table} }

// User reads a user's row as it is now. It reports false if there is none, or if the user is leaving.
func (u *Users) User(ctx context.Context, mail identity.Mail) (identity.User, bool, error) {
	output, err := u.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &u.table, Key: userKey(mail), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return identity.User{}, false, fmt.Errorf("reading a user: %w", err)
	}
	if len(output.Item) == 0 || isLeaving(output.Item) {
		return identity.User{}, false, nil
	}
	user, err := toUser(output.Item)
	if err == nil && user.Mail != mail {
		err = errors.New("the row is another's")
	}
	if err != nil {
		return identity.User{}, false, fmt.Errorf("reading a user: %w", err)
	}
	return user, true, nil
}

// All reads every row, in no order. malformed names each row that is left out, by its mail: those that are malformed, and
// those of users who are leaving.
func (u *Users) All(ctx context.Context) (users []identity.User, malformed, err error) {
	pages := dynamodb.NewScanPaginator(u.client, &dynamodb.ScanInput{TableName: &u.table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, row := range page.Items {
			if isGuesses(row) || isScriptKeys(row) || isBlock(row) {
				continue
			}
			user, err := toUser(row)
			if isLeaving(row) {
				err = errLeaving
			}
			if err != nil {
				var mail string
				readText(row[mailAttribute], &mail)
				malformed = errors.Join(malformed, fmt.Errorf("reading the row of %q: %w", mail, err))
				continue
			}
			users = append(users, user)
		}
	}
	return users, malformed, nil
}

// Add writes the row of a new user. It returns ErrUserExists if there is one.
func (u *Users) Add(ctx context.Context, user identity.User) error {
	_, err := u.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &u.table, Item: fromUser(user),
		ConditionExpression:      aws.String("attribute_not_exists(#mail)"),
		ExpressionAttributeNames: map[string]string{"#mail": mailAttribute},
	})
	return orConditionFailed(err, ErrUserExists)
}

// Put writes a user's row, whether there is one or not.
func (u *Users) Put(ctx context.Context, user identity.User) error {
	_, err := u.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &u.table, Item: fromUser(user)})
	return err
}

// SetHash replaces the hash of a user's password, and drops that of the password before. It returns errors as Change does.
func (u *Users) SetHash(ctx context.Context, mail identity.Mail, hash string) error {
	_, err := u.edit(ctx, mail, func(row item) error {
		row[hashAttribute] = text(hash)
		delete(row, oldHashAttribute)
		delete(row, oldUntilAttribute)
		return nil
	})
	return err
}

// AddHash gives a user a new password beside the one that it has, which stays valid until a time; if that is zero, until it is
// dropped. One before that is dropped. beside makes the new hash of the present one. It returns errors as Change does, and
// beside's.
func (u *Users) AddHash(ctx context.Context, mail identity.Mail, until time.Time, beside func(hash string) (string, error)) error {
	_, err := u.edit(ctx, mail, func(row item) error {
		var present string
		readText(row[hashAttribute], &present)
		hash, err := beside(present)
		if err != nil {
			return err
		}
		row[hashAttribute], row[oldHashAttribute] = text(hash), text(present)
		delete(row, oldUntilAttribute)
		if !until.IsZero() {
			row[oldUntilAttribute] = number(until.Unix())
		}
		return nil
	})
	return err
}

// DropOldHash ends the validity of the password before. It returns ErrNoOldPassword if there is none, and errors as Change
// does.
func (u *Users) DropOldHash(ctx context.Context, mail identity.Mail) error {
	_, err := u.edit(ctx, mail, func(row item) error {
		if row[oldHashAttribute] == nil {
			return ErrNoOldPassword
		}
		delete(row, oldHashAttribute)
		delete(row, oldUntilAttribute)
		return nil
	})
	return err
}

// userAttributes are the attributes that a change may change.
var userAttributes = []string{
	hashAttribute, roleAttribute, maxSizeAttribute, quotaAttribute, fileQuotaAttribute, oldHashAttribute, oldUntilAttribute,
	mayAttribute, forAttribute, expiresAttribute,
}

// StageDefault is the limit in a UserChange that takes a user's own limit away, so that the stage's holds.
const StageDefault int64 = -1

// A UserChange says what to change of a user. Fields that are empty or nil change nothing.
type UserChange struct {
	Role           identity.Role
	MaxSize, Quota *int64 // bytes, or StageDefault
	FileQuota      *int64 // files, or StageDefault

	May     *identity.Rights // empty: every right
	For     *identity.Mails  // empty: any mail
	Expires *time.Time       // zero: never
}

// Change changes a user and returns what it is then. It returns ErrNoUser if there is no such user, and ErrUserChanged if
// another change came in between.
func (u *Users) Change(ctx context.Context, mail identity.Mail, change UserChange) (identity.User, error) {
	return u.edit(ctx, mail, func(row item) error {
		change.apply(row)
		return nil
	})
}

// apply changes a user's row.
func (change UserChange) apply(row item) {
	if change.Role != "" {
		row[roleAttribute] = text(string(change.Role))
	}
	for name, limit := range map[string]*int64{
		maxSizeAttribute: change.MaxSize, quotaAttribute: change.Quota, fileQuotaAttribute: change.FileQuota,
	} {
		switch {
		case limit == nil:
		case *limit == StageDefault:
			delete(row, name)
		default:
			row[name] = number(*limit)
		}
	}
	scope := identity.Scope{}
	if change.May != nil {
		scope.May = *change.May
		delete(row, mayAttribute)
	}
	if change.For != nil {
		scope.For = *change.For
		delete(row, forAttribute)
	}
	if change.Expires != nil {
		scope.Expires = *change.Expires
		delete(row, expiresAttribute)
	}
	addScope(row, scope)
}

// edit reads a user's row, has it changed and writes it. It returns what the user is then, and errors as Change does.
func (u *Users) edit(ctx context.Context, mail identity.Mail, change func(item) error) (identity.User, error) {
	output, err := u.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &u.table, Key: userKey(mail), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return identity.User{}, err
	}
	row := output.Item
	if len(row) == 0 {
		return identity.User{}, ErrNoUser
	}
	// The whole row is written, with what is not known here, because attributes may have to be removed.
	input := &dynamodb.PutItemInput{TableName: &u.table, Item: row}
	unchanged(input, row)
	if err := change(row); err != nil {
		return identity.User{}, err
	}
	user, err := toUser(row)
	if err != nil {
		return identity.User{}, fmt.Errorf("reading the user: %w", err)
	}
	_, err = u.client.PutItem(ctx, input)
	return user, orConditionFailed(err, ErrUserChanged)
}

// unchanged makes a write fail unless the row has the attributes that it has now.
func unchanged(input *dynamodb.PutItemInput, row item) {
	var conditions []string
	input.ExpressionAttributeNames, input.ExpressionAttributeValues = map[string]string{}, item{}
	for _, name := range userAttributes {
		input.ExpressionAttributeNames["#"+name] = name
		if value, ok := row[name]; ok {
			input.ExpressionAttributeValues[":"+name] = value
			conditions = append(conditions, "#"+name+" = :"+name)
		} else {
			conditions = append(conditions, "attribute_not_exists(#"+name+")")
		}
	}
	input.ConditionExpression = aws.String(strings.Join(conditions, " AND "))
}

// Remove deletes a user's row. It returns ErrNoUser if there is none.
func (u *Users) Remove(ctx context.Context, mail identity.Mail) error {
	_, err := u.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &u.table, Key: userKey(mail),
		ConditionExpression:      aws.String("attribute_exists(#mail)"),
		ExpressionAttributeNames: map[string]string{"#mail": mailAttribute},
	})
	return orConditionFailed(err, ErrNoUser)
}

// orConditionFailed returns failed if err is that of a write whose condition did not hold, and err otherwise.
func orConditionFailed(err, failed error) error {
	if isConditionFailed(err) {
		return failed
	}
	return err
}

func userKey(mail identity.Mail) item { return item{mailAttribute: text(string(mail))} }

// fromUser leaves out a limit that is nil.
func fromUser(user identity.User) item {
	row := item{
		mailAttribute: text(string(user.Mail)), ownerAttribute: text(user.Owner),
		hashAttribute: text(user.Hash), roleAttribute: text(string(user.Role)),
	}
	if user.MaxSize != nil {
		row[maxSizeAttribute] = number(*user.MaxSize)
	}
	if user.Quota != nil {
		row[quotaAttribute] = number(*user.Quota)
	}
	if user.FileQuota != nil {
		row[fileQuotaAttribute] = number(*user.FileQuota)
	}
	if user.OldHash != "" {
		row[oldHashAttribute] = text(user.OldHash)
	}
	if !user.OldUntil.IsZero() {
		row[oldUntilAttribute] = number(user.OldUntil.Unix())
	}
	addScope(row, user.Scope)
	return row
}

// toUser reads what fromUser wrote, and ignores attributes that it does not know. Its error names an attribute, and no
// value.
func toUser(row item) (identity.User, error) {
	var user identity.User
	// A text that is missing or of another type stays empty, which Check refuses.
	readText(row[mailAttribute], (*string)(&user.Mail))
	readText(row[ownerAttribute], &user.Owner)
	readText(row[hashAttribute], &user.Hash)
	readText(row[roleAttribute], (*string)(&user.Role))
	readText(row[oldHashAttribute], &user.OldHash)
	if _, ok := row[oldHashAttribute]; ok && user.OldHash == "" {
		return identity.User{}, malformed(oldHashAttribute)
	}
	if value, ok := row[oldUntilAttribute]; ok {
		var seconds int64
		readNumber(value, &seconds)
		user.OldUntil = time.Unix(seconds, 0)
	}
	for name, limit := range map[string]**int64{
		maxSizeAttribute: &user.MaxSize, quotaAttribute: &user.Quota, fileQuotaAttribute: &user.FileQuota,
	} {
		if value, ok := row[name]; ok {
			*limit = new(int64)
			if !readNumber(value, *limit) {
				**limit = -1 // which Check refuses
			}
		}
	}
	var err error
	if user.Scope, err = toScope(row); err != nil {
		return identity.User{}, err
	}
	if err := user.Check(); err != nil {
		return identity.User{}, err
	}
	return user, nil
}
