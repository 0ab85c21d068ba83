package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"postern/internal/upload"
)

const (
	// maxRead bounds what is read of an object in all, in bytes.
	maxRead = 192 << 10
	// firstRange is the length of the beginning that is read at once and kept, in bytes.
	firstRange = 16 << 10
)

// A content reads one version of an object by ranged requests. Its beginning is read once.
type content struct {
	ctx            context.Context // of the inspection: io.ReaderAt has none
	bucket         *Bucket
	key, versionID string
	size           int64

	mu    sync.Mutex
	first []byte // the first firstRange bytes; nil before they are read
	left  int64  // bytes that may still be read
}

// ReadAt implements io.ReaderAt. It returns upload.ErrBudget when maxRead is exceeded.
func (c *content) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, errors.New("reading an object: the offset is negative")
	}
	wanted := p[:max(0, min(int64(len(p)), c.size-offset))]
	if err := c.fill(wanted, offset); err != nil {
		return 0, err
	}
	if len(wanted) < len(p) {
		return len(wanted), io.EOF
	}
	return len(p), nil
}

// fill reads a range that is inside the object.
func (c *content) fill(p []byte, offset int64) error {
	if len(p) == 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	first := min(firstRange, c.size)
	if offset+int64(len(p)) > first {
		return c.fetch(p, offset)
	}
	if c.first == nil {
		bytes := make([]byte, first)
		if err := c.fetch(bytes, 0); err != nil {
			return err
		}
		c.first = bytes
	}
	copy(p, c.first[offset:])
	return nil
}

// fetch requests exactly one range.
func (c *content) fetch(p []byte, offset int64) error {
	const doing = "reading a range of an object"
	if int64(len(p)) > c.left {
		return fmt.Errorf("%s: %w", doing, upload.ErrBudget)
	}
	c.left -= int64(len(p))
	last := offset + int64(len(p)) - 1
	output, err := c.bucket.client.GetObject(c.ctx, &s3.GetObjectInput{
		Bucket: &c.bucket.name, Key: &c.key, VersionId: &c.versionID, Range: aws.String(fmt.Sprintf("bytes=%d-%d", offset, last)),
	})
	if err != nil {
		return c.bucket.goneOr(c.ctx, c.key, c.versionID, wrap(doing, err))
	}
	defer func() { _ = output.Body.Close() }()
	if got, want := aws.ToString(output.ContentRange), fmt.Sprintf("bytes %d-%d/%d", offset, last, c.size); got != want {
		return fmt.Errorf("%s: S3 answered with another one", doing)
	}
	if _, err := io.ReadFull(output.Body, p); err != nil {
		return wrap(doing, err)
	}
	return nil
}
