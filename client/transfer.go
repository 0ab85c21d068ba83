package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/minio/crc64nvme"
)

// A transfer is a request to S3 that the API signed.
type transfer struct {
	method, address string
	header          http.Header
	body            func() io.Reader // called for each attempt; nil: none
	length          int64            // of the body, in bytes
	// sent is called with the number of bytes of the body that were handed to the network, and with their negative when
	// the attempt failed. It may be nil.
	sent func(bytes int64)
	// check is called before the last byte is sent. When it returns an error, the request is broken off, so that S3 stores
	// nothing. It may be nil.
	check func() error
	// silence is how long S3 may take for its answer. Default: maxSilence.
	silence time.Duration
}

// A stored is S3's answer to a transfer that succeeded.
type stored struct {
	header  http.Header
	content []byte
	sum     checksum // of the body that was sent
}

// continueAbove is the length from which on S3 is asked, before the body is sent, whether it refuses the request.
const continueAbove = 1 << 20

// attemptTransfer makes a transfer once. It returns an *S3Error when S3 refuses it. The error of one that may be repeated
// is a *temporaryError.
func (c *Client) attemptTransfer(ctx context.Context, t transfer) (stored, error) {
	ctx, watch := watchSilence(ctx, t.silence)
	defer watch.stop()
	body := newBodyReader(t, watch)
	answer, err := c.roundTrip(ctx, t, body, watch)
	answer.sum = body.end(err == nil)
	if failure := body.failure(); failure != nil {
		return answer, fmt.Errorf("reading it: %w", failure)
	}
	return answer, watch.cause(ctx, err)
}

func (c *Client) roundTrip(ctx context.Context, t transfer, body *bodyReader, watch *silenceWatch) (stored, error) {
	request, err := newRequest(ctx, t.method, t.address, body)
	if err != nil {
		return stored{}, err
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
	if err != nil {
		return stored{}, &temporaryError{err: explainClock(withoutURL(err)), unknown: true}
	}
	defer func() { _ = response.Body.Close() }()
	watch.heard()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return stored{}, ifTemporary(response, s3Refusal(response))
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return stored{}, &temporaryError{err: fmt.Errorf("reading S3's answer: %w", withoutURL(err)), unknown: true}
	}
	return stored{header: response.Header, content: content}, nil
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
	request.Header.Set("User-Agent", userAgent)
	return request, nil
}

// headers returns the headers of a signed request.
func headers(signed map[string]string) http.Header {
	header := http.Header{}
	for name, value := range signed {
		header.Set(name, value)
	}
	return header
}

// A bodyReader reads the body of one attempt: it sums and counts it, and keeps the error of reading the file, which
// another attempt would meet too. net/http may read it on after it has returned an answer.
type bodyReader struct {
	in    io.Reader
	sent  func(int64)
	check func() error
	watch *silenceWatch

	mutex sync.Mutex
	left  int64 // bytes
	done  int64 // bytes
	sum   uint64
	ended bool
	err   error
}

func newBodyReader(t transfer, watch *silenceWatch) *bodyReader {
	b := &bodyReader{left: t.length, sent: t.sent, check: t.check, watch: watch}
	if t.body != nil {
		b.in = t.body()
	}
	return b
}

// Read reads the next bytes. It fails when the file ends too early, or has changed.
func (b *bodyReader) Read(p []byte) (int, error) {
	if b.in == nil {
		return 0, io.EOF
	}
	n, err := b.in.Read(p)
	b.watch.heard()
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.ended {
		return 0, errors.New("the request has been answered")
	}
	b.left -= int64(n)
	switch {
	case errors.Is(err, io.EOF) && b.left > 0:
		err = fmt.Errorf("%w: %d bytes are missing", io.ErrUnexpectedEOF, b.left)
	case b.left == 0 && n > 0 && b.check != nil:
		if changed := b.check(); changed != nil {
			n, err = 0, changed
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
		return n, err
	}
	b.sum = crc64nvme.Update(b.sum, p[:n])
	b.done += int64(n)
	if b.sent != nil {
		b.sent(int64(n))
	}
	return n, err
}

// end ends the count, and takes back what was counted unless the attempt succeeded. It returns the body's checksum.
func (b *bodyReader) end(succeeded bool) checksum {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.ended = true
	if !succeeded && b.sent != nil {
		b.sent(-b.done)
	}
	return checksum(b.sum)
}

func (b *bodyReader) failure() error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.err
}
