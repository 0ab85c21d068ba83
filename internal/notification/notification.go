// Package notification holds the JSON of S3's event notifications, which is also the form of Postern's own requests to
// inspect a key. Source: Amazon S3 User Guide, "Event message structure"
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html).
package notification

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"
)

// Names and sources of events. A name of S3's is a type and a detail, such as ObjectCreated:Put.
const (
	SourceS3      = "aws:s3"
	SourcePostern = "postern"

	// Inspect asks for the inspection of whatever is stored under a key.
	Inspect = "Inspect"
	// Reconcile asks for a look at every object, a page of keys at a time: at those after the key, or from the first on.
	Reconcile = "Reconcile"

	testEvent = "s3:TestEvent"
)

// A Record is one event of a message. Fields that nobody reads are left out.
type Record struct {
	Version string `json:"eventVersion,omitempty"`
	Source  string `json:"eventSource"`
	Region  string `json:"awsRegion,omitempty"`
	Time    string `json:"eventTime,omitempty"` // as FormatTime writes it
	Name    string `json:"eventName"`
	S3      Entity `json:"s3"`
}

// An Entity names the object of an event.
type Entity struct {
	SchemaVersion string `json:"s3SchemaVersion,omitempty"`
	Bucket        Bucket `json:"bucket"`
	Object        Object `json:"object"`
}

// A Bucket is the bucket of an event.
type Bucket struct {
	Name string `json:"name"`
	ARN  string `json:"arn,omitempty"`
}

// An Object is the object of an event. A VersionID that is empty means whatever is stored under the key.
type Object struct {
	Key       Key    `json:"key"`
	Size      *int64 `json:"size,omitempty"` // bytes; nil: not said
	ETag      string `json:"eTag,omitempty"` // without quotes
	VersionID string `json:"versionId,omitempty"`
	Sequencer string `json:"sequencer,omitempty"`
}

// A Key is an object's key. Its JSON is URL-encoded as a query is, but for the slashes.
type Key string

// MarshalText URL-encodes the key.
func (k Key) MarshalText() ([]byte, error) {
	return []byte(strings.ReplaceAll(url.QueryEscape(string(k)), "%2F", "/")), nil
}

// UnmarshalText decodes the key once. Its error does not hold the key.
func (k *Key) UnmarshalText(encoded []byte) error {
	decoded, err := url.QueryUnescape(string(encoded))
	if err != nil {
		return errors.New("the key is not URL-encoded")
	}
	*k = Key(decoded)
	return nil
}

type message struct {
	Event   string   `json:"Event,omitempty"` // of a test event, which has no records
	Records []Record `json:"Records"`
}

// Encode returns the message that holds the records.
func Encode(records ...Record) string {
	text, _ := json.Marshal(message{Records: records}) // Strings and numbers always encode.
	return string(text)
}

// EncodeInspect returns the message that asks for the inspection of a key.
func EncodeInspect(bucket, key string) string {
	return Encode(Record{
		Source: SourcePostern, Name: Inspect,
		S3: Entity{Bucket: Bucket{Name: bucket}, Object: Object{Key: Key(key)}},
	})
}

// EncodeReconcile returns the message that asks for a look at the page of keys after one.
func EncodeReconcile(after string) string {
	return Encode(Record{Source: SourcePostern, Name: Reconcile, S3: Entity{Object: Object{Key: Key(after)}}})
}

// EncodeTest returns the message that S3 sends when a bucket gets a notification configuration.
func EncodeTest(bucket string, at time.Time) string {
	text, _ := json.Marshal(map[string]string{ // Strings always encode.
		"Service": "Amazon S3", "Event": testEvent, "Time": FormatTime(at), "Bucket": bucket,
	})
	return string(text)
}

// Decode reads a message. A test event has no records. Its errors hold nothing of the message.
func Decode(body string) ([]Record, error) {
	var m message
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return nil, errors.New("decoding a message: it is no S3 event notification")
	}
	if len(m.Records) == 0 && m.Event != testEvent {
		return nil, errors.New("decoding a message: it has no records")
	}
	return m.Records, nil
}

// FormatTime returns the time as events have it: in UTC, with milliseconds.
func FormatTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
