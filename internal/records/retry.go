package records

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// DynamoDB refuses a write that conflicts with a transaction on the same item, and the SDK does not retry it. It is retried
// after a random part of a time that begins with firstPause and doubles up to longestPause.
const (
	attempts     = 8
	firstPause   = 25 * time.Millisecond
	longestPause = time.Second
)

// retryOnConflict calls write until it succeeds, fails for good, or has conflicted too often. A write that conflicted had
// no effect. The SDK retries a write of unknown effect, with the same ClientRequestToken if it is a transaction.
func (u *Uploads) retryOnConflict(ctx context.Context, write func() error) error {
	for attempt := 1; ; attempt++ {
		err := write()
		if err == nil || !isConflict(err) || attempt == attempts {
			return err
		}
		if err := u.wait(ctx, attempt); err != nil {
			return err
		}
	}
}

// wait waits after the nth attempt, n from 1. It returns an error when ctx is done.
func (u *Uploads) wait(ctx context.Context, n int) error { return waitBy(ctx, u.Pause, n) }

// waitBy waits as wait does, by a pause of its own.
func waitBy(ctx context.Context, pause func(context.Context, time.Duration), n int) error {
	pause(ctx, min(firstPause<<(n-1), longestPause))
	if ctx.Err() != nil {
		return fmt.Errorf("waiting to try again: %w", ctx.Err())
	}
	return nil
}

// isConflict reports whether a write had no effect only because of other writes at the same time.
func isConflict(err error) bool {
	if _, ok := errors.AsType[*types.TransactionConflictException](err); ok {
		return true
	}
	for _, code := range cancellations(err) {
		switch code {
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			return true
		}
	}
	return false
}

// cancellations returns why a transaction was cancelled, as a code for each of its writes. It is empty if err is another
// error.
// See https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html
func cancellations(err error) []string {
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return nil
	}
	codes := make([]string, len(cancelled.CancellationReasons))
	for i, reason := range cancelled.CancellationReasons {
		if reason.Code != nil {
			codes[i] = *reason.Code
		}
	}
	return codes
}

// failedAt reports whether the condition of a transaction's write at position did not hold.
func failedAt(err error, position int) bool {
	codes := cancellations(err)
	return position < len(codes) && codes[position] == "ConditionalCheckFailed"
}

// isConditionFailed reports whether the condition of a single write did not hold.
func isConditionFailed(err error) bool {
	_, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	return ok
}

// pauseByClock waits a random part of longest, or until ctx is done.
func pauseByClock(ctx context.Context, longest time.Duration) {
	timer := time.NewTimer(rand.N(longest))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
