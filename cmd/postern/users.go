package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/internal/identity"
)

var (
	errUserExists = errors.New("the user exists already: user passwd changes the password, user remove removes it")
	errNoUser     = errors.New("there is no such user: user list shows them")
)

// users is the users table.
type users struct {
	client *dynamodb.Client
	table  string
}

// add writes the row of a new user. It returns errUserExists when there is one.
func (u users) add(ctx context.Context, user identity.User) error {
	item := map[string]types.AttributeValue{}
	for name, value := range user.Item() {
		switch value := value.(type) {
		case string:
			item[name] = &types.AttributeValueMemberS{Value: value}
		case int64:
			item[name] = &types.AttributeValueMemberN{Value: strconv.FormatInt(value, 10)}
		}
	}
	_, err := u.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                &u.table,
		Item:                     item,
		ConditionExpression:      aws.String("attribute_not_exists(#mail)"),
		ExpressionAttributeNames: map[string]string{"#mail": identity.MailAttribute},
	})
	return conditional(err, errUserExists)
}

// setHash replaces the hash of a user's password. It returns errNoUser when there is no such user.
func (u users) setHash(ctx context.Context, mail identity.Mail, hash string) error {
	_, err := u.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 &u.table,
		Key:                       key(mail),
		UpdateExpression:          aws.String("SET #hash = :hash"),
		ConditionExpression:       aws.String("attribute_exists(#mail)"),
		ExpressionAttributeNames:  map[string]string{"#mail": identity.MailAttribute, "#hash": "hash"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":hash": &types.AttributeValueMemberS{Value: hash}},
	})
	return conditional(err, errNoUser)
}

// remove deletes a user's row. It returns errNoUser when there is none.
func (u users) remove(ctx context.Context, mail identity.Mail) error {
	_, err := u.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName:                &u.table,
		Key:                      key(mail),
		ConditionExpression:      aws.String("attribute_exists(#mail)"),
		ExpressionAttributeNames: map[string]string{"#mail": identity.MailAttribute},
	})
	return conditional(err, errNoUser)
}

// all reads every row, in no order. The error malformed names each row that is left out.
func (u users) all(ctx context.Context) (found []identity.User, malformed, err error) {
	pages := dynamodb.NewScanPaginator(u.client, &dynamodb.ScanInput{TableName: &u.table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, item := range page.Items {
			row := plain(item)
			user, err := identity.UserFromItem(row)
			if err != nil {
				mail, _ := row[identity.MailAttribute].(string)
				malformed = errors.Join(malformed, fmt.Errorf("reading the row of %q: %w", mail, err))
				continue
			}
			found = append(found, user)
		}
	}
	return found, malformed, nil
}

func key(mail identity.Mail) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{identity.MailAttribute: &types.AttributeValueMemberS{Value: string(mail)}}
}

// conditional is err, or failed when the call's condition did not hold.
func conditional(err, failed error) error {
	if errors.As(err, new(*types.ConditionalCheckFailedException)) {
		return failed
	}
	return err
}

// plain turns strings into string and whole numbers into int64. Other values become nil, which no attribute of a user
// may be.
func plain(item map[string]types.AttributeValue) map[string]any {
	values := make(map[string]any, len(item))
	for name, value := range item {
		values[name] = nil
		switch value := value.(type) {
		case *types.AttributeValueMemberS:
			values[name] = value.Value
		case *types.AttributeValueMemberN:
			if number, err := strconv.ParseInt(value.Value, 10, 64); err == nil {
				values[name] = number
			}
		}
	}
	return values
}
