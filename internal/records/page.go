package records

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"postern/internal/upload"
)

// Page reads up to limit of the owner's records, the newest first, in one query: those whose id is below before, or the
// newest if it is empty. Tombstones are left out, and if status is not empty, records of another one, so a page may be
// short, even empty. next is what before is for the next page, empty when this one is the last.
//
// What is left out is left out here: a filter of DynamoDB's would read, and cost, the same.
func (u *Uploads) Page(ctx context.Context, owner, before string, limit int32, status upload.Status) (records []upload.Record, next string, err error) {
	if before == "" || before > endOfIDs {
		before = endOfIDs
	}
	output, err := u.client.Query(ctx, &dynamodb.QueryInput{
		TableName:                 &u.table,
		KeyConditionExpression:    aws.String("#owner = :owner AND #id < :before"),
		ExpressionAttributeNames:  map[string]string{"#owner": ownerAttribute, "#id": idAttribute},
		ExpressionAttributeValues: item{":owner": text(owner), ":before": text(before)},
		ScanIndexForward:          aws.Bool(false),
		ConsistentRead:            aws.Bool(true),
		Limit:                     &limit,
	})
	if err != nil {
		return nil, "", fmt.Errorf("reading a page of records: %w", err)
	}
	for _, item := range output.Items {
		record, err := fromItem(item)
		if err == nil && record.Owner != owner {
			err = errors.New("one is another's")
		}
		if err != nil {
			return nil, "", fmt.Errorf("reading a page of records: %w", err)
		}
		if record.Status != upload.Deleted && (status == "" || record.Status == status) {
			records = append(records, record)
		}
	}
	if last := output.LastEvaluatedKey[idAttribute]; last != nil && !readText(last, &next) {
		return nil, "", errors.New("reading a page of records: its end is malformed")
	}
	return records, next, nil
}
