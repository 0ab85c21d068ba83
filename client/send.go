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
	"net/url"
	"slices"
	"sync"

	"postern/api"
)

// Form returns a form that uploads one file of up to 5 GiB, for Post. mail is the owner's. The format follows from
// filename's extension or, if that is empty, from contentType; if both are empty, it is the stage's first format.
func (c *Client) Form(ctx context.Context, mail, filename, contentType string) (api.PresignedForm, error) {
	query := url.Values{"mail": {mail}}
	if filename != "" {
		query.Set("filename", filename)
	}
	if contentType != "" {
		query.Set("type", contentType)
	}
	var form api.PresignedForm
	_, err := c.do(ctx, call{method: http.MethodGet, path: "presignedurl", query: query}, &form)
	return form, err
}

// Grant declares a file and returns what uploads it, for Send.
func (c *Client) Grant(ctx context.Context, request api.UploadRequest) (api.UploadGrant, error) {
	var grant api.UploadGrant
	// A grant is only computed, so that asking twice is harmless.
	_, err := c.do(ctx, call{method: http.MethodPost, path: "uploads", body: request}, &grant)
	return grant, err
}

// Upload declares a file of request.Size bytes and sends it. It returns the grant, whose ID names the upload. When it
// returns without an error, S3 has stored the file; Await tells whether it is ready.
func (c *Client) Upload(ctx context.Context, request api.UploadRequest, file io.ReaderAt) (api.UploadGrant, error) {
	grant, err := c.Grant(ctx, request)
	if err != nil {
		return api.UploadGrant{}, err
	}
	return grant, c.Send(ctx, grant, file, request.Size)
}

// Send sends a file of size bytes as a grant says. The file is read as it is sent, and anew for an attempt that is
// repeated. It returns an *S3Error when S3 refuses the file.
func (c *Client) Send(ctx context.Context, grant api.UploadGrant, file io.ReaderAt, size int64) error {
	switch grant.Method {
	case api.MethodPost:
		return c.Post(ctx, grant.URL, grant.Fields, file, size)
	case api.MethodPut:
		return c.Put(ctx, grant.URL, grant.Headers, file, size)
	}
	return fmt.Errorf("sending the file: grants with method %q are not supported", grant.Method)
}

// Post sends a file of size bytes with a form: its fields by name in alphabetical order, then the file. It returns an
// *S3Error when S3 refuses the file.
func (c *Client) Post(ctx context.Context, address string, fields map[string]string, file io.ReaderAt, size int64) error {
	head, tail, contentType, err := frame(fields)
	if err != nil {
		return fmt.Errorf("making the form: %w", err)
	}
	return c.send(ctx, transfer{
		method: http.MethodPost, address: address, header: http.Header{"Content-Type": {contentType}},
		body: func() io.Reader {
			return io.MultiReader(bytes.NewReader(head), io.NewSectionReader(file, 0, size), bytes.NewReader(tail))
		},
		length: int64(len(head)) + size + int64(len(tail)),
	})
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
func (c *Client) Put(ctx context.Context, address string, headers map[string]string, file io.ReaderAt, size int64) error {
	header := http.Header{}
	for name, value := range headers {
		header.Set(name, value)
	}
	return c.send(ctx, transfer{
		method: http.MethodPut, address: address, header: header,
		body:   func() io.Reader { return io.NewSectionReader(file, 0, size) },
		length: size,
	})
}

// A transfer is a request to S3 that the API signed, with the file in its body.
type transfer struct {
	method, address string
	header          http.Header
	body            func() io.Reader // called for each attempt
	length          int64            // of the body, in bytes
}

// send makes a transfer. S3 writes a PUT once: when an attempt that is repeated finds the object there, an earlier one
// stored it, whose answer was lost.
func (c *Client) send(ctx context.Context, t transfer) error {
	mayBeDone := false
	err := c.retry(ctx, func() error {
		err := c.sendOnce(ctx, t)
		if failure, ok := errors.AsType[*S3Error](err); ok && mayBeDone && failure.Status == http.StatusPreconditionFailed {
			return nil
		}
		if temporary, ok := errors.AsType[*temporaryError](err); ok && temporary.unknown {
			mayBeDone = true
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("sending the file: %w", err)
	}
	return nil
}

// continueAbove is the length from which on S3 is asked, before the body is sent, whether it refuses the request.
const continueAbove = 1 << 20

func (c *Client) sendOnce(ctx context.Context, t transfer) error {
	body := &bodyReader{in: t.body(), left: t.length}
	request, err := newRequest(ctx, t.method, t.address, body)
	if err != nil {
		return err
	}
	maps.Copy(request.Header, t.header)
	request.ContentLength = t.length
	if t.length == 0 {
		request.Body = http.NoBody // net/http would take 0 as unknown
	}
	if t.length > continueAbove {
		request.Header.Set("Expect", "100-continue")
	}
	response, err := c.HTTP.Do(request)
	if failure := body.failure(); failure != nil {
		err = fmt.Errorf("reading it: %w", failure)
	} else if err != nil {
		err = &temporaryError{err: withoutURL(err), unknown: true}
	}
	if response != nil {
		defer func() { _ = response.Body.Close() }()
	}
	if err != nil {
		return err
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		failure := s3Error(response)
		if slices.Contains(temporaryCodes, failure.Code) {
			return &temporaryError{err: failure, unknown: true}
		}
		return ifTemporary(response, failure)
	}
	return nil
}

// temporaryCodes are the codes of S3 with a status below 500 that a repeated request may not meet: another write of the
// key was under way, or the connection was too slow. Source: Amazon S3 API Reference, "List of error codes".
var temporaryCodes = []string{"ConditionalRequestConflict", "OperationAborted", "RequestTimeout"}

// A bodyReader keeps the error of reading the file, which another attempt would meet too. net/http may read it on after
// it has returned an answer.
type bodyReader struct {
	in io.Reader

	mutex sync.Mutex
	left  int64 // bytes
	err   error
}

// Read reads the next bytes. It fails when the file ends too early.
func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.left -= int64(n)
	if errors.Is(err, io.EOF) && b.left > 0 {
		err = fmt.Errorf("%w: %d bytes are missing", io.ErrUnexpectedEOF, b.left)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

func (b *bodyReader) failure() error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.err
}

// newRequest returns a request to an address that the API signed, which must be HTTPS or on this machine.
func newRequest(ctx context.Context, method, address string, body io.Reader) (*http.Request, error) {
	parsed, err := url.Parse(address)
	if err != nil || !isPrivate(parsed) {
		return nil, errors.New("the API answers with something else than a URL of https")
	}
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, withoutURL(err)
	}
	return request, nil
}
