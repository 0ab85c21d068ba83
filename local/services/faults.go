package services

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/s3err"

	"postern/local/chaos"
	"postern/local/iam"
)

// Faults are what goes wrong on purpose with the calls of functions: never with those of the operator, nor with requests
// that a function has signed for somebody else.
type Faults interface {
	// Before decides on a call before it has an effect.
	Before(chaos.Call) chaos.Fault
	// After decides on a call that has had its effect.
	After(chaos.Call) chaos.Fault
}

// noFaults are no faults.
type noFaults struct{}

func (noFaults) Before(chaos.Call) chaos.Fault { return chaos.None }
func (noFaults) After(chaos.Call) chaos.Fault  { return chaos.None }

func faultsOr(faults Faults) Faults {
	if faults == nil {
		return noFaults{}
	}
	return faults
}

// isFinal reports whether the SDK makes no attempt after this one, by its header: "attempt=1; max=3".
func isFinal(header string) bool {
	attempt, most, ok := strings.Cut(header, "; ")
	attempt, isAttempt := strings.CutPrefix(attempt, "attempt=")
	most, isMost := strings.CutPrefix(most, "max=")
	return !ok || !isAttempt || !isMost || attempt == most
}

const attemptHeader = "Amz-Sdk-Request"

// faultAnswer answers a call to DynamoDB that goes wrong, and any other that fails.
// Source: Amazon DynamoDB Developer Guide, "Error handling with DynamoDB".
func faultAnswer(w http.ResponseWriter, fault chaos.Fault, input object) {
	items, _ := member[[]any](input, "TransactItems")
	switch {
	case fault == chaos.Conflict:
		conflictAnswer(w, len(items))
	case fault == chaos.Throttle && len(items) > 0:
		fail(w, http.StatusBadRequest, "com.amazon.coral.availability#ThrottlingException", "Rate of requests exceeds the allowed throughput.")
	case fault == chaos.Throttle:
		fail(w, http.StatusBadRequest, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
			"The level of configured provisioned throughput for the table was exceeded.")
	default:
		fail(w, http.StatusInternalServerError, "InternalServerError", "Internal server error")
	}
}

// conflictAnswer is that of a transaction whose first item another one works on.
func conflictAnswer(w http.ResponseWriter, items int) {
	reasons := make([]map[string]string, items)
	for i := range reasons {
		reasons[i] = map[string]string{"Code": "None"}
	}
	if items > 0 {
		reasons[0] = map[string]string{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"__type":              "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
		"Message":             "Transaction cancelled, please refer cancellation reasons for specific reasons",
		"CancellationReasons": reasons,
	})
}

// s3Call is the call of a function that signed it by its header; it reports false for any other request.
func s3Call(c fiber.Ctx, issuer *iam.Issuer) (chaos.Call, bool) {
	_, credential, ok := strings.Cut(c.Get(fiber.HeaderAuthorization), "Credential=")
	key, _, _ := strings.Cut(credential, "/")
	credentials, known := issuer.Find(key)
	if !ok || !known || credentials.Role == iam.Operator {
		return chaos.Call{}, false
	}
	return chaos.Call{Role: credentials.Role, Service: "s3", Final: isFinal(c.Get(attemptHeader))}, true
}

// withFaults lets a request go on to the S3 server, unless its call goes wrong.
func withFaults(c fiber.Ctx, issuer *iam.Issuer, faults Faults) error {
	call, ok := s3Call(c, issuer)
	if !ok {
		return c.Next()
	}
	if fault := faults.Before(call); fault != chaos.None {
		return s3Fault(c, fault)
	}
	if err := c.Next(); err != nil {
		return err
	}
	if c.Response().StatusCode() < http.StatusMultipleChoices {
		if fault := faults.After(call); fault != chaos.None {
			return s3Fault(c, fault)
		}
	}
	return nil
}

// s3Fault answers as S3 does when it is overloaded or has failed.
// Source: Amazon S3 API Reference, "Error responses".
func s3Fault(c fiber.Ctx, fault chaos.Fault) error {
	refusal := s3err.APIError{Code: "InternalError", Description: "We encountered an internal error. Please try again.", HTTPStatusCode: http.StatusInternalServerError}
	if fault == chaos.Throttle {
		refusal = s3err.APIError{Code: "SlowDown", Description: "Please reduce your request rate.", HTTPStatusCode: http.StatusServiceUnavailable}
	}
	c.Response().Reset()
	c.Type("xml")
	return c.Status(refusal.StatusCode()).Send(refusal.XMLBody("", ""))
}
