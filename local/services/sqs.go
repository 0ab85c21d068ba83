package services

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"postern/local/iam"
	"postern/local/queue"
)

// Bounds of the queues' API.
// Source: Amazon SQS Developer Guide, "Amazon SQS message quotas".
const (
	// maxMessage is smaller than AWS's mebibyte, so that a batch of them fits into an invocation of a function.
	maxMessage = 256 << 10 // bytes
	maxEntries = 10
	maxDelay   = 900 // seconds
	maxWait    = 20  // seconds
	maxHidden  = 12 * 60 * 60
)

// An sqs is the part of SQS that functions, and this machine's operator, have a use for.
type sqs struct {
	queues *queue.Queues
}

// A fault is the refusal of a request.
type fault struct {
	code, message string
}

func (f *fault) Error() string { return f.code + ": " + f.message }

func faultf(code, format string, args ...any) *fault {
	return &fault{code, fmt.Sprintf(format, args...)}
}

// sqsActions are the actions that operations need: batches need none of their own.
// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon SQS".
var sqsActions = map[string]string{
	"SendMessageBatch":             "SendMessage",
	"DeleteMessageBatch":           "DeleteMessage",
	"ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}

// calls are what a request to SQS wants to do. One that names no queue of the stack needs a permission for every queue.
func (s sqs) calls(operation string, input object) ([]iam.Call, error) {
	url, err := member[string](input, "QueueUrl")
	if err != nil {
		return nil, err
	}
	call := iam.Call{Action: "sqs:" + operation, Resource: "*"}
	if action, ok := sqsActions[operation]; ok {
		call.Action = "sqs:" + action
	}
	if q, ok := s.queues.FindURL(url); ok {
		call.Resource = q.ARN
	}
	return []iam.Call{call}, nil
}

// ServeHTTP answers by AWS's JSON protocol: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
func (s sqs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var input sqsInput
	err := json.NewDecoder(r.Body).Decode(&input)
	if err != nil {
		fail(w, http.StatusBadRequest, sqsFaults+"SerializationException", "")
		return
	}
	_, operation := targetOf(r)
	output, err := s.serve(r.Context(), operation, input)
	if f, ok := errors.AsType[*fault](err); ok {
		fail(w, http.StatusBadRequest, sqsFaults+f.code, f.message)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if output != nil {
		_ = json.NewEncoder(w).Encode(output)
	}
}

const sqsFaults = "com.amazonaws.sqs#"

// A sqsInput is what the operations take.
type sqsInput struct {
	QueueURL string `json:"QueueUrl"`

	sending
	Entries []sending // of SendMessageBatch

	AttributeNames, MessageSystemAttributeNames []string

	MaxNumberOfMessages, VisibilityTimeout, WaitTimeSeconds *int

	ReceiptHandle string
}

// A sending is a message to send.
type sending struct {
	ID                string `json:"Id"` // in a batch
	MessageBody       string
	DelaySeconds      int
	MessageAttributes map[string]any
}

func (s sqs) serve(ctx context.Context, operation string, input sqsInput) (any, error) {
	q, ok := s.queues.FindURL(input.QueueURL)
	if !ok {
		return nil, faultf("QueueDoesNotExist", "The specified queue does not exist.")
	}
	switch operation {
	case "SendMessage":
		return send(q, input.sending)
	case "SendMessageBatch":
		return sendBatch(q, input.Entries)
	case "ReceiveMessage":
		return receive(ctx, q, input)
	case "DeleteMessage":
		q.Delete(input.ReceiptHandle)
		return nil, nil
	case "GetQueueAttributes":
		return attributes(q, input.AttributeNames)
	default:
		return nil, faultf("UnsupportedOperation", "The local run does not serve %s.", operation)
	}
}

// A sent is the answer to a message.
type sent struct {
	ID               string `json:"Id,omitempty"`
	MessageID        string `json:"MessageId"`
	MD5OfMessageBody string
}

func send(q *queue.Queue, m sending) (*sent, error) {
	if err := checkMessage(m); err != nil {
		return nil, err
	}
	id := q.Send(m.MessageBody, time.Duration(m.DelaySeconds)*time.Second)
	return &sent{m.ID, id, queue.Message{Body: m.MessageBody}.MD5()}, nil
}

func checkMessage(m sending) error {
	switch {
	case m.MessageBody == "":
		return faultf("MissingParameter", "The request must contain the parameter MessageBody.")
	case len(m.MessageBody) > maxMessage:
		return faultf("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", maxMessage)
	case !characters(m.MessageBody):
		return faultf("InvalidMessageContents", "The message contains characters outside the allowed set.")
	case m.DelaySeconds < 0 || m.DelaySeconds > maxDelay:
		return faultf("InvalidParameterValue", "Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= %d.", m.DelaySeconds, maxDelay)
	case m.MessageAttributes != nil:
		return faultf("UnsupportedOperation", "The local run does not serve message attributes.")
	}
	return nil
}

// characters reports whether a body has only those of XML 1.0, which are what SQS takes.
func characters(body string) bool {
	for _, r := range body {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return false
		}
	}
	return utf8.ValidString(body)
}

// A batchFault is why an entry of a batch is refused.
type batchFault struct {
	ID          string `json:"Id"`
	Code        string
	Message     string
	SenderFault bool
}

type sentBatch struct {
	Successful []sent
	Failed     []batchFault
}

func sendBatch(q *queue.Queue, entries []sending) (*sentBatch, error) {
	if len(entries) == 0 {
		return nil, faultf("EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request.")
	}
	if len(entries) > maxEntries {
		return nil, faultf("TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxEntries, len(entries))
	}
	ids, size := make(map[string]bool), 0
	for _, m := range entries {
		if m.ID == "" || ids[m.ID] {
			return nil, faultf("BatchEntryIdsNotDistinct", "Id %s repeated.", m.ID)
		}
		ids[m.ID] = true
		size += len(m.MessageBody)
	}
	if size > maxMessage {
		return nil, faultf("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessage, size)
	}
	var output sentBatch
	for _, m := range entries {
		answer, err := send(q, m)
		if f, ok := errors.AsType[*fault](err); ok {
			output.Failed = append(output.Failed, batchFault{m.ID, f.code, f.message, true})
			continue
		}
		output.Successful = append(output.Successful, *answer)
	}
	return &output, nil
}

// A received is a message that was received.
type received struct {
	MessageID     string `json:"MessageId"`
	ReceiptHandle string
	MD5OfBody     string
	Body          string
	Attributes    map[string]string `json:",omitempty"`
}

func receive(ctx context.Context, q *queue.Queue, input sqsInput) (any, error) {
	most, err := number(input.MaxNumberOfMessages, "MaxNumberOfMessages", 1, 1, maxEntries)
	wait, err2 := number(input.WaitTimeSeconds, "WaitTimeSeconds", 0, 0, maxWait)
	hidden, err3 := number(input.VisibilityTimeout, "VisibilityTimeout", int(q.Visibility/time.Second), 0, maxHidden)
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(wait)*time.Second)
	defer cancel()
	var messages []received
	for _, m := range q.ReceiveFor(ctx, most, time.Duration(hidden)*time.Second) {
		answer := received{MessageID: m.ID, ReceiptHandle: m.Receipt, MD5OfBody: m.MD5(), Body: m.Body}
		answer.Attributes = chosen(m.Attributes(), slices.Concat(input.AttributeNames, input.MessageSystemAttributeNames))
		messages = append(messages, answer)
	}
	return map[string][]received{"Messages": messages}, nil
}

// number is a parameter's value within its bounds, or the fallback.
func number(value *int, name string, fallback, least, most int) (int, error) {
	if value == nil {
		return fallback, nil
	}
	if *value < least || *value > most {
		return 0, faultf("InvalidParameterValue", "Value %d for parameter %s is invalid. Reason: Must be between %d and %d, if provided.", *value, name, least, most)
	}
	return *value, nil
}

func attributes(q *queue.Queue, names []string) (any, error) {
	counts := q.Counts()
	all := map[string]string{
		"ApproximateNumberOfMessages":           strconv.Itoa(counts.Visible),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(counts.Delayed),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(counts.Received),
		"QueueArn":                              q.ARN,
		"VisibilityTimeout":                     strconv.Itoa(int(q.Visibility / time.Second)),
	}
	for _, name := range names {
		if _, ok := all[name]; !ok && name != "All" {
			return nil, faultf("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	return map[string]map[string]string{"Attributes": chosen(all, names)}, nil
}

// chosen are the attributes that are asked for by name, or all of them.
func chosen(all map[string]string, names []string) map[string]string {
	some := make(map[string]string)
	for _, name := range names {
		if name == "All" {
			return all
		}
		if value, ok := all[name]; ok {
			some[name] = value
		}
	}
	return some
}
