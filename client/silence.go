package client

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// maxSilence is how long a transfer may make no progress at all: a connection whose other end is gone says nothing. Tests
// replace it.
var maxSilence = 2 * time.Minute

var errSilence = errors.New("the connection is silent")

// A silenceWatch ends a request that makes no progress.
type silenceWatch struct {
	timer  *time.Timer
	limit  time.Duration
	cancel context.CancelCauseFunc
}

// watchSilence returns a context that ends when nothing was heard for limit. If limit is 0, it is maxSilence.
func watchSilence(ctx context.Context, limit time.Duration) (context.Context, *silenceWatch) {
	if limit == 0 {
		limit = maxSilence
	}
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &silenceWatch{time.AfterFunc(limit, func() { cancel(errSilence) }), limit, cancel}
}

// heard says that there was progress.
func (w *silenceWatch) heard() { w.timer.Reset(w.limit) }

// stop ends the watch, and the request.
func (w *silenceWatch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// cause returns err or, if the silence caused it, an error that says so.
func (w *silenceWatch) cause(ctx context.Context, err error) error {
	if err == nil || !errors.Is(context.Cause(ctx), errSilence) {
		return err
	}
	return &temporaryError{err: fmt.Errorf("nothing was heard for %s", w.limit), unknown: true}
}

// explainClock adds to a certificate's error what is a likely cause of it.
func explainClock(err error) error {
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return fmt.Errorf("%w: this machine's clock says %s, is it right?", err, time.Now().UTC().Format(time.RFC3339))
	}
	return err
}
