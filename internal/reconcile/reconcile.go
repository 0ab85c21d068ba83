// Package reconcile finds what a lost event left behind: objects whose upload has no record, or one that is not finished. It
// queues them for inspection. To inspect an upload again changes nothing, so a pass may be repeated, and run beside others.
//
// A caller needs s3:ListBucket on the bucket, dynamodb:BatchGetItem on the uploads table, and sqs:SendMessage on the queue.
package reconcile

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"postern/api"
	"postern/internal/queue"
	"postern/internal/records"
	"postern/internal/upload"
)

// MaxListed is how many objects one request lists at most.
const MaxListed = 1000

// A Tally counts what was done.
type Tally struct {
	// Pages and Keys are what was listed. Foreign are the keys of no upload, Recorded those of uploads that have a record.
	Pages, Keys, Foreign, Recorded int64
	// Queued are the keys to inspect. Overdue are those of them that were stored before Pass.Due.
	Queued, Overdue int64
	// Reads are the records asked for, Sends the requests to the queue.
	Reads, Sends int64
}

// A Pass goes through a bucket, page by page.
type Pass struct {
	Objects *s3.Client
	Bucket  string
	Uploads *records.Uploads
	Queue   *queue.Queue
	// DryRun leaves the queue alone.
	DryRun bool
	// Listed is the last key that was listed, whatever it is. The next page begins after it.
	Listed string
	// Done is the key of the last upload that is done. Empty: none is.
	Done string
	// Due is until when an object must have been stored for its inspection to be overdue. Zero: none is.
	Due time.Time
	Tally
}

// Page reads the next page of the keys that begin with prefix, and queues what is to be inspected. It reports whether
// there may be more pages. After an error, it can be called again.
func (p *Pass) Page(ctx context.Context, prefix string) (more bool, err error) {
	input := &s3.ListObjectsV2Input{
		Bucket: &p.Bucket, MaxKeys: aws.Int32(MaxListed),
		// A key may hold characters that XML cannot.
		EncodingType: types.EncodingTypeUrl,
	}
	if prefix != "" {
		input.Prefix = &prefix
	}
	if p.Listed != "" {
		input.StartAfter = &p.Listed
	}
	page, err := p.Objects.ListObjectsV2(ctx, input)
	if err != nil {
		return false, fmt.Errorf("listing the bucket: %w", err)
	}
	p.Pages++
	p.Keys += int64(len(page.Contents))
	if err := p.handle(ctx, p.uploadsIn(page)); err != nil {
		return false, err
	}
	if len(page.Contents) == 0 {
		return false, nil
	}
	p.Listed = decode(page.Contents[len(page.Contents)-1].Key)
	return aws.ToBool(page.IsTruncated), nil
}

// decode returns a key of a list as it is.
func decode(listed *string) string {
	key, err := url.QueryUnescape(aws.ToString(listed))
	if err != nil {
		return aws.ToString(listed)
	}
	return key
}

// An object is one of an upload.
type object struct {
	key    string
	upload records.Key
	stored time.Time
}

// uploadsIn returns the objects of a page that are uploads, and counts the others. An object whose current version is a
// delete marker is not listed: its bytes are not an upload any more.
func (p *Pass) uploadsIn(page *s3.ListObjectsV2Output) []object {
	var objects []object
	for _, listed := range page.Contents {
		key := decode(listed.Key)
		owner, id, ok := api.ParseKey(key)
		if !ok {
			p.Foreign++
			continue
		}
		objects = append(objects, object{key, records.Key{Owner: owner, ID: id}, aws.ToTime(listed.LastModified)})
	}
	return objects
}

// handle queues those of a page's uploads that are to be inspected.
func (p *Pass) handle(ctx context.Context, objects []object) error {
	if len(objects) == 0 {
		return nil
	}
	var keys []records.Key
	for _, o := range objects {
		keys = append(keys, o.upload)
	}
	states, err := p.Uploads.States(ctx, keys)
	if err != nil {
		return err
	}
	p.Reads += int64(len(keys))
	var unfinished []string
	for _, o := range objects {
		state, ok := states[o.upload]
		if ok {
			p.Recorded++
		}
		// A deleted upload that has an object is unfinished too: its bytes arrived late.
		if !state.Published || state.Status != upload.Ready && state.Status != upload.Rejected {
			unfinished = append(unfinished, o.key)
			if o.stored.Before(p.Due) {
				p.Overdue++
			}
		}
	}
	for some := range slices.Chunk(unfinished, queue.MaxBatch) {
		if !p.DryRun {
			if err := p.Queue.InspectAll(ctx, some); err != nil {
				return err
			}
			p.Sends++
		}
		p.Queued += int64(len(some))
	}
	p.Done = objects[len(objects)-1].key
	return nil
}
