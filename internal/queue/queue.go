// Package queue sends requests to inspect uploads to the queue of SQS that the inspection reads. A caller needs
// sqs:SendMessage on it.
package queue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"postern/internal/notification"
)

// MaxBatch is how many messages one request to SQS sends at most.
const MaxBatch = 10

const (
	// maxAttempts is how many requests in a row SQS may take nothing of.
	maxAttempts  = 10
	longestPause = 5 * time.Second
)

// A Queue is the queue of what is to be inspected. It is safe for concurrent use.
type Queue struct {
	client *sqs.Client
	url    string
	bucket string
	delay  int32 // seconds
}

// New returns the queue at a URL, for the keys of a bucket. It makes no request.
func New(client *sqs.Client, url, bucket string) *Queue {
	return &Queue{client: client, url: url, bucket: bucket}
}

// Delayed returns the same queue, whose messages can be received that many seconds after they are sent: 0 to 900.
func (q *Queue) Delayed(seconds int32) *Queue {
	delayed := *q
	delayed.delay = seconds
	return &delayed
}

// Inspect implements lifecycle.Queue.
func (q *Queue) Inspect(ctx context.Context, key string) error {
	return q.send(ctx, notification.EncodeInspect(q.bucket, key))
}

// Reconcile asks for a look at the page of keys after one.
func (q *Queue) Reconcile(ctx context.Context, after string) error {
	return q.send(ctx, notification.EncodeReconcile(after))
}

func (q *Queue) send(ctx context.Context, body string) error {
	message := &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body, DelaySeconds: q.delay}
	if _, err := q.client.SendMessage(ctx, message); err != nil {
		return fmt.Errorf("sending a message: %w", err)
	}
	return nil
}

// InspectAll asks for the inspection of whatever is stored under each key, at most MaxBatch. When it returns an error,
// some may have been asked for.
func (q *Queue) InspectAll(ctx context.Context, keys []string) error {
	entries := make([]types.SendMessageBatchRequestEntry, len(keys))
	for i, key := range keys {
		body := notification.EncodeInspect(q.bucket, key)
		entries[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &body, DelaySeconds: q.delay}
	}
	for attempt := 1; len(entries) > 0; attempt++ {
		output, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries})
		if err != nil {
			return fmt.Errorf("queueing inspections: %w", err)
		}
		left, err := unsent(entries, output)
		if err != nil {
			return fmt.Errorf("queueing inspections: %w", err)
		}
		if len(left) < len(entries) {
			attempt = 0
		}
		if attempt == maxAttempts {
			return fmt.Errorf("queueing inspections: SQS is too busy: it took nothing of %d requests", maxAttempts)
		}
		if entries = left; len(entries) > 0 {
			if err := pause(ctx, attempt); err != nil {
				return err
			}
		}
	}
	return nil
}

// unsent returns the entries that the queue has not said to have taken. It returns an error if one is refused for good.
func unsent(entries []types.SendMessageBatchRequestEntry, output *sqs.SendMessageBatchOutput) ([]types.SendMessageBatchRequestEntry, error) {
	for _, failed := range output.Failed {
		if failed.SenderFault {
			return nil, fmt.Errorf("SQS refuses a message: %s", aws.ToString(failed.Code))
		}
	}
	taken := map[string]bool{}
	for _, entry := range output.Successful {
		taken[aws.ToString(entry.Id)] = true
	}
	return slices.DeleteFunc(entries, func(e types.SendMessageBatchRequestEntry) bool { return taken[*e.Id] }), nil
}

// pause waits longer after each attempt, and at random, so that not all callers come back at once.
func pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(rand.N(min(50*time.Millisecond<<attempt, longestPause)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
