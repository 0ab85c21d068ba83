package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// UploadStream uploads what can be read only once, such as a pipe: exactly options.Request.Size bytes of it, in parts. It
// keeps as many parts in memory as are sent at once, and one more, to send one again after a fault. What it has begun
// cannot be resumed, because what was read is gone. It returns the upload's id, as Upload does.
func (c *Client) UploadStream(ctx context.Context, stream io.Reader, options UploadOptions) (id string, err error) {
	size := options.Request.Size
	switch {
	case options.Resume != nil:
		return "", errors.New("a stream cannot be resumed: save it to a file first")
	case size <= multipartStream:
		content := make([]byte, max(size, 0))
		if _, err := io.ReadFull(stream, content); err != nil {
			return "", streamError(err, size)
		}
		if err := atEnd(stream, size); err != nil {
			return "", err
		}
		return c.Upload(ctx, bytes.NewReader(content), options)
	}
	options.Save = nil
	u := &upload{client: c, options: options, size: size, progress: newMeter(options.Progress)}
	buffers := make(chan []byte, u.concurrency()+1)
	for range cap(buffers) {
		buffers <- nil
	}
	u.content = func(_, length int64) (io.ReaderAt, func(), error) {
		var buffer []byte
		select {
		case buffer = <-buffers:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
		if buffer == nil {
			buffer = make([]byte, u.state.PartSize)
		}
		if _, err := io.ReadFull(stream, buffer[:length]); err != nil {
			return nil, nil, streamError(err, size)
		}
		return bytes.NewReader(buffer[:length]), func() { buffers <- buffer }, nil
	}
	u.check = func() error { return atEnd(stream, size) }
	err = u.run(ctx, nil)
	return u.state.ID, err
}

// multipartStream is the size up to which a stream is read into memory at once, in bytes.
const multipartStream = 16 << 20

func streamError(err error, size int64) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("it ends before the %d bytes that were declared", size)
	}
	return err
}

// atEnd returns an error if there is more of a stream than was declared.
func atEnd(stream io.Reader, size int64) error {
	if n, err := io.ReadFull(stream, make([]byte, 1)); n > 0 {
		return fmt.Errorf("it has more than the %d bytes that were declared", size)
	} else if err != io.EOF {
		return err
	}
	return nil
}
