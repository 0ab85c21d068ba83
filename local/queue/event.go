package queue

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
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
