package queue

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// A record is one message of the event that Lambda invokes a function with.
// Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS", "Example standard queue message event".
type record struct {
	MessageID         string            `json:"messageId"`
	ReceiptHandle     string            `json:"receiptHandle"`
	Body              string            `json:"body"`
	Attributes        map[string]string `json:"attributes"`
	MessageAttributes struct{}          `json:"messageAttributes"`
	MD5OfBody         string            `json:"md5OfBody"`
	EventSource       string            `json:"eventSource"`
	EventSourceARN    string            `json:"eventSourceARN"`
	AWSRegion         string            `json:"awsRegion"`
}

func event(batch []Message, queue, region string) ([]byte, error) {
	records := make([]record, len(batch))
	for i, m := range batch {
		records[i] = record{
			MessageID:      m.ID,
			ReceiptHandle:  m.Receipt,
			Body:           m.Body,
			Attributes:     m.Attributes(),
			MD5OfBody:      m.MD5(),
			EventSource:    "aws:sqs",
			EventSourceARN: queue,
			AWSRegion:      region,
		}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // escapes would count against the maximum payload
	err := encoder.Encode(map[string][]record{"Records": records})
	return b.Bytes(), err
}

// MD5 returns the hexadecimal digest by which clients check the body.
func (m Message) MD5() string {
	sum := md5.Sum([]byte(m.Body))
	return hex.EncodeToString(sum[:])
}

// Attributes returns the message's system attributes. Times are in milliseconds since the epoch.
// Source: Amazon SQS API Reference, ReceiveMessage, MessageSystemAttributeNames.
func (m Message) Attributes() map[string]string {
	return map[string]string{
		"ApproximateReceiveCount":          strconv.Itoa(m.Receives),
		"ApproximateFirstReceiveTimestamp": milliseconds(m.FirstReceived),
		"SentTimestamp":                    milliseconds(m.Sent),
	}
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// all reports every message as failed.
func all(string) bool { return true }

// failures returns which messages a function reports as failed. An answer without failures, even an empty one, means that
// all succeeded. A malformed answer, or one that names a message of no batch, means that all failed. The case of members'
// names matters.
// Source: AWS Lambda Developer Guide, "Handling errors for an SQS event source in Lambda", "Success and failure conditions".
func failures(response []byte, batch []Message) func(id string) bool {
	none := func(string) bool { return false }
	if len(bytes.TrimSpace(response)) == 0 {
		return none
	}
	var answer map[string]json.RawMessage
	if json.Unmarshal(response, &answer) != nil {
		return all
	}
	list, ok := answer["batchItemFailures"]
	if !ok {
		return none
	}
	var items []map[string]json.RawMessage
	if json.Unmarshal(list, &items) != nil {
		return all
	}
	var failed []string
	for _, item := range items {
		var id string
		known := func(m Message) bool { return m.ID == id }
		if json.Unmarshal(item["itemIdentifier"], &id) != nil || !slices.ContainsFunc(batch, known) {
			return all
		}
		failed = append(failed, id)
	}
	return func(id string) bool { return slices.Contains(failed, id) }
}
