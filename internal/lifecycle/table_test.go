package lifecycle_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/truora/minidyn/server"

	"postern/internal/lifecycle/model"
	"postern/internal/records"
)

// A table is the uploads table in an in-process DynamoDB.
type table struct {
	dynamo *server.Server
	// conflicts is how many writes are still answered with a conflict.
	conflicts int
	// forge changes the body of a request on its way. If nil, none is changed.
	forge func(operation, body string) string
	// changed is whether there was a write since it was last set to false.
	changed bool
}

func newTable() *table {
	t := &table{dynamo: server.NewServer()}
	t.do("CreateTable", `{"TableName":"uploads","BillingMode":"PAY_PER_REQUEST",
		"AttributeDefinitions":[{"AttributeName":"owner","AttributeType":"S"},{"AttributeName":"id","AttributeType":"S"}],
		"KeySchema":[{"AttributeName":"owner","KeyType":"HASH"},{"AttributeName":"id","KeyType":"RANGE"}]}`)
	return t
}

// do asks the DynamoDB itself.
func (t *table) do(operation, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	recorder := httptest.NewRecorder()
	t.dynamo.ServeHTTP(recorder, r)
	return recorder
}

// Do answers requests in the place of a network.
func (t *table) Do(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	write := operation != "GetItem" && operation != "Query"
	if t.conflicts > 0 && write {
		t.conflicts--
		return conflicting(operation), nil
	}
	t.changed = t.changed || write
	text := string(body)
	if t.forge != nil {
		text = t.forge(operation, text)
	}
	return t.do(operation, text).Result(), nil
}

func conflicting(operation string) *http.Response {
	body := `{"__type":"TransactionConflictException","message":"m"}`
	if operation == "TransactWriteItems" {
		body = `{"__type":"TransactionCanceledException","message":"m","CancellationReasons":[{"Code":"TransactionConflict"},{"Code":"None"}]}`
	}
	return &http.Response{
		StatusCode: http.StatusBadRequest, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(bytes.NewReader([]byte(body))),
	}
}

// uploads are the real records over the table.
func (t *table) uploads() *records.Uploads {
	uploads := records.NewUploads(dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String("http://dynamodb.test"), HTTPClient: t,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		}),
	}), "uploads")
	uploads.Pause = func(context.Context, time.Duration) {}
	return uploads
}

// remove deletes an item.
func (t *table) remove(owner, id string) {
	t.changed = true
	t.do("DeleteItem", `{"TableName":"uploads","Key":{"owner":{"S":"`+owner+`"},"id":{"S":"`+id+`"}}}`)
}

// snapshot reads the whole table, as it is stored.
func (t *table) snapshot() (records map[string]model.Record, used map[string]model.Usage) {
	var output struct {
		Items []map[string]struct {
			S, N string
			BOOL bool
			L    []struct{ S string }
		}
	}
	if err := json.Unmarshal(t.do("Scan", `{"TableName":"uploads"}`).Body.Bytes(), &output); err != nil {
		panic(err)
	}
	records, used = map[string]model.Record{}, map[string]model.Usage{}
	for _, item := range output.Items {
		if item["id"].S == "usage" {
			used[item["owner"].S] = model.Usage{Bytes: whole(item["used"].N), Files: whole(item["files"].N)}
			continue
		}
		if item["id"].S == "removed" {
			continue
		}
		texts := item["filename"].S + item["title"].S + item["description"].S
		for _, label := range item["labels"].L {
			texts += label.S
		}
		files := int64(0)
		if item["files"].N != "" {
			files = whole(item["files"].N)
		}
		records[item["owner"].S+"/"+item["id"].S] = model.Record{
			Status: item["status"].S, Reason: item["reason"].S, Version: item["versionId"].S,
			Counted: whole(item["counted"].N), Files: files, Text: int64(len(texts)), Published: item["published"].BOOL,
		}
	}
	return records, used
}

func whole(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}
