package client

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	// firstPause is the longest pause after the first attempt. It doubles with each further one, up to longestPause.
	firstPause   = 200 * time.Millisecond
	longestPause = 5 * time.Second
	// maxRetryAfter is the longest pause that a server may ask for; a longer one is left to the caller.
	maxRetryAfter = 30 * time.Second
)

// A temporaryError is the error of an attempt that may fare better when it is repeated.
type temporaryError struct {
	err   error
	after time.Duration // pause that the server asked for; 0: none
	// unknown reports that the request may have taken effect.
	unknown bool
}

func (e *temporaryError) Error() string { return e.err.Error() }
func (e *temporaryError) Unwrap() error { return e.err }

// ifTemporary returns err as a *temporaryError if its answer's status says that the same request may succeed later.
func ifTemporary(response *http.Response, err error) error {
	switch response.StatusCode {
	case http.StatusTooManyRequests:
		return &temporaryError{err: err, after: retryAfter(response)}
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return &temporaryError{err: err, after: retryAfter(response), unknown: true}
	}
	return ifTemporaryCode(err)
}

// temporaryCodes are the codes of S3 that a repeated request may not meet, whatever their status: S3 is overloaded or has
// failed, another write of the key was under way, or the connection was too slow.
// Source: Amazon S3 API Reference, "List of error codes".
var temporaryCodes = []string{
	"ConditionalRequestConflict", "InternalError", "OperationAborted", "RequestTimeout", "ServiceUnavailable", "SlowDown",
}

// ifTemporaryCode returns err as a *temporaryError if it is an error of S3 that has one of these codes.
func ifTemporaryCode(err error) error {
	if failure, ok := errors.AsType[*S3Error](err); ok && slices.Contains(temporaryCodes, failure.Code) {
		return &temporaryError{err: err, unknown: true}
	}
	return err
}

// retryAfter returns the pause that an answer asks for in seconds, as API Gateway and S3 do. Source: RFC 9110, section
// 10.2.3.
func retryAfter(response *http.Response) time.Duration {
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, 1<<20)) * time.Second
}

// retry calls attempt until it succeeds, fails for good or has been called c.Attempts times. It returns the last error,
// or ctx's when it ended meanwhile.
func (c *Client) retry(ctx context.Context, attempt func() error) error {
	for attempts := 1; ; attempts++ {
		err := attempt()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		temporary, ok := errors.AsType[*temporaryError](err)
		if !ok {
			return err
		}
		if attempts >= c.Attempts || temporary.after > maxRetryAfter || errors.As(err, new(*tls.CertificateVerificationError)) {
			return temporary.err
		}
		if err := sleep(ctx, max(temporary.after, pause(attempts))); err != nil {
			return err
		}
	}
}

// pause returns the pause after a number of attempts, which is random so that clients don't come back at once.
func pause(attempts int) time.Duration {
	longest := min(firstPause<<min(attempts-1, 10), longestPause)
	return longest/2 + rand.N(longest/2)
}

// sleep waits for d, or until ctx ends. Tests replace it.
var sleep = func(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
