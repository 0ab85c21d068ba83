package main

import (
	"errors"
	"fmt"
	"strings"

	"postern/internal/lifecycle"
	"postern/internal/notification"
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

// taskOf reads a record of a message, which must be the bucket's. Its error holds nothing of it.
func (h *handler) taskOf(message int, record notification.Record) (task, error) {
	if record.S3.Bucket.Name != h.bucket {
		return task{}, errors.New("reading a record: it is another bucket's")
	}
	t := task{message: message}
	switch name := record.Name; {
	case strings.HasPrefix(name, "LifecycleExpiration:"):
		t.expired = true
	case strings.HasPrefix(name, "ObjectCreated:"), name == notification.Inspect:
	default:
		return task{}, errors.New("reading a record: its event is not known")
	}
	key := string(record.S3.Object.Key)
	var ok bool
	t.arrival, ok = lifecycle.ParseArrival(key, record.S3.Object.VersionID)
	folder, _, _ := strings.Cut(key, "/")
	if _, known := h.folders[folder]; !ok || !known {
		return task{}, fmt.Errorf("reading a record: %w", errForeignKey)
	}
	return t, nil
}
