package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

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
	// A notification of strings always encodes.
	body, _ := json.Marshal(notificationOf(q.bucket, key))
	message := &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: aws.String(string(body)), DelaySeconds: q.delay}
	if _, err := q.client.SendMessage(ctx, message); err != nil {
		return fmt.Errorf("queueing an inspection: %w", err)
	}
	return nil
}

// A notification has the form of S3's own, so that the queue holds one kind of message
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html). It names no version: that
// asks for whatever is under the key.
type notification struct {
	Records []notificationRecord `json:"Records"`
}

type notificationRecord struct {
	EventSource string `json:"eventSource"`
	EventName   string `json:"eventName"`
	S3          struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key string `json:"key"` // URL-encoded
		} `json:"object"`
	} `json:"s3"`
}

func notificationOf(bucket, key string) notification {
	record := notificationRecord{EventSource: "postern", EventName: "Inspect"}
	record.S3.Bucket.Name = bucket
	record.S3.Object.Key = strings.ReplaceAll(url.QueryEscape(key), "%2F", "/")
	return notification{[]notificationRecord{record}}
}
