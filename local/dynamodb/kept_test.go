package dynamodb_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	local "postern/local/dynamodb"
	"postern/local/iam"
	"postern/local/stacktest"
)

// reopen serves what is in a data folder. An earlier run need not have ended well.
func reopen(t *testing.T, data string) (*dynamodb.Client, *local.DB) {
	t.Helper()
	db, err := local.Open(data, stacktest.Stack())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	server := stacktest.Serve(t, stacktest.NewGuard(), nil, db.Service())
	return client(server, server.Issue(t, iam.Operator)), db
}

func upload(id string, more ...string) map[string]types.AttributeValue {
	item := map[string]types.AttributeValue{"owner": text("o"), "id": text(id)}
	for i := 0; i < len(more); i += 2 {
		item[more[i]] = text(more[i+1])
	}
	return item
}

// contents are the items of the uploads, one a line.
func contents(t *testing.T, c *dynamodb.Client) []string {
	t.Helper()
	scan, err := c.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("uploads")})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, item := range scan.Items {
		var line []string
		for _, name := range slices.Sorted(maps.Keys(item)) {
			switch value := item[name].(type) {
			case *types.AttributeValueMemberS:
				line = append(line, name+"="+value.Value)
			case *types.AttributeValueMemberN:
				line = append(line, name+"="+value.Value)
			}
		}
		lines = append(lines, strings.Join(line, " "))
	}
	slices.Sort(lines)
	return lines
}

// TestWritesAreKept has each kind of write survive a kill.
func TestWritesAreKept(t *testing.T) {
	data, table := t.TempDir(), aws.String("uploads")
	c, db := reopen(t, data)
	if !db.Modified.IsZero() {
		t.Errorf("got the time %v of an earlier run", db.Modified)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	put := func(item map[string]types.AttributeValue) error {
		_, err := c.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: item, ConditionExpression: aws.String("attribute_not_exists(id)")})
		return err
	}
	add := func(id string) error {
		_, err := c.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: table, Key: upload(id), UpdateExpression: aws.String("ADD used :n SET title = :t"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":n": &types.AttributeValueMemberN{Value: "7"}, ":t": text("a <b> & ä\n")},
		})
		return err
	}
	must(put(upload("1", "title", "a")))
	if err := put(upload("1", "title", "b")); stacktest.Code(err) != "ConditionalCheckFailedException" {
		t.Errorf("got %v, want a failed condition", err)
	}
	must(add("2"))
	must(add("2"))
	must(put(upload("3")))
	_, err := c.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: table, Key: upload("3")})
	must(err)
	_, err = c.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{
		"uploads": {{PutRequest: &types.PutRequest{Item: upload("4")}}, {DeleteRequest: &types.DeleteRequest{Key: upload("9")}}},
	}})
	must(err)
	_, err = c.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: table, Item: upload("5")}},
		{Delete: &types.Delete{TableName: table, Key: upload("4")}},
	}})
	must(err)

	want := []string{"id=1 owner=o title=a", "id=2 owner=o title=a <b> & ä\n used=14", "id=5 owner=o"}
	for _, when := range []string{"before", "after a kill", "after a second one"} {
		if diff := cmp.Diff(contents(t, c), want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", when, diff)
		}
		c, db = reopen(t, data)
		if db.Modified.IsZero() {
			t.Errorf("%s: the time of the last write is not known", when)
		}
	}
	file := filepath.Join(data, "tables.jsonl")
	kept, err := os.ReadFile(file)
	must(err)
	if lines := strings.Count(string(kept), "\n"); lines != len(want) {
		t.Errorf("the file has %d lines for %d items", lines, len(want))
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want mode 0600", info, err)
	}
}

// TestWriteThatIsNotKept has a disk that takes no more.
func TestWriteThatIsNotKept(t *testing.T) {
	data := t.TempDir()
	c, db := reopen(t, data)
	put := func(id string) error {
		_, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("uploads"), Item: upload(id)})
		return err
	}
	if err := put("1"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	for _, id := range []string{"2", "3"} {
		if err := put(id); stacktest.Code(err) != "InternalServerError" {
			t.Errorf("got %v, want InternalServerError", err)
		}
	}
	c, _ = reopen(t, data)
	if diff := cmp.Diff(contents(t, c), []string{"id=1 owner=o"}); diff != "" {
		t.Errorf("after a restart (-got +want):\n%s", diff)
	}
}

// TestManyItems has more than a page of a scan.
func TestManyItems(t *testing.T) {
	data := t.TempDir()
	c, _ := reopen(t, data)
	var want []string
	for i := range 30 {
		id, title := fmt.Sprintf("%02d", i), strings.Repeat("x", 100<<10)
		want = append(want, "id="+id+" owner=o title="+title)
		if _, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("uploads"), Item: upload(id, "title", title)}); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = reopen(t, data)
	c, _ = reopen(t, data)
	if diff := cmp.Diff(len(contents(t, c)), len(want)); diff != "" {
		t.Errorf("items (-got +want):\n%s", diff)
	}
}
