package records_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/truora/minidyn/server"

	"postern/internal/records"
	"postern/internal/tabletest"
	"postern/internal/upload"
)

const (
	uploadsTable = "uploads"
	owner        = "0123456789abcdef0123"
	other        = "fedcba98765432100123"
)

// inProcess sends requests to a handler without a network.
type inProcess struct{ handler http.Handler }

func (p inProcess) Do(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	p.handler.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

// A meddler stands before a DynamoDB. It is asked of each request, by its operation and body, what to do.
type meddler struct {
	dynamo http.Handler
	meddle func(operation, body string, w http.ResponseWriter, pass func())
}

func (m *meddler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if m.meddle == nil {
		m.dynamo.ServeHTTP(w, r)
		return
	}
	m.meddle(operation, string(body), w, func() { m.dynamo.ServeHTTP(w, r) })
}

// A bench is an uploads table, the meddler before it and a client of it behind the meddler's back.
type bench struct {
	*records.Uploads
	*meddler
	client *dynamodb.Client
	pauses []time.Duration
}

func newBench(t testing.TB) *bench {
	t.Helper()
	dynamo := server.NewServer()
	b := &bench{meddler: &meddler{dynamo: dynamo}}
	b.Uploads = records.NewUploads(dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String("http://dynamodb.test"), Credentials: credentials, HTTPClient: inProcess{b.meddler},
	}), uploadsTable)
	b.Pause = func(_ context.Context, longest time.Duration) { b.pauses = append(b.pauses, longest) }
	b.client = dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String("http://dynamodb.test"), Credentials: credentials, HTTPClient: inProcess{dynamo},
	})
	tabletest.Create(t, b.client, uploadsTable, "owner", "id")
	return b
}

// raw is an item as it is stored.
func (b *bench) raw(t testing.TB, id string) map[string]types.AttributeValue {
	t.Helper()
	output, err := b.client.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(uploadsTable),
		Key:       map[string]types.AttributeValue{"owner": text(owner), "id": text(id)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return output.Item
}

func (b *bench) putRaw(t *testing.T, item map[string]types.AttributeValue) {
	t.Helper()
	if _, err := b.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(uploadsTable), Item: item}); err != nil {
		t.Fatal(err)
	}
}

// forget removes an item.
func (b *bench) forget(t *testing.T, id string) {
	t.Helper()
	if _, err := b.client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
		TableName: aws.String(uploadsTable), Key: map[string]types.AttributeValue{"owner": text(owner), "id": text(id)},
	}); err != nil {
		t.Fatal(err)
	}
}

// record reads a record that must be there.
func (b *bench) record(t *testing.T, id string) upload.Record {
	t.Helper()
	record, found, err := b.Record(t.Context(), owner, id)
	if !found || err != nil {
		t.Fatalf("Record(%s) = %t, %v, want one", id, found, err)
	}
	return record
}

func (b *bench) checkUsage(t *testing.T, bytes, files int64) {
	t.Helper()
	if used, err := b.Usage(t.Context(), owner); used != (upload.Usage{Bytes: bytes, Files: files}) || err != nil {
		t.Errorf("Usage = %+v, %v, want %d bytes in %d files", used, err, bytes, files)
	}
}

// roomy is a quota that most tests do not use up.
var roomy = upload.Usage{Bytes: 1000, Files: 100}

// accepted accepts a full record.
func (b *bench) accepted(t *testing.T, id string) upload.Record {
	t.Helper()
	record := full(id)
	if err := b.Accept(t.Context(), record, roomy); err != nil {
		t.Fatal(err)
	}
	return record
}

// patch patches a record.
func (b *bench) patch(t *testing.T, record upload.Record, patch upload.Patch) upload.Record {
	t.Helper()
	patched, err := b.Patch(t.Context(), record, patch, roomy.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return patched
}

// full is a record of which every field is set that an accepted one has.
func full(id string) upload.Record {
	return upload.Record{
		Owner: owner, ID: id, Key: "videos/" + owner + "/" + id, VersionID: "v1", Status: upload.Accepted, Reason: upload.SizeMismatch,
		Size: 91, Type: "video/mp4", ETag: `"e"`, Checksum: "c", ChecksumAlgorithm: "CRC64NVME", Filename: "f.mp4", Title: "t", Description: "d", Labels: []string{"b", "a"}, Context: "order 7",
		Counted: 100, Files: 1, Version: 1,
	}
}

// idOf is the n-th id by age.
func idOf(n int) string { return fmt.Sprintf("%032x.mp4", n) }

const (
	conflict      = `{"__type":"TransactionCanceledException","message":"m","CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]}`
	throttled     = `{"__type":"TransactionCanceledException","message":"m","CancellationReasons":[{"Code":"ThrottlingError"}]}`
	mixed         = `{"__type":"TransactionCanceledException","message":"m","CancellationReasons":[{"Code":"ConditionalCheckFailed"},{"Code":"TransactionConflict"}]}`
	overAndClash  = `{"__type":"TransactionCanceledException","message":"m","CancellationReasons":[{"Code":"TransactionConflict"},{"Code":"ConditionalCheckFailed"}]}`
	itemConflict  = `{"__type":"TransactionConflictException","message":"m"}`
	invalid       = `{"__type":"TransactionCanceledException","message":"m","CancellationReasons":[{"Code":"ValidationError"}]}`
	internalFault = `{"__type":"InternalServerError","message":"m"}`
)

func refuse(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// A discard is an answer that nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func requestOf(operation, body string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	return r
}

var unexported = cmp.Exporter(func(reflect.Type) bool { return true })
