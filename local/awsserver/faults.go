package awsserver

import (
	"strings"

	"postern/local/chaos"
)

// Faults decide which calls of functions fail on purpose, and which requests to S3 of clients that repeat what fails. Calls
// of the operator never do.
type Faults interface {
	// Before decides on a call before it has an effect.
	Before(chaos.Call) chaos.Fault
	// After decides on a call that has had its effect.
	After(chaos.Call) chaos.Fault
}

// OrNone returns the faults, or faults that never occur if there are none.
func OrNone(faults Faults) Faults {
	if faults == nil {
		return noFaults{}
	}
	return faults
}

type noFaults struct{}

func (noFaults) Before(chaos.Call) chaos.Fault { return chaos.None }
func (noFaults) After(chaos.Call) chaos.Fault  { return chaos.None }

// AttemptHeader is the header in which the SDK counts its attempts: "attempt=1; max=3".
const AttemptHeader = "Amz-Sdk-Request"

// IsFinal reports whether the SDK makes no further attempt, from the value of AttemptHeader.
func IsFinal(header string) bool {
	attempt, most, ok := strings.Cut(header, "; ")
	attempt, isAttempt := strings.CutPrefix(attempt, "attempt=")
	most, isMost := strings.CutPrefix(most, "max=")
	return !ok || !isAttempt || !isMost || attempt == most
}
