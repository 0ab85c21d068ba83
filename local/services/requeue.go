package services

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"postern/internal/cfn"
	"postern/internal/notification"
)

// Requeue sends, for each key that has an object, a message that asks to look at the key, in the order of the keys. It is
// for a start: objects outlive this program, tables and queues do not. It returns how many keys there are.
func (s *S3) Requeue(ctx context.Context) (int, error) {
	keys := 0
	for _, bucket := range s.notifier.buckets {
		for _, queue := range notified(bucket) {
			n, err := s.notifier.requeue(ctx, bucket.Name, queue)
			if keys += n; err != nil {
				return keys, fmt.Errorf("queueing what is in the bucket %s: %w", bucket.Name, err)
			}
		}
	}
	return keys, nil
}

// notified are the queues that a bucket tells of new objects, each once.
func notified(bucket cfn.Bucket) []string {
	var queues []string
	seen := make(map[string]bool)
	for _, n := range bucket.Notifications {
		if wants(n.Event, "ObjectCreated:Put") && !seen[n.Queue] {
			seen[n.Queue] = true
			queues = append(queues, n.Queue)
		}
	}
	return queues
}

func (n *notifier) requeue(ctx context.Context, bucket, logicalID string) (int, error) {
	q, ok := n.queues.Find(logicalID)
	if !ok {
		return 0, errors.New("there is no such queue")
	}
	// Of pages, the server would lose those after a marker that is deleted meanwhile.
	list, err := n.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket, MaxKeys: aws.Int32(math.MaxInt32)})
	if err != nil {
		return 0, err
	}
	keys, last := 0, ""
	for _, version := range list.Versions {
		key := aws.ToString(version.Key)
		if key == last {
			continue
		}
		last = key
		q.Send(notification.EncodeInspect(bucket, key), 0)
		keys++
	}
	return keys, nil
}
