package s3

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/s3err"
)

// arrivals are the multipart uploads of which parts are on their way. The server would store a part that is on its way when
// its upload ends: the upload would seem open, and its completion fail with 500.
type arrivals struct {
	mu      sync.Mutex
	uploads map[string]*arriving
}

// An arriving is a multipart upload with parts on their way.
type arriving struct {
	parts int
	ended bool // completed or aborted meanwhile
}

// begin counts a part. It reports false for an upload that has ended.
func (a *arrivals) begin(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.uploads == nil {
		a.uploads = map[string]*arriving{}
	}
	upload := a.uploads[id]
	if upload == nil {
		upload = &arriving{}
		a.uploads[id] = upload
	}
	if upload.ended {
		return false
	}
	upload.parts++
	return true
}

// arrived ends what begin began.
func (a *arrivals) arrived(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.uploads[id].parts--; a.uploads[id].parts == 0 {
		delete(a.uploads, id)
	}
}

// end notes that an upload has ended.
func (a *arrivals) end(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if upload := a.uploads[id]; upload != nil {
		upload.ended = true
	}
}

// hasEnded reports whether an upload has ended of which parts are still on their way.
func (a *arrivals) hasEnded(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	upload := a.uploads[id]
	return upload != nil && upload.ended
}

// UploadPart implements backend.Backend. The body must be whole. A part that arrives after its upload has ended is not stored.
func (s *store) UploadPart(ctx context.Context, input *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	id := aws.ToString(input.UploadId)
	if err := checkUploadID(input.UploadId); err != nil {
		return nil, err
	}
	if !s.arrivals.begin(id) {
		return nil, s3err.GetNoSuchUploadErr(id)
	}
	defer s.arrivals.arrived(id)
	part := *input
	part.Body = whole(input.Body, input.ContentLength)
	output, err := s.Posix.UploadPart(ctx, &part)
	defer s.ending(input.UploadId)()
	if !s.arrivals.hasEnded(id) {
		return output, err
	}
	// What is left of the upload is this part alone. If the server has not stored it, there is nothing to remove.
	_ = s.Posix.AbortMultipartUpload(context.WithoutCancel(ctx), &s3.AbortMultipartUploadInput{
		Bucket: input.Bucket, Key: input.Key, UploadId: input.UploadId,
	})
	return nil, s3err.GetNoSuchUploadErr(id)
}
