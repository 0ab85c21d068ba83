package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"postern/internal/lifecycle"
)

// A task is one record of a message.
type task struct {
	message int // of the batch, by position
	arrival lifecycle.Arrival
	expired bool // by a rule of the bucket's life cycle; otherwise it has arrived
}

// errForeignKey is returned for a key that is not one of an upload, or in no folder of the format table, which is left
// alone: the function has no rights there.
var errForeignKey = errors.New("the key is not one of an upload")

// notification is the body of a message: what S3 sends to a queue, or in the same form what Postern does.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
type notification struct {
	Event   string                 `json:"Event"` // of a test event, which has no records
	Records []events.S3EventRecord `json:"Records"`
}

// decode reads the body of a message. Its error holds nothing of it.
func decode(body string) ([]events.S3EventRecord, error) {
	var n notification
	if err := json.Unmarshal([]byte(body), &n); err != nil {
		return nil, errors.New("decoding a message: it is no event of S3's")
	}
	if len(n.Records) == 0 && n.Event != "s3:TestEvent" {
		return nil, errors.New("decoding a message: it has no records")
	}
	return n.Records, nil
}

// taskOf reads a record of a message, which must be the bucket's. Its error holds nothing of it.
func (h *handler) taskOf(message int, record events.S3EventRecord) (task, error) {
	if record.S3.Bucket.Name != h.bucket {
		return task{}, errors.New("reading a record: it is another bucket's")
	}
	t := task{message: message}
	switch name := record.EventName; {
	case strings.HasPrefix(name, "LifecycleExpiration:"):
		t.expired = true
	case strings.HasPrefix(name, "ObjectCreated:"), name == "Inspect":
	default:
		return task{}, errors.New("reading a record: its event is not known")
	}
	key := record.S3.Object.URLDecodedKey
	var ok bool
	t.arrival, ok = lifecycle.ParseArrival(key, record.S3.Object.VersionID)
	folder, _, _ := strings.Cut(key, "/")
	if _, known := h.folders[folder]; !ok || !known {
		return task{}, fmt.Errorf("reading a record: %w", errForeignKey)
	}
	return t, nil
}
