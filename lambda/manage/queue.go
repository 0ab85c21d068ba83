package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"postern/internal/notification"
	"postern/internal/transport"
)

// A queue is SQS's, of what is to be inspected.
type queue struct {
	client *sqs.Client
	url    string
	bucket string // that keys are of
	delay  int32  // seconds until a message can be received
}

// newQueue makes no request. An empty endpoint is AWS's own of the region.
func newQueue(region, endpoint string, credentials aws.CredentialsProvider, url, bucket string) *queue {
	options := sqs.Options{Region: region, Credentials: credentials, HTTPClient: transport.New()}
	if endpoint != "" {
		options.BaseEndpoint = &endpoint
	}
	return &queue{client: sqs.New(options), url: url, bucket: bucket}
}

// delayed is the same queue, whose messages can be received that many seconds after they are sent.
func (q *queue) delayed(seconds int32) *queue {
	later := *q
	later.delay = seconds
	return &later
}

// Inspect has whatever is under the key inspected.
func (q *queue) Inspect(ctx context.Context, key string) error {
	body := notification.EncodeInspect(q.bucket, key)
	message := &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body, DelaySeconds: q.delay}
	if _, err := q.client.SendMessage(ctx, message); err != nil {
		return fmt.Errorf("queueing an inspection: %w", err)
	}
	return nil
}
