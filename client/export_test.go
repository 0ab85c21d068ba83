package client

import (
	"context"
	"testing"
	"time"
)

// RecordPauses makes pauses take no time until the test ends, and returns those that were made.
func RecordPauses(t *testing.T) func() []time.Duration {
	var pauses []time.Duration
	before := sleep
	sleep = func(ctx context.Context, d time.Duration) error {
		pauses = append(pauses, d)
		return ctx.Err()
	}
	t.Cleanup(func() { sleep = before })
	return func() []time.Duration { return pauses }
}
