package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/logging"
)

// An uploadsTable is the local run's, as its operator sees it past the functions.
type uploadsTable struct {
	client *dynamodb.Client
	name   string
	owner  string // the demo user
}

// openTable finds the table in what a local run says to its operator, and the demo user's owner in a form.
func openTable(ctx context.Context, run *localRun) (uploadsTable, error) {
	content, err := os.ReadFile(filepath.Join(run.data, "outputs.json"))
	if err != nil {
		return uploadsTable{}, fmt.Errorf("reading the stack's outputs: %w", err)
	}
	var stacks map[string]struct{ UploadsTableName string }
	if err := json.Unmarshal(content, &stacks); err != nil {
		return uploadsTable{}, fmt.Errorf("reading the stack's outputs: %w", err)
	}
	settings, err := config.LoadDefaultConfig(ctx,
		config.WithLogger(logging.Nop{}), // of attempts that are made again
		config.WithSharedConfigProfile("default"),
		config.WithSharedConfigFiles([]string{filepath.Join(run.data, "config")}),
		config.WithSharedCredentialsFiles([]string{filepath.Join(run.data, "credentials")}))
	if err != nil {
		return uploadsTable{}, fmt.Errorf("reading the operator's files: %w", err)
	}
	f, err := newClient(run).presignedURL(ctx)
	if err != nil {
		return uploadsTable{}, err
	}
	folder, rest, _ := strings.Cut(f.Fields["key"], "/")
	owner, _, ok := strings.Cut(rest, "/")
	if !ok || folder == "" {
		return uploadsTable{}, fmt.Errorf("key %s has no owner", f.Fields["key"])
	}
	for _, stack := range stacks {
		return uploadsTable{dynamodb.NewFromConfig(settings), stack.UploadsTableName, owner}, nil
	}
	return uploadsTable{}, errors.New("outputs.json names no stack")
}

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// fill writes records of uploads that are ready, one millisecond after another.
func (t uploadsTable) fill(ctx context.Context, count int) error {
	const atOnce = 25 // of BatchWriteItem
	first := time.Now().Add(-time.Duration(count) * time.Millisecond).UnixMilli()
	for begin := 0; begin < count; begin += atOnce {
		var requests []types.WriteRequest
		for i := begin; i < min(begin+atOnce, count); i++ {
			requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: t.record(first+int64(i), i)}})
		}
		output, err := t.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{t.name: requests}})
		if err == nil && len(output.UnprocessedItems) > 0 {
			err = fmt.Errorf("some of %d items were not taken", len(requests))
		}
		if err != nil {
			return fmt.Errorf("writing records: %w", err)
		}
	}
	return nil
}

// record is an item of the table as inspect writes it.
func (t uploadsTable) record(milliseconds int64, n int) item {
	id := fmt.Sprintf("%012x7%03x8%015x.mp4", milliseconds, n%4096, n)
	return item{
		"owner": text(t.owner), "id": text(id), "key": text("videos/" + t.owner + "/" + id),
		"versionId": text("01K9T0Z3YJ8Q5V6W7X8Y9ZABCD"), "etag": text(`"9e107d9d372bb6826bd81d3542a419d6"`),
		"status": text("ready"), "type": text("video/mp4"), "filename": text("holiday.mp4"), "title": text("A day at the sea"),
		"size": number(1 << 20), "counted": number(1 << 20), "version": number(2),
		"announced": &types.AttributeValueMemberBOOL{Value: true},
	}
}

// query reads the newest page as the function does.
func (t uploadsTable) query(ctx context.Context, limit int32) error {
	output, err := t.client.Query(ctx, &dynamodb.QueryInput{
		TableName:                 &t.name,
		KeyConditionExpression:    aws.String("#owner = :owner AND #id < :before"),
		ExpressionAttributeNames:  map[string]string{"#owner": "owner", "#id": "id"},
		ExpressionAttributeValues: item{":owner": text(t.owner), ":before": text("g")},
		ScanIndexForward:          aws.Bool(false),
		ConsistentRead:            aws.Bool(true),
		Limit:                     &limit,
	})
	if err == nil && output.Count != limit {
		err = fmt.Errorf("it has %d records, want %d", output.Count, limit)
	}
	if err != nil {
		return fmt.Errorf("reading a page: %w", err)
	}
	return nil
}

// checkUsage holds the owner's usage item to a sum, in bytes.
func checkUsage(ctx context.Context, run *localRun, want int64) error {
	t, err := openTable(ctx, run)
	if err != nil {
		return err
	}
	output, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.name, Key: item{"owner": text(t.owner), "id": text("usage")}, ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return fmt.Errorf("reading the usage: %w", err)
	}
	if used, ok := output.Item["used"].(*types.AttributeValueMemberN); !ok || used.Value != strconv.FormatInt(want, 10) {
		return fmt.Errorf("the usage is not the sum of all sizes, %d bytes", want)
	}
	return nil
}
