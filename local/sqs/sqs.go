// Package sqs serves a stack's queues by the part of SQS's API that functions, the command and this machine's operator use.
package sqs

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"postern/local/awsserver"
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

const errorPrefix = "com.amazonaws.sqs#"

// New returns the service of some queues.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
func New(queues *queue.Queues) awsserver.Service {
	s := service{queues}
	return awsserver.Service{
		Name: "sqs", Target: "AmazonSQS", ErrorPrefix: errorPrefix, Calls: s.calls, Handler: awsserver.Handler(errorPrefix, s.answer),
	}
}

type service struct {
	queues *queue.Queues
}

// actions are those of the operations that have none of their own.
// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon SQS".
var actions = map[string]string{
	"SendMessageBatch":   "SendMessage",
	"DeleteMessageBatch": "DeleteMessage",
}

// calls returns what a request wants to do. A request for an unknown queue needs a permission for every queue.
func (s service) calls(operation string, input awsserver.Object) ([]iam.Call, error) {
	url, err := awsserver.Member[string](input, "QueueUrl")
	if err != nil {
		return nil, err
	}
	call := iam.Call{Action: "sqs:" + operation, Resource: "*"}
	if action, ok := actions[operation]; ok {
		call.Action = "sqs:" + action
	}
	if q, ok := s.queues.FindURL(url); ok {
		call.Resource = q.ARN
	}
	return []iam.Call{call}, nil
}

// A request is the input of any operation.
type request struct {
	QueueURL string `json:"QueueUrl"`

	message
	Entries []message // of SendMessageBatch

	AttributeNames, MessageSystemAttributeNames []string

	MaxNumberOfMessages, VisibilityTimeout, WaitTimeSeconds *int

	ReceiptHandle string
}

// A message is a message to send.
type message struct {
	ID                string `json:"Id"` // in a batch
	MessageBody       string
	DelaySeconds      int
	MessageAttributes map[string]any
}

// answer answers an operation on one queue.
func (s service) answer(ctx context.Context, operation string, input request) (any, error) {
	q, ok := s.queues.FindURL(input.QueueURL)
	if !ok {
		return nil, awsserver.Errorf("QueueDoesNotExist", "The specified queue does not exist.")
	}
	switch operation {
	case "SendMessage":
		return send(q, input.message)
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
		return nil, awsserver.Errorf("UnsupportedOperation", "The local run does not serve %s.", operation)
	}
}

// sent is the answer to a message that was sent.
type sent struct {
	ID               string `json:"Id,omitempty"`
	MessageID        string `json:"MessageId"`
	MD5OfMessageBody string
}

func send(q *queue.Queue, m message) (*sent, error) {
	if err := checkMessage(m); err != nil {
		return nil, err
	}
	id := q.Send(m.MessageBody, time.Duration(m.DelaySeconds)*time.Second)
	return &sent{m.ID, id, queue.Message{Body: m.MessageBody}.MD5()}, nil
}

func checkMessage(m message) error {
	switch {
	case m.MessageBody == "":
		return awsserver.Errorf("MissingParameter", "The request must contain the parameter MessageBody.")
	case len(m.MessageBody) > maxMessage:
		return awsserver.Errorf("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", maxMessage)
	case !isAllowed(m.MessageBody):
		return awsserver.Errorf("InvalidMessageContents", "The message contains characters outside the allowed set.")
	case m.DelaySeconds < 0 || m.DelaySeconds > maxDelay:
		return awsserver.Errorf("InvalidParameterValue", "Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= %d.", m.DelaySeconds, maxDelay)
	case m.MessageAttributes != nil:
		return awsserver.Errorf("UnsupportedOperation", "The local run does not serve message attributes.")
	}
	return nil
}

// isAllowed reports whether a body holds only the characters that SQS takes: those of XML 1.0.
func isAllowed(body string) bool {
	for _, r := range body {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return false
		}
	}
	return utf8.ValidString(body)
}

// A failedEntry says why an entry of a batch is refused.
type failedEntry struct {
	ID          string `json:"Id"`
	Code        string
	Message     string
	SenderFault bool
}

type sentBatch struct {
	Successful []sent
	Failed     []failedEntry
}

func sendBatch(q *queue.Queue, entries []message) (*sentBatch, error) {
	if len(entries) == 0 {
		return nil, awsserver.Errorf("EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request.")
	}
	if len(entries) > maxEntries {
		return nil, awsserver.Errorf("TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxEntries, len(entries))
	}
	ids, size := make(map[string]bool), 0
	for _, m := range entries {
		if m.ID == "" || ids[m.ID] {
			return nil, awsserver.Errorf("BatchEntryIdsNotDistinct", "Id %s repeated.", m.ID)
		}
		ids[m.ID] = true
		size += len(m.MessageBody)
	}
	if size > maxMessage {
		return nil, awsserver.Errorf("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessage, size)
	}
	var output sentBatch
	for _, m := range entries {
		answer, err := send(q, m)
		if refusal, ok := errors.AsType[*awsserver.Error](err); ok {
			output.Failed = append(output.Failed, failedEntry{m.ID, refusal.Code, refusal.Message, true})
			continue
		}
		output.Successful = append(output.Successful, *answer)
	}
	return &output, nil
}

// received is the answer that holds a received message.
type received struct {
	MessageID     string `json:"MessageId"`
	ReceiptHandle string
	MD5OfBody     string
	Body          string
	Attributes    map[string]string `json:",omitempty"`
}

func receive(ctx context.Context, q *queue.Queue, input request) (any, error) {
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

// number returns a parameter's value, or the fallback if there is none. It fails outside the bounds.
func number(value *int, name string, fallback, least, most int) (int, error) {
	if value == nil {
		return fallback, nil
	}
	if *value < least || *value > most {
		return 0, awsserver.Errorf("InvalidParameterValue", "Value %d for parameter %s is invalid. Reason: Must be between %d and %d, if provided.", *value, name, least, most)
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
			return nil, awsserver.Errorf("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	return map[string]map[string]string{"Attributes": chosen(all, names)}, nil
}

// chosen returns the attributes that are asked for by name, or all of them.
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
