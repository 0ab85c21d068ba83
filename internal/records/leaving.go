package records

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/internal/identity"
)

// errLeaving says what a row is that User does not return.
var errLeaving = errors.New("the removal of this user has begun and is not complete")

func isLeaving(row item) bool {
	leaving, ok := row[leavingAttribute].(*types.AttributeValueMemberBOOL)
	return ok && leaving.Value
}

// Owner reads the owner in a user's row, whatever else is in it. It reports false if there is no row.
func (u *Users) Owner(ctx context.Context, mail identity.Mail) (owner string, found bool, err error) {
	output, err := u.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &u.table, Key: userKey(mail), ConsistentRead: aws.Bool(true)})
	if err != nil || len(output.Item) == 0 {
		return "", false, err
	}
	readText(output.Item[ownerAttribute], &owner)
	return owner, true, nil
}

// MailsOf returns the mails of the rows that have an owner, whatever else is in them.
func (u *Users) MailsOf(ctx context.Context, owner string) (mails []identity.Mail, err error) {
	pages := dynamodb.NewScanPaginator(u.client, &dynamodb.ScanInput{TableName: &u.table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Items {
			var of, mail string
			if readText(row[ownerAttribute], &of) && of == owner && readText(row[mailAttribute], &mail) {
				mails = append(mails, identity.Mail(mail))
			}
		}
	}
	return mails, nil
}

// Leave begins the removal of a user: the credentials are refused from now on, and the row keeps the owner until Remove. It
// can be repeated. It returns ErrNoUser if there is no row.
func (u *Users) Leave(ctx context.Context, mail identity.Mail) error {
	_, err := u.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &u.table, Key: userKey(mail),
		UpdateExpression:          aws.String("SET #leaving = :true"),
		ConditionExpression:       aws.String("attribute_exists(#mail)"),
		ExpressionAttributeNames:  map[string]string{"#mail": mailAttribute, "#leaving": leavingAttribute},
		ExpressionAttributeValues: item{":true": &types.AttributeValueMemberBOOL{Value: true}},
	})
	return orConditionFailed(err, ErrNoUser)
}
