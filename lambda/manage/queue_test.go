package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"postern/internal/awsclient"
	"postern/internal/function"
)

// A sent is a request to SQS.
type sent struct {
	target   string
	QueueURL string `json:"QueueUrl"`
	Body     string `json:"MessageBody"`
	Delay    int    `json:"DelaySeconds"`
}

// newSQS is a server that takes messages as SQS does, and hands them on.
func newSQS(t *testing.T, got *[]sent) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		message := sent{target: r.Header.Get("X-Amz-Target")}
		if err := json.NewDecoder(bytes.NewReader(body)).Decode(&message); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		*got = append(*got, message)
		sum := md5.Sum([]byte(message.Body))
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_ = json.NewEncoder(w).Encode(map[string]string{"MessageId": "1", "MD5OfMessageBody": hex.EncodeToString(sum[:])})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// queueAt is a queue of an SQS at an address.
func queueAt(address, url string) *queue {
	return &queue{client: sqs.NewFromConfig(awsclient.Config(runtimeAt(function.SQS, address), function.SQS)), url: url, bucket: "examplebucket"}
}

func TestQueue(t *testing.T) {
	const queueURL = "https://sqs.eu-west-1.amazonaws.com/123456789012/Inspections"
	var got []sent
	q := queueAt(newSQS(t, &got), queueURL)
	for _, key := range []string{keyOf(owner, "0190f3b2c4d57e8f90a1b2c3d4e5f607.mp4"), "videos/a b+c%2F/é"} {
		got = nil
		if err := q.Inspect(t.Context(), key); err != nil {
			t.Fatal(err)
		}
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
	if err := q.delayed(7).Inspect(t.Context(), "videos/a b+c%2F/é"); err != nil || got[1].Delay != 7 || got[1].Body != got[0].Body {
		t.Errorf("delayed: got %+v, %v", got, err)
	}
	if want := `"key":"videos/a+b%2Bc%252F/%C3%A9"`; !strings.Contains(got[0].Body, want) {
		t.Errorf("message %s, want %s", got[0].Body, want)
	}
}

func TestQueueFails(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"com.amazonaws.sqs#AccessDeniedException","message":"not authorized"}`))
	}))
	defer server.Close()
	q := queueAt(server.URL, server.URL+"/q")
	if err := q.Inspect(t.Context(), "videos/"+marker); err == nil || strings.Contains(err.Error(), marker) {
		t.Errorf("got %v, want an error without the key", err)
	}
}
