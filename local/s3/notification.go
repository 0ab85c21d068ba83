package s3

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3response"

	"postern/internal/cfn"
	"postern/internal/notification"
	"postern/local/iam"
	"postern/local/queue"
)

// A notifier sends a message for each object that is stored, as the buckets' notification configurations want it. S3 is
// the sender: a queue's policy must let it.
type notifier struct {
	backend.Backend

	stack     *cfn.Stack
	queues    *queue.Queues
	policies  *iam.Policies
	sequencer sequencer
}

// PutObject implements backend.Backend, for forms too.
func (n *notifier) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	out, err := n.Backend.PutObject(ctx, in)
	if err != nil {
		return out, err
	}
	name := "ObjectCreated:Put"
	if ctx.Value(string(utils.ContextKeyObjectPostResult)) != nil {
		name = "ObjectCreated:Post"
	}
	return out, n.created(ctx, name, in.Bucket, in.Key, out.VersionID)
}

// CompleteMultipartUpload implements backend.Backend.
func (n *notifier) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	out, version, err := n.Backend.CompleteMultipartUpload(ctx, in)
	if err != nil {
		return out, version, err
	}
	return out, version, n.created(ctx, "ObjectCreated:CompleteMultipartUpload", in.Bucket, in.Key, version)
}

// created sends the event of an object that is stored. The name is the event's, after "s3:".
func (n *notifier) created(ctx context.Context, name string, bucketName, key *string, version string) error {
	bucket := aws.ToString(bucketName)
	stored := n.NormalizeObjectKey(bucket, aws.ToString(key))
	head := &s3.HeadObjectInput{Bucket: bucketName, Key: &stored}
	if version != "" {
		head.VersionId = &version
	}
	object, err := n.HeadObject(ctx, head)
	if err != nil {
		// The object is removed already: its event would find nothing.
		return nil
	}
	event := notification.Encode(notification.Record{
		Version: "2.1", Source: notification.SourceS3, Region: n.stack.Region, Time: notification.FormatTime(time.Now()), Name: name,
		S3: notification.Entity{
			SchemaVersion: "1.0",
			Bucket:        notification.Bucket{Name: bucket, ARN: bucketARN(bucket)},
			Object: notification.Object{
				Key: notification.Key(stored), Size: aws.Int64(aws.ToInt64(object.ContentLength)),
				ETag: strings.Trim(aws.ToString(object.ETag), `"`), VersionID: version, Sequencer: n.sequencer.next(),
			},
		},
	})
	for _, b := range n.stack.Buckets {
		for _, configured := range b.Notifications {
			if b.Name == bucket && wants(configured, name) {
				if err := n.send(bucket, configured.Queue, event); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// wants reports whether a configuration, for s3:ObjectCreated:* or s3:ObjectCreated:Put, is for an event.
func wants(configured cfn.Notification, name string) bool {
	if all, ok := strings.CutSuffix(configured.Event, "*"); ok {
		return strings.HasPrefix("s3:"+name, all)
	}
	return configured.Event == "s3:"+name
}

// send sends a message to a queue.
func (n *notifier) send(bucket, logicalID, body string) error {
	q, ok := n.queues.Find(logicalID)
	if !ok {
		return fmt.Errorf("there is no queue %s", logicalID)
	}
	err := n.policies.Check("s3.amazonaws.com", iam.Call{Action: "sqs:SendMessage", Resource: q.ARN, Conditions: map[string]string{
		"aws:SourceArn": bucketARN(bucket), "aws:SourceAccount": n.stack.AccountID,
	}})
	if err != nil {
		return err
	}
	q.Send(body, 0)
	return nil
}

// test sends what S3 sends when a bucket gets a notification configuration. It fails when a queue's policy does not let
// S3 send, and so does the deployment of such a configuration.
func (n *notifier) test() error {
	for _, bucket := range n.stack.Buckets {
		for queue := range queuesOf(bucket, func(cfn.Notification) bool { return true }) {
			if err := n.send(bucket.Name, queue, notification.EncodeTest(bucket.Name, time.Now())); err != nil {
				return fmt.Errorf("bucket %s cannot notify the queue %s: %w", bucket.Name, queue, err)
			}
		}
	}
	return nil
}

// queuesOf returns the queues of those of a bucket's notifications that are selected, each once.
func queuesOf(bucket cfn.Bucket, selected func(cfn.Notification) bool) map[string]bool {
	queues := make(map[string]bool)
	for _, n := range bucket.Notifications {
		if selected(n) {
			queues[n.Queue] = true
		}
	}
	return queues
}

// Requeue sends a message that asks for an inspection of each key whose object came after a time, in the order of the keys.
// It is for a start: a run that was killed may have stored an object without telling the queue. It returns how many keys
// there are.
func (s *Server) Requeue(ctx context.Context, since time.Time) (int, error) {
	keys := 0
	for _, bucket := range s.notifier.stack.Buckets {
		for queue := range queuesOf(bucket, func(n cfn.Notification) bool { return wants(n, "ObjectCreated:Put") }) {
			n, err := s.notifier.requeue(ctx, bucket.Name, queue, since)
			if keys += n; err != nil {
				return keys, fmt.Errorf("queueing what is in the bucket %s: %w", bucket.Name, err)
			}
		}
	}
	return keys, nil
}

func (n *notifier) requeue(ctx context.Context, bucket, logicalID string, since time.Time) (int, error) {
	q, ok := n.queues.Find(logicalID)
	if !ok {
		return 0, fmt.Errorf("there is no queue %s", logicalID)
	}
	// In pages, the server would skip what follows a marker that is deleted meanwhile.
	list, err := n.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket, MaxKeys: aws.Int32(math.MaxInt32)})
	if err != nil {
		return 0, err
	}
	keys, last := 0, ""
	for _, version := range list.Versions {
		key := aws.ToString(version.Key)
		if key == last || version.LastModified != nil && version.LastModified.Before(since) {
			continue
		}
		last = key
		q.Send(notification.EncodeInspect(bucket, key), 0)
		keys++
	}
	return keys, nil
}

// A sequencer orders the events of a key: each of its strings is greater than the one before, also after a restart.
type sequencer struct {
	mu   sync.Mutex
	last int64
}

func (s *sequencer) next() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last+1, time.Now().UnixNano())
	return fmt.Sprintf("%016X", s.last)
}
