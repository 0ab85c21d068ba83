package records

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A write that meets a transaction on the same item is refused, which the SDK takes for final. It is tried again after
// a random part of a time that begins with firstPause and doubles up to longestPause.
const (
	attempts     = 8
	firstPause   = 25 * time.Millisecond
	longestPause = time.Second
)

// retry calls write until it succeeds, fails for good, or has met other writes too often. Each such failure is one
// that had no effect; one of unknown effect is the SDK's to repeat, with the same ClientRequestToken if it is a
// transaction.
func (u *Uploads) retry(ctx context.Context, write func() error) error {
	longest := firstPause
	for attempt := 1; ; attempt++ {
		err := write()
		if err == nil || !isConflict(err) || attempt == attempts {
			return err
		}
		u.Pause(ctx, longest)
		if ctx.Err() != nil {
			return fmt.Errorf("waiting to try again: %w", ctx.Err())
		}
		longest = min(2*longest, longestPause)
	}
}

// isConflict reports whether a write had no effect only because of others at the same time.
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

// cancellations are the codes of a cancelled transaction's reasons by the position of its writes. Empty if err is none.
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

// conditionFailed is the code of a write of a transaction whose condition did not hold.
const conditionFailed = "ConditionalCheckFailed"

// failedAt reports whether the condition of a transaction's write at position did not hold.
func failedAt(err error, position int) bool {
	codes := cancellations(err)
	return position < len(codes) && codes[position] == conditionFailed
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
