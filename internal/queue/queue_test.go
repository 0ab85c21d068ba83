package queue_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"postern/internal/notification"
	"postern/internal/queue"
)

// A fake takes batches of messages as SQS does, in process.
type fake struct {
	// fault says what becomes of the nth message that arrives, from 0: "" is taken, "busy" and "wrong" fail through no
	// fault and the fault of the sender, "lost" is not answered for.
	fault   func(n int) string
	arrived int
	batches []int // how many messages each has
	bodies  []string
}

// Do implements aws.HTTPClient.
func (f *fake) Do(r *http.Request) (*http.Response, error) {
	var batch struct {
		Entries []struct{ Id, MessageBody string }
	}
	if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
		return nil, err
	}
	f.batches = append(f.batches, len(batch.Entries))
	var answer struct{ Successful, Failed []map[string]any }
	for _, entry := range batch.Entries {
		fault := f.fault(f.arrived)
		f.arrived++
		switch fault {
		case "":
			f.bodies = append(f.bodies, entry.MessageBody)
			sum := md5.Sum([]byte(entry.MessageBody))
			answer.Successful = append(answer.Successful, map[string]any{"Id": entry.Id, "MessageId": "m", "MD5OfMessageBody": hex.EncodeToString(sum[:])})
		case "busy", "wrong":
			answer.Failed = append(answer.Failed, map[string]any{"Id": entry.Id, "Code": "Planted", "SenderFault": fault == "wrong"})
		}
	}
	text, err := json.Marshal(answer)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(text)))}, err
}

var credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
})

func (f *fake) queue() *queue.Queue {
	return queue.New(sqs.New(sqs.Options{Region: "eu-west-1", HTTPClient: f, Credentials: credentials}), "https://sqs.test/q", "bucket")
}

func TestInspectAll(t *testing.T) {
	keys := []string{"videos/a", "videos/b c", "videos/d", "videos/e", "videos/f"}
	for _, test := range []struct {
		name    string
		fault   func(n int) string
		batches []int
		want    string // error
	}{
		{"taken", func(int) string { return "" }, []int{5}, ""},
		{"in part", func(n int) string { return []string{"", "busy", "lost", ""}[n%4] }, []int{5, 2, 2}, ""},
		{"refused", func(n int) string { return map[int]string{2: "wrong"}[n] }, []int{5}, "queueing inspections: SQS refuses a message: Planted"},
		{"busy for ever", func(int) string { return "busy" }, slices.Repeat([]int{5}, 10), "queueing inspections: SQS is too busy: it took nothing of 10 requests"},
		{"busy after some", func(n int) string { return map[bool]string{true: "busy"}[n > 0] }, append([]int{5}, slices.Repeat([]int{4}, 10)...), "queueing inspections: SQS is too busy: it took nothing of 10 requests"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{fault: test.fault}
				err := f.queue().InspectAll(t.Context(), keys)
				if err != nil && err.Error() != test.want || err == nil && test.want != "" {
					t.Errorf("got %v, want %q", err, test.want)
				}
				if diff := cmp.Diff(f.batches, test.batches); diff != "" {
					t.Errorf("batches (-got +want)\n%s", diff)
				}
				if err != nil {
					return
				}
				slices.Sort(f.bodies)
				var want []string
				for _, key := range keys {
					want = append(want, notification.EncodeInspect("bucket", key))
				}
				slices.Sort(want)
				if diff := cmp.Diff(f.bodies, want); diff != "" {
					t.Errorf("messages (-got +want)\n%s", diff)
				}
			})
		})
	}
}

func TestInspectAllEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := &fake{fault: func(int) string { cancel(); return "lost" }}
	if err := f.queue().InspectAll(ctx, []string{"videos/a"}); err == nil || len(f.batches) != 1 {
		t.Errorf("got %v after %d requests, want an error after 1", err, len(f.batches))
	}
}
