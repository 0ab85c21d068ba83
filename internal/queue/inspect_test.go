package queue_test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"postern/internal/queue"
)

// A sent is a request to SQS.
type sent struct {
	target   string
	QueueURL string `json:"QueueUrl"`
	Body     string `json:"MessageBody"`
	Delay    int    `json:"DelaySeconds"`
}

// A recorder takes messages as SQS does, in process, or refuses them.
type recorder struct {
	sent    []sent
	refused bool
}

// Do implements aws.HTTPClient.
func (r *recorder) Do(request *http.Request) (*http.Response, error) {
	message := sent{target: request.Header.Get("X-Amz-Target")}
	if err := json.NewDecoder(request.Body).Decode(&message); err != nil {
		return nil, err
	}
	r.sent = append(r.sent, message)
	sum := md5.Sum([]byte(message.Body))
	status, body := http.StatusOK, `{"MessageId":"1","MD5OfMessageBody":"`+hex.EncodeToString(sum[:])+`"}`
	if r.refused {
		status, body = http.StatusBadRequest, `{"__type":"com.amazonaws.sqs#AccessDeniedException","message":"not authorized"}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func (r *recorder) queue(url string) *queue.Queue {
	return queue.New(sqs.New(sqs.Options{Region: "eu-west-1", HTTPClient: r, Credentials: credentials}), url, "examplebucket")
}

func TestInspect(t *testing.T) {
	const queueURL = "https://sqs.eu-west-1.amazonaws.com/123456789012/Inspections"
	var r recorder
	q := r.queue(queueURL)
	for _, key := range []string{"videos/0123456789abcdef0123/0190f3b2c4d57e8f90a1b2c3d4e5f607.mp4", "videos/a b+c%2F/é"} {
		r.sent = nil
		if err := q.Inspect(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		got := r.sent
		if len(got) != 1 || got[0].target != "AmazonSQS.SendMessage" || got[0].QueueURL != queueURL || got[0].Delay != 0 {
			t.Fatalf("got %+v, want one message", got)
		}
		// It is read as S3's own notifications are.
		var event events.S3Event
		if err := json.Unmarshal([]byte(got[0].Body), &event); err != nil {
			t.Fatal(err)
		}
		object := events.S3Object{Key: event.Records[0].S3.Object.Key, URLDecodedKey: key}
		want := events.S3Event{Records: []events.S3EventRecord{{
			EventSource: "postern", EventName: "Inspect",
			S3: events.S3Entity{Bucket: events.S3Bucket{Name: "examplebucket"}, Object: object},
		}}}
		if diff := cmp.Diff(event, want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", key, diff)
		}
	}
	if err := q.Delayed(7).Inspect(t.Context(), "videos/a b+c%2F/é"); err != nil || r.sent[1].Delay != 7 || r.sent[1].Body != r.sent[0].Body {
		t.Errorf("delayed: got %+v, %v", r.sent, err)
	}
	if want := `"key":"videos/a+b%2Bc%252F/%C3%A9"`; !strings.Contains(r.sent[0].Body, want) {
		t.Errorf("message %s, want %s", r.sent[0].Body, want)
	}
}

func TestInspectFails(t *testing.T) {
	const marker = "planted"
	r := recorder{refused: true}
	if err := r.queue("https://sqs.test/q").Inspect(t.Context(), "videos/"+marker); err == nil || strings.Contains(err.Error(), marker) {
		t.Errorf("got %v, want an error without the key", err)
	}
}
