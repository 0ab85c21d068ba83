package services

import (
	"context"
	"fmt"
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

// A notifier tells queues what has been stored, as the buckets' notification configurations want it. S3 is the sender:
// a queue's policy must let it.
type notifier struct {
	backend.Backend

	region, account string
	buckets         []cfn.Bucket
	queues          *queue.Queues
	policies        *iam.Policies
	sequencer       sequencer
}

// An objectCreated is what there is to tell of a new object.
type objectCreated struct {
	name        string // of the event, after s3:
	bucket, key string
	size        int64
	etag        string // without quotes
	version     string
}

// PutObject is what forms end in too.
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

// CompleteMultipartUpload tells of the object that the parts have become.
func (n *notifier) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	out, version, err := n.Backend.CompleteMultipartUpload(ctx, in)
	if err != nil {
		return out, version, err
	}
	return out, version, n.created(ctx, "ObjectCreated:CompleteMultipartUpload", in.Bucket, in.Key, version)
}

// CopyObject tells of the copy.
func (n *notifier) CopyObject(ctx context.Context, in s3response.CopyObjectInput) (s3response.CopyObjectOutput, error) {
	out, err := n.Backend.CopyObject(ctx, in)
	if err != nil {
		return out, err
	}
	return out, n.created(ctx, "ObjectCreated:Copy", in.Bucket, in.Key, aws.ToString(out.VersionId))
}

// created tells of an object that is stored.
func (n *notifier) created(ctx context.Context, name string, bucket, key *string, version string) error {
	stored := n.NormalizeObjectKey(aws.ToString(bucket), aws.ToString(key))
	head := &s3.HeadObjectInput{Bucket: bucket, Key: &stored}
	if version != "" {
		head.VersionId = &version
	}
	object, err := n.HeadObject(ctx, head)
	if err != nil {
		// It is removed already: its event would find nothing.
		return nil
	}
	return n.send(aws.ToString(bucket), name, n.event(objectCreated{
		name, aws.ToString(bucket), stored, aws.ToInt64(object.ContentLength), strings.Trim(aws.ToString(object.ETag), `"`), version,
	}))
}

// test sends what S3 sends when a bucket gets a notification configuration. It fails when a queue's policy does not let S3
// send, and so does the deployment of such a configuration.
func (n *notifier) test() error {
	for _, bucket := range n.buckets {
		told := make(map[string]bool)
		for _, configured := range bucket.Notifications {
			if told[configured.Queue] {
				continue
			}
			told[configured.Queue] = true
			body := notification.EncodeTest(bucket.Name, time.Now())
			if err := n.sendTo(bucket.Name, configured.Queue, body); err != nil {
				return fmt.Errorf("bucket %s cannot notify the queue %s: %w", bucket.Name, configured.Queue, err)
			}
		}
	}
	return nil
}

// send sends an event's message to each queue that wants it.
func (n *notifier) send(bucket, name, body string) error {
	for _, b := range n.buckets {
		for _, configured := range b.Notifications {
			if b.Name == bucket && wants(configured.Event, name) {
				if err := n.sendTo(bucket, configured.Queue, body); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// wants reports whether a configuration for s3:ObjectCreated:* or s3:ObjectCreated:Put is for an event.
func wants(configured, name string) bool {
	if all, ok := strings.CutSuffix(configured, "*"); ok {
		return strings.HasPrefix("s3:"+name, all)
	}
	return configured == "s3:"+name
}

func (n *notifier) sendTo(bucket, logicalID, body string) error {
	q, ok := n.queues.Find(logicalID)
	if !ok {
		return fmt.Errorf("there is no queue %s", logicalID)
	}
	err := n.policies.Check("s3.amazonaws.com", iam.Call{Action: "sqs:SendMessage", Resource: q.ARN, Conditions: map[string]string{
		"aws:SourceArn": bucketARN(bucket), "aws:SourceAccount": n.account,
	}})
	if err != nil {
		return err
	}
	q.Send(body, 0)
	return nil
}

// event is an event's message.
func (n *notifier) event(o objectCreated) string {
	return notification.Encode(notification.Record{
		Version: "2.1", Source: notification.SourceS3, Region: n.region, Time: notification.FormatTime(time.Now()), Name: o.name,
		S3: notification.Entity{
			SchemaVersion: "1.0",
			Bucket:        notification.Bucket{Name: o.bucket, ARN: bucketARN(o.bucket)},
			Object: notification.Object{
				Key: notification.Key(o.key), Size: &o.size, ETag: o.etag, VersionID: o.version, Sequencer: n.sequencer.next(),
			},
		},
	})
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
