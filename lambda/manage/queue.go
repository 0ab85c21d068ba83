package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"postern/internal/notification"
)

// A queue is the SQS queue of what is to be inspected.
type queue struct {
	client *sqs.Client
	url    string
	bucket string // that keys are of
	delay  int32  // seconds until a message can be received
}

// delayed returns the same queue, whose messages can be received that many seconds after they are sent.
func (q *queue) delayed(seconds int32) *queue {
	later := *q
	later.delay = seconds
	return &later
}

// Inspect implements inspections.Inspect.
func (q *queue) Inspect(ctx context.Context, key string) error {
	body := notification.EncodeInspect(q.bucket, key)
	message := &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body, DelaySeconds: q.delay}
	if _, err := q.client.SendMessage(ctx, message); err != nil {
		return fmt.Errorf("queueing an inspection: %w", err)
	}
	return nil
}
