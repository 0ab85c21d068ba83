package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"

	"postern/api"
)

// Send sends a file of size bytes as a grant says that is not for a multipart upload, which Upload sends. The file is read
// as it is sent, and anew for an attempt that is repeated. It returns an *S3Error when S3 refuses the file.
func (c *Client) Send(ctx context.Context, grant api.UploadGrant, file io.ReaderAt, size int64) error {
	return c.sendWhole(ctx, grant, transfer{length: size}, file)
}

// sendWhole sends a file in one request. t has its length, and what is told of it while it is sent.
func (c *Client) sendWhole(ctx context.Context, grant api.UploadGrant, t transfer, file io.ReaderAt) error {
	switch grant.Method {
	case api.MethodPost:
		return c.post(ctx, grant.URL, grant.Fields, t, file)
	case api.MethodPut:
		return c.put(ctx, grant.URL, grant.Headers, t, file)
	}
	return fmt.Errorf("sending the file: grants with method %q are not supported", grant.Method)
}

// Post sends a file of size bytes with a form: its fields by name in alphabetical order, then the file. It returns an
// *S3Error when S3 refuses the file.
func (c *Client) Post(ctx context.Context, address string, fields map[string]string, file io.ReaderAt, size int64) error {
	return c.post(ctx, address, fields, transfer{length: size}, file)
}

func (c *Client) post(ctx context.Context, address string, fields map[string]string, t transfer, file io.ReaderAt) error {
	head, tail, contentType, err := frame(fields)
	if err != nil {
		return fmt.Errorf("making the form: %w", err)
	}
	size := t.length
	t.method, t.address, t.header = http.MethodPost, address, http.Header{"Content-Type": {contentType}}
	t.body = func() io.Reader {
		return io.MultiReader(bytes.NewReader(head), io.NewSectionReader(file, 0, size), bytes.NewReader(tail))
	}
	t.length = int64(len(head)) + size + int64(len(tail))
	_, err = c.send(ctx, t)
	return err
}

// frame returns what comes before and after the file in a body of multipart/form-data, and the body's content type.
func frame(fields map[string]string) (head, tail []byte, contentType string, err error) {
	var whole bytes.Buffer
	w := multipart.NewWriter(&whole)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		err = errors.Join(err, w.WriteField(name, fields[name]))
	}
	// The name that S3 is told is of no use: the key and the metadata are signed.
	_, fileErr := w.CreateFormFile("file", "file")
	n := whole.Len()
	err = errors.Join(err, fileErr, w.Close())
	return whole.Bytes()[:n], whole.Bytes()[n:], w.FormDataContentType(), err
}

// Put sends a file of size bytes in one request with signed headers. It returns an *S3Error when S3 refuses the file.
func (c *Client) Put(ctx context.Context, address string, signed map[string]string, file io.ReaderAt, size int64) error {
	return c.put(ctx, address, signed, transfer{length: size}, file)
}

func (c *Client) put(ctx context.Context, address string, signed map[string]string, t transfer, file io.ReaderAt) error {
	size := t.length
	t.method, t.address, t.header = http.MethodPut, address, headers(signed)
	t.body = func() io.Reader { return io.NewSectionReader(file, 0, size) }
	answer, err := c.send(ctx, t)
	if got := answer.header.Get(checksumHeader); err == nil && got != "" && got != answer.sum.String() {
		return fmt.Errorf("sending the file: it was altered on the way: its checksum is %s, S3 has stored one with %s: delete the upload and begin anew", answer.sum, got)
	}
	return err
}

// send makes a transfer. S3 writes a PUT once: when an attempt that is repeated finds the object there, an earlier one
// stored it, whose answer was lost.
func (c *Client) send(ctx context.Context, t transfer) (answer stored, err error) {
	mayBeDone := false
	err = c.retry(ctx, func() (err error) {
		answer, err = c.attemptTransfer(ctx, t)
		if failure, ok := errors.AsType[*S3Error](err); ok && mayBeDone && failure.Status == http.StatusPreconditionFailed {
			answer = stored{}
			return nil
		}
		if temporary, ok := errors.AsType[*temporaryError](err); ok && temporary.unknown {
			mayBeDone = true
		}
		return err
	})
	if err != nil {
		return stored{}, fmt.Errorf("sending the file: %w", err)
	}
	return answer, nil
}
