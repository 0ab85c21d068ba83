package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/truora/minidyn/server"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/awsclient"
	"postern/internal/contract"
	"postern/internal/function"
	"postern/internal/lifecycle"
	"postern/internal/records"
	"postern/internal/sign"
	"postern/internal/tabletest"
	"postern/internal/upload"
)

const (
	owner = "0123456789abcdef0123"
	other = "fedcba9876543210fedc"

	// marker stands for what belongs to a person: it is in no log.
	marker = "planted-secret"
)

// start is when every test begins.
var start = time.Date(2026, time.March, 14, 15, 9, 26, 535_000_000, time.UTC)

func folders() contract.Folders {
	return contract.Folders{
		"videos":    {MaxSize: 5 << 40, Formats: map[string]string{"mp4": "video/mp4", "mov": "video/quicktime"}},
		"documents": {MaxSize: 1 << 20, Formats: map[string]string{"pdf": "application/pdf"}},
	}
}

// A world is the function's handlers with a real uploads table, and a bucket and a queue in memory.
type world struct {
	handlers *handlers
	records  *records.Uploads
	users    *records.Users
	bucket   *bucket
	queue    *line
	queries  atomic.Int64 // of the table
	signed   []sign.Get
	now      time.Time
	log      sharedLog
	gateway  lambda.Handler
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{now: start, bucket: &bucket{versions: map[string][]upload.Version{}, open: map[string][]upload.Multipart{}}, queue: &line{}}
	table := server.NewServer()
	dynamo := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".Query") {
			w.queries.Add(1)
		}
		table.ServeHTTP(answer, r)
	}))
	t.Cleanup(dynamo.Close)
	w.records, w.users = newTableAt(t, dynamo.URL), newUsersAt(t, dynamo.URL)
	log := slog.New(slog.NewJSONHandler(&w.log, nil))
	clock := func() time.Time { return w.now }
	w.handlers = &handlers{
		folders: folders(), lifetime: 15 * time.Minute, records: w.records, objects: w.bucket,
		deletion: &lifecycle.Deletion{Records: w.records, Objects: w.bucket, Queue: w.queue, Now: clock},
		signer:   signerFunc(func(get sign.Get) { w.signed = append(w.signed, get) }),
		repairs:  &repairs{queue: w.queue, now: clock, log: log},
		keys:     w.users,
		links:    w.records,
		random:   rand.Reader,
		now:      clock,
		log:      log,
	}
	gateway, err := apigw.New(contract.Manage, w.handlers.routes(), nil, log)
	if err != nil {
		t.Fatal(err)
	}
	w.gateway = gateway
	return w
}

// runtimeAt has one service at an address.
func runtimeAt(service function.Service, address string) function.Runtime {
	return function.Runtime{
		RuntimeEnv: contract.RuntimeEnv{Region: "eu-west-1", AccessKeyID: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret", SessionToken: "token"},
		Endpoints:  map[function.Service]string{service: address},
	}
}

// newTableAt creates an uploads table in the DynamoDB at an address.
func newTableAt(t testing.TB, address string) *records.Uploads {
	t.Helper()
	client := dynamodb.NewFromConfig(awsclient.Config(runtimeAt(function.DynamoDB, address), function.DynamoDB))
	tabletest.Create(t, client, "uploads", "owner", "id")
	return records.NewUploads(client, "uploads")
}

// newUsersAt creates a users table in the DynamoDB at an address.
func newUsersAt(t testing.TB, address string) *records.Users {
	t.Helper()
	client := dynamodb.NewFromConfig(awsclient.Config(runtimeAt(function.DynamoDB, address), function.DynamoDB))
	tabletest.Create(t, client, "users", "mail")
	return records.NewUsers(client, "users")
}

// derived is an owner's key.
func derived(owner string) upload.DerivedKey {
	key, err := upload.DeriveKey([]byte(marker+"-of-the-whole-stage"), owner)
	if err != nil {
		panic(err)
	}
	return key
}

// idOf is an owner's nth id of a time, with an extension.
func idOf(owner string, granted time.Time, n int, extension string) string {
	id, err := derived(owner).NewID(granted, strings.NewReader(string([]byte{0, byte(n >> 8), 0, byte(n)})), extension)
	if err != nil {
		panic(err)
	}
	return id
}

// idAt is the owner's nth id of a time, with an extension.
func idAt(granted time.Time, n int, extension string) string {
	return idOf(owner, granted, n, extension)
}

func keyOf(owner, id string) string { return "videos/" + owner + "/" + id }

// arrived is the record of an upload as it is accepted.
func arrived(owner, id string) upload.Record {
	return upload.Record{
		Owner: owner, ID: id, Key: keyOf(owner, id), VersionID: "v1", Status: upload.Accepted, Size: 7, Type: "video/mp4",
		ETag: `"e"`, Filename: marker + ".mp4", Title: marker, Counted: 7 + int64(2*len(marker)+len(".mp4")), Files: 1, Version: 1,
	}
}

// accept writes a new record and its only version.
func (w *world) accept(t testing.TB, record upload.Record) {
	t.Helper()
	if err := w.records.Accept(t.Context(), record, upload.Usage{Bytes: 1 << 40, Files: 1 << 40}); err != nil {
		t.Fatal(err)
	}
	w.bucket.put(record.Key, upload.Version{ID: record.VersionID, Size: record.Size, Modified: w.now})
}

// setVerdict writes a new record and gives it its verdict.
func (w *world) setVerdict(t testing.TB, record upload.Record) {
	t.Helper()
	w.accept(t, record)
	if _, err := w.records.SetVerdict(t.Context(), record); err != nil {
		t.Fatal(err)
	}
}

// publish notes that the event of a record's status is sent, as an inspection would.
func (w *world) publish(t testing.TB, id string) {
	t.Helper()
	record := w.record(t, owner, id)
	if err := w.records.MarkPublished(t.Context(), record); err != nil {
		t.Fatal(err)
	}
}

// record reads a record, which must be there.
func (w *world) record(t testing.TB, owner, id string) upload.Record {
	t.Helper()
	record, found, err := w.records.Record(t.Context(), owner, id)
	if err != nil || !found {
		t.Fatalf("record %s of %s: %t, %v, want one", id, owner, found, err)
	}
	return record
}

func (w *world) usage(t testing.TB) upload.Usage {
	t.Helper()
	used, err := w.records.Usage(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	return used
}

// A call is a request as a client makes it, on behalf of an owner.
type call struct {
	principal string // owner if empty
	owner     string
	method    string // GET if empty
	path      string // resource; that of one upload if empty
	id        string // as it is sent
	query     map[string]string
	ifMatch   string
	body      string
	keyID     string
	linkID    string
	link      *upload.Link // of a guest; nil: the caller is a user
	noMail    bool         // of the query
	folders   *string      // that the caller may use, with commas between; nil: all
}

// A sharedLog is a log that several calls write at once.
type sharedLog struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *sharedLog) Write(line []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(line)
}

func (l *sharedLog) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

func (l *sharedLog) Len() int { return len(l.String()) }

func (l *sharedLog) Reset() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.text.Reset()
}

// do sends a call. What it answers is one of the API's, and the log holds nothing of a person.
func (w *world) do(t testing.TB, c call) events.APIGatewayProxyResponse {
	t.Helper()
	event := events.APIGatewayProxyRequest{Resource: "/uploads/{id}", HTTPMethod: http.MethodGet, Body: c.body, MultiValueHeaders: map[string][]string{}}
	event.RequestContext.RequestID = "request-1"
	event.RequestContext.Authorizer = apigw.Caller{Owner: c.owner, Role: "user", MaxSize: 1, Quota: 1 << 20, FileQuota: 5, Key: derived(c.owner)}.Context()
	event.RequestContext.Authorizer["principalId"] = cmp.Or(c.principal, c.owner)
	if c.method != "" {
		event.HTTPMethod = c.method
	}
	if c.path != "" {
		event.Resource = c.path
	}
	if c.id != "" {
		event.PathParameters = map[string]string{"id": c.id}
	}
	if c.keyID != "" {
		event.PathParameters = map[string]string{"keyId": c.keyID}
	}
	if c.linkID != "" {
		event.PathParameters = map[string]string{"linkId": c.linkID}
	}
	if c.link != nil {
		guest := apigw.Caller{Role: apigw.RoleGuest, Link: &apigw.GuestLink{Link: *c.link}}.Context()
		event.RequestContext.Authorizer["role"], event.RequestContext.Authorizer["link"] = guest["role"], guest["link"]
	}
	if strings.HasPrefix(c.path, "/keys") {
		event.RequestContext.Authorizer["mail"] = marker + "@example.com"
	}
	if c.folders != nil {
		event.RequestContext.Authorizer["folders"] = *c.folders
	}
	if c.body != "" {
		event.MultiValueHeaders["Content-Type"] = []string{"application/json"}
	}
	if c.ifMatch != "" {
		event.MultiValueHeaders["If-Match"] = []string{c.ifMatch}
	}
	if !strings.HasPrefix(c.path, "/keys") && !c.noMail {
		event.MultiValueQueryStringParameters = map[string][]string{"mail": {marker + "@example.com"}}
	}
	for name, value := range c.query {
		event.MultiValueQueryStringParameters[name] = []string{value}
	}
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	logged := w.log.Len()
	answer, err := w.gateway.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	var response events.APIGatewayProxyResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	log := w.log.String()[logged:]
	// Only an id that was granted, and that names something, is no client's own words.
	refused := c.id != "" && response.StatusCode >= http.StatusBadRequest && strings.Contains(log, c.id)
	if strings.Contains(log, marker) || strings.Contains(log+response.Body, derived(c.owner).Text()) || refused {
		t.Errorf("the log holds what a client sent: %s", log)
	}
	return response
}

// see reads an answer's body of that status.
func see[T any](t testing.TB, response events.APIGatewayProxyResponse, status int) T {
	t.Helper()
	var body T
	if response.StatusCode != status {
		t.Fatalf("got %d %s, want %d", response.StatusCode, response.Body, status)
	}
	if err := json.Unmarshal([]byte(response.Body), &body); err != nil {
		t.Fatalf("%s: %v", response.Body, err)
	}
	return body
}

func failure(message, code string) string {
	quoted, _ := json.Marshal(message)
	return fmt.Sprintf(`{"message":%s,"code":%q,"requestId":"request-1"}`+"\n", quoted, code)
}

// noUpload is the one answer about what is not there.
var noUpload = failure("no such upload", "not_found")

func checkRefusal(t testing.TB, name string, response events.APIGatewayProxyResponse, status int, body string) {
	t.Helper()
	if response.StatusCode != status || response.Body != body {
		t.Errorf("%s: got %d %s\nwant %d %s", name, response.StatusCode, response.Body, status, body)
	}
}

// A bucket has its versions in memory, by key.
type bucket struct {
	mu       sync.Mutex
	versions map[string][]upload.Version
	open     map[string][]upload.Multipart // by key
}

func (b *bucket) put(key string, versions ...upload.Version) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.versions[key] = append(b.versions[key], versions...)
}

func (b *bucket) Versions(_ context.Context, key string) ([]upload.Version, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.versions[key]), nil
}

func (b *bucket) OpenUploads(_ context.Context, key string) ([]upload.Multipart, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open[key], nil
}

func (b *bucket) AbortUploads(_ context.Context, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, key)
	return nil
}

func (b *bucket) Remove(_ context.Context, key string, versionIDs ...string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.versions[key] = slices.DeleteFunc(b.versions[key], func(v upload.Version) bool { return slices.Contains(versionIDs, v.ID) })
	return nil
}

// isEmpty reports whether nothing is left of a key.
func (b *bucket) isEmpty(key string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.versions[key]) == 0 && len(b.open[key]) == 0
}

// A line is a queue that remembers what was put into it, unless it is broken.
type line struct {
	mu     sync.Mutex
	keys   []string
	broken bool
}

func (l *line) Inspect(_ context.Context, key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken {
		return errors.New("the queue is broken")
	}
	l.keys = append(l.keys, key)
	return nil
}

// taken are the keys that were queued since it was asked last.
func (l *line) taken() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys := l.keys
	l.keys = nil
	return keys
}

// A signerFunc hears of what is signed.
type signerFunc func(sign.Get)

func (f signerFunc) PresignGet(get sign.Get, now time.Time, lifetime time.Duration) (sign.PresignedRequest, error) {
	f(get)
	return sign.PresignedRequest{URL: "https://signed.example/", Expires: now.Add(lifetime)}, nil
}

// idsOf are the ids of a page.
func idsOf(list api.UploadList) []string {
	ids := make([]string, len(list.Uploads))
	for i, u := range list.Uploads {
		ids[i] = u.ID
	}
	return ids
}
