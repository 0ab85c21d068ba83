package main_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
	"github.com/truora/minidyn/server"

	postern "postern/cmd/postern"
	"postern/internal/cfn"
	"postern/internal/tabletest"
	"postern/local/iam"
	locals3 "postern/local/s3"
)

const (
	uploadsTable = "Postern-local-Uploads"
	queueURL     = "https://sqs.eu-west-1.amazonaws.com/000000000000/Inspections"
	ownerA       = "00000000000000000000"
	ownerB       = "ffffffffffffffffffff"
)

// objects is the one S3 server of this process.
var objects struct {
	*locals3.Server
	operator iam.Credentials
	client   *s3.Client
}

func TestMain(m *testing.M) {
	os.Exit(withObjects(m))
}

// withObjects runs the tests with an S3 server.
func withObjects(m *testing.M) int {
	data, err := os.MkdirTemp("", "postern")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(data) }()
	// What this machine's user has saved is of no concern to the tests.
	for _, variable := range []string{"XDG_CONFIG_HOME", "XDG_STATE_HOME", "NETRC"} {
		if err := os.Setenv(variable, filepath.Join(data, variable)); err != nil {
			panic(err)
		}
	}
	issuer := iam.NewIssuer(rand.Reader)
	if objects.operator, err = issuer.Issue(iam.Operator); err != nil {
		panic(err)
	}
	stack := &cfn.Stack{Region: region}
	policies := iam.NewPolicies(stack, io.Discard)
	objects.Server, err = locals3.Start(locals3.Config{Data: data, Stack: stack, Issuer: issuer, Policies: policies, Operator: objects.operator})
	if err != nil {
		panic(err)
	}
	defer objects.Close()
	objects.client = s3.New(s3.Options{Region: region, BaseEndpoint: &objects.URL, UsePathStyle: true, Credentials: objects.operator.Provider()})
	return m.Run()
}

// A depot is what a stage has of its uploads: a bucket, a table of records, and the queue of what is to be inspected.
type depot struct {
	bucket  string
	records *dynamodb.Client
	tables  *httptest.Server
	queue   *queue
}

// startDepot starts a depot and writes its data folder, as the local run does.
func startDepot(t *testing.T) *depot {
	t.Helper()
	d := &depot{bucket: "depot-" + strings.ToLower(rand.Text()), queue: &queue{t: t}}
	if _, err := objects.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &d.bucket}); err != nil {
		t.Fatal(err)
	}
	if _, err := objects.client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &d.bucket, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
	}); err != nil {
		t.Fatal(err)
	}
	d.tables = serve(t, checksummed(server.NewServer()))
	d.records = dynamodb.New(dynamodb.Options{Region: region, BaseEndpoint: &d.tables.URL, Credentials: objects.operator.Provider()})
	tabletest.Create(t, d.records, uploadsTable, "owner", "id")
	tabletest.Create(t, d.records, table, "mail")
	queues := serve(t, d.queue)
	secrets := serve(t, http.HandlerFunc((&backend{key: ownerKey}).secretValue))
	data := t.TempDir()
	t.Setenv("DATA", data)
	write(t, data, "config", fmt.Sprintf("[default]\nregion = %s\nservices = local\n\n[services local]\ns3 =\n  endpoint_url = %s\ndynamodb =\n  endpoint_url = %s\nsqs =\n  endpoint_url = %s\nsecrets_manager =\n  endpoint_url = %s\n",
		region, objects.URL, d.tables.URL, queues.URL, secrets.URL))
	write(t, data, "credentials", fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n",
		objects.operator.AccessKeyID, objects.operator.SecretAccessKey, objects.operator.SessionToken))
	write(t, data, "outputs.json", fmt.Sprintf(`{"Postern-local": {"BucketName": %q, "UploadsTableName": %q, "QueueUrl": %q, "UsersTableName": %q, "OwnerKeySecretArn": %q}}`,
		d.bucket, uploadsTable, queueURL, table, secretARN))
	return d
}

// put stores objects of one byte.
func (d *depot) put(t *testing.T, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if _, err := objects.client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &d.bucket, Key: &key, Body: strings.NewReader("x")}); err != nil {
			t.Fatal(err)
		}
	}
}

// record writes the record of a key.
func (d *depot) record(t *testing.T, key, status string, published bool) {
	t.Helper()
	parts := strings.Split(key, "/")
	item := map[string]types.AttributeValue{
		"owner": &types.AttributeValueMemberS{Value: parts[1]}, "id": &types.AttributeValueMemberS{Value: parts[2]},
		"status": &types.AttributeValueMemberS{Value: status}, "title": &types.AttributeValueMemberS{Value: "planted title"},
	}
	if published {
		item["published"] = &types.AttributeValueMemberBOOL{Value: true}
	}
	if _, err := d.records.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(uploadsTable), Item: item}); err != nil {
		t.Fatal(err)
	}
}

// A queue takes batches of messages as SQS does. An answer without MD5 sums would be refused by the SDK.
type queue struct {
	t *testing.T
	// fault says what becomes of the nth message that arrives, from 0: "" is taken, "busy" and "wrong" fail through no
	// fault and the fault of the sender, "lost" is not answered for.
	fault func(n int) string

	mutex   sync.Mutex
	arrived int
	batches []int // how many messages each has
	bodies  []string
}

func (q *queue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	var batch struct {
		QueueUrl string
		Entries  []struct{ Id, MessageBody string }
	}
	if err := json.NewDecoder(r.Body).Decode(&batch); err != nil || batch.QueueUrl != queueURL ||
		r.Header.Get("X-Amz-Target") != "AmazonSQS.SendMessageBatch" || len(batch.Entries) < 1 || len(batch.Entries) > 10 {
		q.t.Errorf("SQS is asked for %s with %+v: %v", r.Header.Get("X-Amz-Target"), batch, err)
	}
	q.batches = append(q.batches, len(batch.Entries))
	var successful, failed []map[string]any
	for _, entry := range batch.Entries {
		fault := ""
		if q.fault != nil {
			fault = q.fault(q.arrived)
		}
		q.arrived++
		switch fault {
		case "":
			q.bodies = append(q.bodies, entry.MessageBody)
			sum := md5.Sum([]byte(entry.MessageBody))
			successful = append(successful, map[string]any{"Id": entry.Id, "MessageId": "m", "MD5OfMessageBody": hex.EncodeToString(sum[:])})
		case "busy", "wrong":
			failed = append(failed, map[string]any{"Id": entry.Id, "Code": "Planted\x1b[2J", "SenderFault": fault == "wrong"})
		}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	answer(w, map[string]any{"Successful": successful, "Failed": failed})
}

// keys are those that the queue's messages name, in the order that they were taken.
func (q *queue) keys(t *testing.T, bucket string) []string {
	t.Helper()
	q.mutex.Lock()
	defer q.mutex.Unlock()
	keys := []string{}
	for _, body := range q.bodies {
		var event events.S3Event
		if err := json.Unmarshal([]byte(body), &event); err != nil || len(event.Records) != 1 {
			t.Fatalf("%s is not a notification of S3 with one record: %v", body, err)
		}
		record := event.Records[0]
		if record.EventSource != "postern" || record.EventName != "Inspect" || record.S3.Bucket.Name != bucket || record.S3.Object.VersionID != "" {
			t.Errorf("got message %s", body)
		}
		keys = append(keys, record.S3.Object.URLDecodedKey)
	}
	return keys
}

// uploadKeys are n keys of a folder, in order.
func uploadKeys(folder, owner string, n int) []string {
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprintf("%s/%s/%032x.mp4", folder, owner, i))
	}
	return keys
}

const priced = "(list prices of us-east-1 in January 2025, which may differ today and elsewhere)\n"

func TestReconcile(t *testing.T) {
	d := startDepot(t)
	images, videos := uploadKeys("images", ownerA, 3), uploadKeys("videos", ownerB, 8)
	foreign := []string{
		"readme.txt", "videos/readme.txt", "videos/" + ownerA + "/x.mp4", "Videos/" + ownerA + "/" + idA, "videos/" + ownerA + "/" + strings.ToUpper(idA),
		"videos/" + ownerA + "/" + idA + "/x", "videos/" + ownerA + "/été & <b>%2F+\x01.mp4",
	}
	d.put(t, slices.Concat(images, videos, foreign)...)
	d.record(t, images[0], "ready", true)
	d.record(t, images[1], "rejected", true)
	d.record(t, videos[0], "ready", true)
	d.record(t, videos[1], "ready", false)
	d.record(t, videos[2], "accepted", false)
	d.record(t, videos[3], "accepted", true) // as nobody writes it
	d.record(t, videos[4], "deleted", true)
	d.record(t, videos[5], "rejected", false)
	d.record(t, videos[6], "x", true) // of a later version of the stack
	// Its bytes are not an upload any more.
	gone := "videos/" + ownerA + "/" + idC
	d.put(t, gone)
	if _, err := objects.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &d.bucket, Key: &gone}); err != nil {
		t.Fatal(err)
	}
	unfinished := append([]string{images[2]}, videos[1:]...)

	got := local(t, "", "reconcile", "--dry-run")
	want := "18 keys: 7 foreign, 9 with a record; to queue: 8\n" +
		"cost: 1 LIST requests, at least 11 read units, 0 requests to the queue: about $0.0000 " + priced
	if got.code != 0 || got.out != want {
		t.Errorf("dry run: got code %d, stderr %q, stdout\n%swant\n%s", got.code, got.err, got.out, want)
	}
	if diff := cmp.Diff(d.queue.keys(t, d.bucket), []string{}); diff != "" {
		t.Errorf("a dry run queues (-got +want)\n%s", diff)
	}

	got = local(t, "", "reconcile")
	want = "18 keys: 7 foreign, 9 with a record; queued: 8\n" +
		"cost: 1 LIST requests, at least 11 read units, 1 requests to the queue: about $0.0000 " + priced
	if got.code != 0 || got.out != want {
		t.Errorf("got code %d, stderr %q, stdout\n%swant\n%s", got.code, got.err, got.out, want)
	}
	const expectation = "To expect for a million objects: 1000 LIST requests ($0.005) and 1000000 read units, more where a record has over 4 KB ($0.125);\n" +
		"for each million of them that is queued, 100000 requests to the queue ($0.040) and what the inspections cost.\n" + priced
	if want := expectation + "1 pages, 18 keys, 8 queued\n"; got.err != want {
		t.Errorf("got stderr\n%swant\n%s", got.err, want)
	}
	if diff := cmp.Diff(d.queue.keys(t, d.bucket), unfinished); diff != "" {
		t.Errorf("queued (-got +want)\n%s", diff)
	}
	// A second call does the same.
	if got := local(t, "", "reconcile"); got.code != 0 || got.out != want {
		t.Errorf("got code %d, stdout\n%swant\n%s", got.code, got.out, want)
	}
	if diff := cmp.Diff(d.queue.keys(t, d.bucket), append(unfinished, unfinished...)); diff != "" {
		t.Errorf("queued after a second call (-got +want)\n%s", diff)
	}
}

func TestReconcileFolder(t *testing.T) {
	d := startDepot(t)
	keys := slices.Concat(uploadKeys("videos", ownerA, 3), uploadKeys("videos-evil", ownerA, 1), uploadKeys("videosx", ownerA, 1), uploadKeys("video", ownerA, 1))
	d.put(t, keys...)
	if got := local(t, "", "reconcile", "--folder=videos", "--after="+keys[0]); got.code != 0 {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(d.queue.keys(t, d.bucket), keys[1:3]); diff != "" {
		t.Errorf("queued (-got +want)\n%s", diff)
	}
	got := local(t, "", "reconcile", "--folder=vidoes")
	want := "\nerror: reconciling stage local: the bucket has nothing in folder vidoes: must be a folder of the stage, such as videos\n"
	if got.code != 1 || got.out != "" || !strings.HasSuffix(got.err, want) || strings.Contains(got.err, "resume") {
		t.Errorf("got %+v for an unknown folder, want 1 and %q", got, want)
	}
	// A call that goes on after the last key of a folder finds nothing more, and that is not a fault.
	if got := local(t, "", "reconcile", "--folder=videos", "--after="+keys[2]); got.code != 0 || !strings.HasPrefix(got.out, "0 keys: ") {
		t.Errorf("got %+v after the last key", got)
	}
}

// DynamoDB refuses to read a record twice at once, though two folders may hold an object of it.
func TestReconcileTwoObjectsOfOneRecord(t *testing.T) {
	d := startDepot(t)
	keys := slices.Concat(uploadKeys("images", ownerA, 1), uploadKeys("videos", ownerA, 1))
	d.put(t, keys...)
	next := d.tables.Config.Handler
	d.tables.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := len(batchOf(t, r)); n != 1 {
			t.Errorf("%d keys are read, want 1", n)
		}
		next.ServeHTTP(w, r)
	})
	if got := local(t, "", "reconcile"); got.code != 0 {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(d.queue.keys(t, d.bucket), keys); diff != "" {
		t.Errorf("queued (-got +want)\n%s", diff)
	}
}

// batchOf are the keys of a BatchGetItem, once it is seen to be as it should. The request stays readable.
func batchOf(t *testing.T, r *http.Request) []any {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var batch struct {
		RequestItems map[string]struct {
			Keys                 []any
			ConsistentRead       bool
			ProjectionExpression string
		}
	}
	if err == nil {
		err = json.Unmarshal(body, &batch)
	}
	table := batch.RequestItems[uploadsTable]
	if err != nil || r.Header.Get("X-Amz-Target") != "DynamoDB_20120810.BatchGetItem" || len(table.Keys) < 1 || len(table.Keys) > 100 ||
		!table.ConsistentRead || table.ProjectionExpression != "#owner, #id, #status, #published" {
		t.Errorf("DynamoDB is asked for %s %s: %v", r.Header.Get("X-Amz-Target"), body, err)
	}
	return table.Keys
}

// inPart makes DynamoDB read at most some keys of a request and leave the others unprocessed. The function that it
// returns counts the requests.
func (d *depot) inPart(t *testing.T, most int) func() int {
	t.Helper()
	requests := 0
	next := d.tables.Config.Handler
	d.tables.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		keys := batchOf(t, r)
		n := min(most, len(keys))
		request := func(keys []any) map[string]any {
			return map[string]any{uploadsTable: map[string]any{
				"Keys": keys, "ConsistentRead": true, "ProjectionExpression": "#owner, #id, #status, #published",
				"ExpressionAttributeNames": map[string]string{"#owner": "owner", "#id": "id", "#status": "status", "#published": "published"},
			}}
		}
		found := map[string]any{"Responses": map[string]any{}}
		if n > 0 {
			part, err := json.Marshal(map[string]any{"RequestItems": request(keys[:n])})
			if err != nil {
				t.Error(err)
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(part)), int64(len(part))
			recorded := httptest.NewRecorder()
			next.ServeHTTP(recorded, r)
			if err := json.Unmarshal(recorded.Body.Bytes(), &found); err != nil {
				t.Error(err)
			}
		}
		if n < len(keys) {
			found["UnprocessedKeys"] = request(keys[n:])
		}
		checksummed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, found) })).ServeHTTP(w, r)
	})
	return func() int { return requests }
}

func TestReconcileUnprocessedKeys(t *testing.T) {
	d := startDepot(t)
	keys := uploadKeys("videos", ownerA, 25)
	d.put(t, keys...)
	for _, key := range keys[:20] {
		d.record(t, key, "ready", true)
	}
	requests := d.inPart(t, 2)
	if got := local(t, "", "reconcile"); got.code != 0 {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(d.queue.keys(t, d.bucket), keys[20:]); diff != "" {
		t.Errorf("queued (-got +want)\n%s", diff)
	}
	if requests() != 13 {
		t.Errorf("got %d requests, want 13", requests())
	}
}

func TestReconcileFailedMessages(t *testing.T) {
	d := startDepot(t)
	keys := uploadKeys("videos", ownerA, 12)
	d.put(t, keys...)
	d.queue.fault = func(n int) string { return []string{"", "busy", "lost", ""}[n%4] }
	if got := local(t, "", "reconcile"); got.code != 0 {
		t.Errorf("got %+v", got)
	}
	queued := d.queue.keys(t, d.bucket)
	slices.Sort(queued)
	if diff := cmp.Diff(queued, keys); diff != "" {
		t.Errorf("queued (-got +want)\n%s", diff)
	}

	d.queue.fault = func(int) string { return "wrong" }
	got := local(t, "", "reconcile", "--folder=videos", "--dry-run=false")
	want := "resume with: postern reconcile --stage local --folder videos --data " + os.Getenv("DATA") + "\n" +
		"error: reconciling stage local: queueing inspections: SQS refuses a message: Planted�[2J\n"
	if got.code != 1 || !strings.HasSuffix(got.err, want) {
		t.Errorf("got code %d, stderr\n%swant at its end\n%s", got.code, got.err, want)
	}
}

// A call that was interrupted says how to go on, and what it has done and the one that goes on do is the whole.
func TestReconcileResumes(t *testing.T) {
	d := startDepot(t)
	keys := uploadKeys("videos", ownerA, 1003)
	d.put(t, keys...)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	d.queue.fault = func(n int) string {
		if n == 1001 {
			interrupt()
			// The answer must not overtake the interruption.
			time.Sleep(time.Second)
		}
		return ""
	}
	var out, stderr bytes.Buffer
	code := postern.RealMain(ctx, []string{"--stage=local", "reconcile"}, strings.NewReader(""), &out, &stderr)
	resume := "reconcile --stage local --after " + keys[999] + " --data " + os.Getenv("DATA")
	if code != 1 || !strings.HasSuffix(stderr.String(), "\nresume with: postern "+resume+"\nerror: interrupted\n") {
		t.Errorf("got code %d, stderr %q, want 1, %q and an interruption", code, stderr.String(), resume)
	}
	if want := "1003 keys: 0 foreign, 0 with a record; queued: 1000\n"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("got stdout %q, want it to begin with %q", out.String(), want)
	}
	first := d.queue.keys(t, d.bucket)
	if len(first) < 1000 {
		t.Fatalf("%d are queued before the interruption, want a page at least", len(first))
	}
	d.queue.bodies = nil
	got := run(t, "", strings.Fields(resume)...)
	if want := "3 keys: 0 foreign, 0 with a record; queued: 3\n" +
		"cost: 1 LIST requests, at least 3 read units, 1 requests to the queue: about $0.0000 " + priced; got.code != 0 || got.out != want {
		t.Errorf("got code %d, stdout\n%swant\n%s", got.code, got.out, want)
	}
	if diff := cmp.Diff(d.queue.keys(t, d.bucket), keys[1000:]); diff != "" {
		t.Errorf("queued after the interruption (-got +want)\n%s", diff)
	}
}

func TestReconcileBusyTable(t *testing.T) {
	d := startDepot(t)
	d.put(t, uploadKeys("videos", ownerA, 1)...)
	requests := d.inPart(t, 0)
	got := local(t, "", "reconcile")
	if want := "error: reconciling stage local: reading records: DynamoDB is too busy: it answered none of 8 requests\n"; got.code != 1 || !strings.HasSuffix(got.err, want) || requests() != 8 {
		t.Errorf("got code %d after %d requests, stderr %q, want 1 after 8 and %q", got.code, requests(), got.err, want)
	}
}

func TestReconcileStageThatLacksSomething(t *testing.T) {
	d := startDepot(t)
	data := os.Getenv("DATA")
	write(t, data, "outputs.json", fmt.Sprintf(`{"Postern-local": {"BucketName": %q, "UploadsTableName": %q}}`, d.bucket, uploadsTable))
	local(t, "", "reconcile").refused(t, 1, "finding stage local: the stack lacks the output QueueUrl: deploy it anew")
	write(t, data, "config", "[default]\nregion = eu-west-1\nservices = local\n\n[services local]\ns3 =\n  endpoint_url = "+objects.URL+"\ndynamodb =\n  endpoint_url = "+d.tables.URL+"\n")
	local(t, "", "reconcile").refused(t, 1, "names no endpoint_url of SQS: start it anew with make run")
}

func TestReconcileDeployedStage(t *testing.T) {
	d := startDepot(t)
	keys := uploadKeys("videos", ownerA, 1)
	d.put(t, keys...)
	setAWS(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, stacks(map[string]string{"BucketName": d.bucket, "UploadsTableName": uploadsTable, "QueueUrl": queueURL}))
	}))
	t.Setenv("AWS_ACCESS_KEY_ID", objects.operator.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", objects.operator.SecretAccessKey)
	t.Setenv("AWS_SESSION_TOKEN", objects.operator.SessionToken)
	t.Setenv("AWS_ENDPOINT_URL_S3", objects.URL)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", d.tables.URL)
	t.Setenv("AWS_ENDPOINT_URL_SQS", serve(t, d.queue).URL)
	if got := run(t, "", "reconcile", "--stage=dev"); got.code != 0 {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(d.queue.keys(t, d.bucket), keys); diff != "" {
		t.Errorf("queued (-got +want)\n%s", diff)
	}
}

// S3 does not mind characters in a key that XML has no place for, and sends them as they are unless it is asked to encode
// keys.
func TestReconcileKeyThatXMLCannotHold(t *testing.T) {
	d := startDepot(t)
	keys := uploadKeys("videos", ownerA, 1)
	bucket := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		listed := []string{"a\x01b", keys[0]}
		if r.URL.Query().Get("encoding-type") == "url" {
			listed = []string{"a%01b", keys[0]}
		}
		_, _ = fmt.Fprintf(w, "<ListBucketResult><Contents><Key>%s</Key></Contents><Contents><Key>%s</Key></Contents></ListBucketResult>", listed[0], listed[1])
	}))
	data := os.Getenv("DATA")
	config, err := os.ReadFile(filepath.Join(data, "config"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, data, "config", strings.Replace(string(config), objects.URL, bucket.URL, 1))
	if got := local(t, "", "reconcile"); got.code != 0 || !strings.HasPrefix(got.out, "2 keys: 1 foreign, ") {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(d.queue.keys(t, d.bucket), keys); diff != "" {
		t.Errorf("queued (-got +want)\n%s", diff)
	}
}
