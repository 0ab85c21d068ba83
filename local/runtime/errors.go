package runtime

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

// Sizes of Lambda's synchronous invocations, in bytes:
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	MaxRequest  = 6 << 20
	MaxResponse = 6<<20 + 100 // the number that Lambda's error names
)

// Error types of Lambda itself.
const (
	typeTimedOut   = "Sandbox.Timedout"
	typeExit       = "Runtime.ExitError"
	typeEntrypoint = "Runtime.InvalidEntrypoint"
	typeTooLarge   = "Function.ResponseSizeTooLarge"
)

// A FunctionError says that a function reported an error, ran out of time or crashed.
type FunctionError struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

// Error returns the error's type and message.
func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// ErrorMessage returns Lambda's errorMessage.
func (e *FunctionError) ErrorMessage() string { return e.Message }

// ErrorType returns Lambda's errorType, such as "Runtime.ExitError".
func (e *FunctionError) ErrorType() string { return e.Type }

// A RequestTooLargeError says that Lambda would not take a payload (RequestTooLargeException).
type RequestTooLargeError struct {
	Size int // of the payload, in bytes
}

// Error returns the payload's size and the limit.
func (e *RequestTooLargeError) Error() string {
	return fmt.Sprintf("%d byte payload is too large for the RequestResponse invocation type (limit %d bytes)", e.Size, MaxRequest)
}

// reported returns the error that a function posted. The body need not be Lambda's JSON.
func reported(body []byte, errorType string) *FunctionError {
	e := &FunctionError{}
	if json.Unmarshal(body, e) != nil {
		e.Message = string(body)
	}
	e.Type = cmp.Or(e.Type, errorType, "Runtime.Unknown")
	return e
}

// unreported reports whether the runtime noticed the failure. Otherwise the function posted it.
func (e *FunctionError) unreported() bool {
	return slices.Contains([]string{typeTimedOut, typeExit, typeEntrypoint, typeTooLarge}, e.Type)
}

func timedOut(requestID string, after time.Duration) *FunctionError {
	return &FunctionError{fmt.Sprintf("%s Task timed out after %.2f seconds", requestID, after.Seconds()), typeTimedOut}
}

// exited returns the error of a process that ended without an answer.
func exited(requestID string, state *os.ProcessState) *FunctionError {
	reason := "Runtime exited without providing a reason"
	if state != nil && !state.Success() {
		reason = "Runtime exited with error: " + (&exec.ExitError{ProcessState: state}).Error()
	}
	return &FunctionError{fmt.Sprintf("RequestId: %s Error: %s", requestID, reason), typeExit}
}

// unstartable returns the error of a bootstrap that the system does not run.
func unstartable(requestID string, err error) *FunctionError {
	return &FunctionError{fmt.Sprintf("RequestId: %s Error: %v", requestID, err), typeEntrypoint}
}

func responseTooLarge() *FunctionError {
	return &FunctionError{
		fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxResponse), typeTooLarge,
	}
}
