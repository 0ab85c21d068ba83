package s3_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"postern/internal/cfn"
	"postern/local/iam"
	"postern/local/queue"
	local "postern/local/s3"
	"postern/local/stacktest"
)

// told takes the next message for the queue, empty if there is none.
func (r s3Run) told(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, m := range r.Inspections(t).Receive(ctx, 1) {
		return m.Body
	}
	return ""
}

// toldObject takes the next message, which must be an event of one object.
func (r s3Run) toldObject(t *testing.T) events.S3EventRecord {
	t.Helper()
	var event events.S3Event
	if body := r.told(t); json.Unmarshal([]byte(body), &event) != nil || len(event.Records) != 1 {
		t.Fatalf("told %q, want an event", body)
	}
	return event.Records[0]
}

// startTold starts the server and takes the test event.
func startTold(t *testing.T) s3Run {
	t.Helper()
	r := startS3(t, t.TempDir())
	var event map[string]string
	if err := json.Unmarshal([]byte(r.told(t)), &event); err != nil || event["Event"] != "s3:TestEvent" || event["Bucket"] != bucket || event["Service"] != "Amazon S3" {
		t.Fatalf("told %v, %v, want s3:TestEvent", event, err)
	}
	return r
}

func TestNotifiesOfEachUpload(t *testing.T) {
	r := startTold(t)
	ctx, b := t.Context(), aws.String(bucket)
	last := ""
	check := func(name, key string, size int64, etag, version *string) {
		t.Helper()
		got := r.toldObject(t)
		want := events.S3EventRecord{
			EventVersion: "2.1", EventSource: "aws:s3", AWSRegion: region, EventTime: got.EventTime, EventName: name,
			S3: events.S3Entity{
				SchemaVersion: "1.0",
				Bucket:        events.S3Bucket{Name: bucket, Arn: bucketARN},
				Object: events.S3Object{
					Key: key, URLDecodedKey: key, Size: size, ETag: strings.Trim(aws.ToString(etag), `"`), VersionID: aws.ToString(version), Sequencer: got.S3.Object.Sequencer,
				},
			},
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
		if time.Since(got.EventTime).Abs() > time.Minute || len(got.S3.Object.Sequencer) != 16 || got.S3.Object.Sequencer <= last {
			t.Errorf("%s: got the time %v and the sequencer %s after %s", name, got.EventTime, got.S3.Object.Sequencer, last)
		}
		last = got.S3.Object.Sequencer
	}

	put, err := r.client.PutObject(ctx, put(bucket, "videos/o/put.mp4", "pending"))
	if err != nil {
		t.Fatal(err)
	}
	check("ObjectCreated:Put", "videos/o/put.mp4", 7, put.ETag, put.VersionId)

	body, boundary := encode(t, r.form(t), "a form's video")
	if status, code := r.post(t, body, boundary); status != http.StatusNoContent {
		t.Fatalf("got %d %s, want 204", status, code)
	}
	head, err := r.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: b, Key: aws.String(key)})
	if err != nil {
		t.Fatal(err)
	}
	check("ObjectCreated:Post", key, 14, head.ETag, head.VersionId)

	k := aws.String("videos/o/multipart.mp4")
	created, err := r.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k})
	if err != nil {
		t.Fatal(err)
	}
	part, err := r.client.UploadPart(ctx, &s3.UploadPartInput{Bucket: b, Key: k, UploadId: created.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("a part")})
	if err != nil {
		t.Fatal(err)
	}
	if told := r.told(t); told != "" {
		t.Errorf("told of a part: %s", told)
	}
	completed, err := r.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: b, Key: k, UploadId: created.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: part.ETag, PartNumber: aws.Int32(1), ChecksumCRC32: part.ChecksumCRC32}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	check("ObjectCreated:CompleteMultipartUpload", *k, 6, completed.ETag, completed.VersionId)
}

func TestNotifiesOfNothingElse(t *testing.T) {
	r := startTold(t)
	ctx, b, k := t.Context(), aws.String(bucket), aws.String(key)
	fields := r.form(t)
	fields["x-amz-signature"] = strings.Repeat("0", 64)
	body, boundary := encode(t, fields, "a video")
	r.post(t, body, boundary)
	if _, err := r.clientOf(r.Issue(t, "AuthorizerRole")).PutObject(ctx, put(bucket, key, "")); !isDenied(err) {
		t.Fatalf("got %v, want AccessDenied", err)
	}
	if _, err := r.client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(another)}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.PutObject(ctx, put(another, key, "")); err != nil {
		t.Fatal(err)
	}
	if told := r.told(t); told != "" {
		t.Errorf("told of what is not stored here: %s", told)
	}
	if _, err := r.client.PutObject(ctx, put(bucket, key, "")); err != nil {
		t.Fatal(err)
	}
	r.toldObject(t)
	second := put(bucket, key, "")
	second.IfNoneMatch = aws.String("*")
	if _, err := r.client.PutObject(ctx, second); stacktest.Code(err) != "PreconditionFailed" {
		t.Errorf("again: got %v, want PreconditionFailed", err)
	}
	if _, err := r.client.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: b, Key: k, Tagging: status("ready")}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k}); err != nil {
		t.Fatal(err)
	}
	if told := r.told(t); told != "" {
		t.Errorf("told of a tag or a deletion: %s", told)
	}
}

// TestNotifiedKeys has keys that are written otherwise in an event.
func TestNotifiedKeys(t *testing.T) {
	r := startTold(t)
	for key, want := range map[string]string{
		"videos/a b+c.mp4":     "videos/a+b%2Bc.mp4",
		"videos/a%2Fb.mp4":     "videos/a%252Fb.mp4",
		"videos/ä/日本.mp4":      "videos/%C3%A4/%E6%97%A5%E6%9C%AC.mp4",
		"videos/~-_.!*'().mp4": "videos/~-_.%21%2A%27%28%29.mp4",
		"videos/a&b=c?d#e.mp4": "videos/a%26b%3Dc%3Fd%23e.mp4",
	} {
		if _, err := r.client.PutObject(t.Context(), put(bucket, key, "")); err != nil {
			t.Fatal(err)
		}
		got := r.toldObject(t).S3.Object
		if got.Key != want || got.URLDecodedKey != key {
			t.Errorf("%s: got %s, decoded %s, want %s", key, got.Key, got.URLDecodedKey, want)
		}
	}
}

// TestNotifiesOnlyOfWhatIsStored looks for the object at once, whenever it is told of one.
func TestNotifiesOnlyOfWhatIsStored(t *testing.T) {
	r := startTold(t)
	inspect := r.clientOf(r.Issue(t, "InspectRole"))
	done := make(chan error)
	go func() {
		for range 50 {
			var event events.S3Event
			err := json.Unmarshal([]byte(r.Inspections(t).Receive(t.Context(), 1)[0].Body), &event)
			if err == nil {
				o := event.Records[0].S3.Object
				_, err = inspect.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: &o.URLDecodedKey, VersionId: &o.VersionID})
			}
			done <- err
		}
	}()
	for range 50 {
		go func() { _, _ = r.client.PutObject(t.Context(), put(bucket, key, "pending")) }()
		if err := <-done; err != nil {
			t.Errorf("told of what is not there: %v", err)
		}
	}
}

func TestQueueThatMayNotBeNotified(t *testing.T) {
	s := stacktest.Stack()
	s.Queues[0].Policy = nil
	log := &stacktest.Buffer{}
	_, err := local.Start(local.Config{
		Data: t.TempDir(), Stack: s, Queues: queue.New(s, log, nil), Policies: iam.NewPolicies(s, log),
	})
	want := "bucket " + bucket + " cannot notify the queue Inspections: User: s3.amazonaws.com is not authorized to perform: sqs:SendMessage"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if want := "iam: denied: s3.amazonaws.com lacks sqs:SendMessage on " + queueARN + " if aws:SourceAccount = " + account + ", aws:SourceArn = " + bucketARN; log.Last() != want {
		t.Errorf("logged %q, want %q", log.Last(), want)
	}
}

// TestConfiguredEvents has a bucket that tells of forms alone.
func TestConfiguredEvents(t *testing.T) {
	for event, want := range map[string]bool{"s3:ObjectCreated:Put": true, "s3:ObjectCreated:Post": false, "s3:LifecycleExpiration:*": false, "s3:ObjectCreated:*": true} {
		t.Run(event, func(t *testing.T) {
			g := stacktest.NewGuard()
			operator := g.Issue(t, iam.Operator)
			stack := stacktest.Stack()
			stack.Buckets[0].Notifications = []cfn.Notification{{Event: event, Queue: "Inspections"}}
			server, err := local.Start(local.Config{
				Data: t.TempDir(), Stack: stack, Issuer: g.Issuer, Policies: g.Policies, Operator: operator, Queues: g.Queues,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			r := s3Run{Server: server, Guard: g}
			r.told(t)
			if _, err := r.clientOf(operator).PutObject(t.Context(), put(bucket, key, "")); err != nil {
				t.Fatal(err)
			}
			if told := r.told(t); (told != "") != want {
				t.Errorf("told %q, want a message: %t", told, want)
			}
		})
	}
}

// TestRequeue asks to look at what is in the bucket at a start: at each key once, but not at one that has no object.
func TestRequeue(t *testing.T) {
	data := t.TempDir()
	r := startS3(t, data)
	for _, key := range []string{"videos/o/2.mp4", "videos/o/1 +.mp4", "videos/o/2.mp4", "images/o/3.png", "videos/o/deleted.mp4"} {
		if _, err := r.client.PutObject(t.Context(), put(bucket, key, "")); err != nil {
			t.Fatal(err)
		}
	}
	list, err := r.client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String(bucket), Prefix: aws.String("videos/o/deleted.mp4")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: list.Versions[0].Key, VersionId: list.Versions[0].VersionId}); err != nil {
		t.Fatal(err)
	}
	r.Close()
	r = startS3(t, data)
	r.told(t)
	if n, err := r.Requeue(t.Context(), time.Time{}); n != 3 || err != nil {
		t.Errorf("got %d, %v, want 3 keys", n, err)
	}
	for _, key := range []string{"images/o/3.png", "videos/o/1 +.mp4", "videos/o/2.mp4"} {
		want := events.S3EventRecord{EventSource: "postern", EventName: "Inspect", S3: events.S3Entity{
			Bucket: events.S3Bucket{Name: bucket}, Object: events.S3Object{Key: strings.ReplaceAll(strings.ReplaceAll(key, "+", "%2B"), " ", "+"), URLDecodedKey: key},
		}}
		if diff := cmp.Diff(r.toldObject(t), want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", key, diff)
		}
	}
	if told := r.told(t); told != "" {
		t.Errorf("told besides: %s", told)
	}

	since := time.Now()
	time.Sleep(20 * time.Millisecond) // a file's time is less exact
	if _, err := r.client.PutObject(t.Context(), put(bucket, "videos/o/1 +.mp4", "")); err != nil {
		t.Fatal(err)
	}
	if n, err := r.Requeue(t.Context(), since); n != 1 || err != nil {
		t.Errorf("since the last upload: got %d, %v, want 1 key", n, err)
	}
}
