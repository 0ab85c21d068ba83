package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"postern/internal/upload"
)

// source is the source of every event.
const source = "postern"

// detailTypes maps the status of an upload to its event's detail type.
var detailTypes = map[upload.Status]string{
	upload.Ready:    "Upload Ready",
	upload.Rejected: "Upload Rejected",
	upload.Deleted:  "Upload Deleted",
}

// A detail is the detail of an event.
type detail struct {
	ID     string    `json:"id"`
	Upload published `json:"upload"`
}

// published is what an event tells of an upload: nothing that a user wrote. A context is a
// service's, and a guest gives its name for the owner.
type published struct {
	ID        string        `json:"id"`
	Owner     string        `json:"owner"`
	Key       string        `json:"key"`
	VersionID string        `json:"versionId,omitempty"`
	Status    upload.Status `json:"status"`
	Reason    upload.Reason `json:"reason,omitempty"`
	Size      int64         `json:"size"`
	Type      string        `json:"type,omitempty"`
	Detected  string        `json:"detected,omitempty"`
	Checksum  string        `json:"checksum,omitempty"`
	Algorithm string        `json:"checksumAlgorithm,omitempty"`
	Context   string        `json:"context,omitempty"`
	Guest     string        `json:"guest,omitempty"`
	Link      string        `json:"link,omitempty"`
}

// A bus is an event bus of EventBridge.
type bus struct {
	client *eventbridge.Client
	name   string // or ARN
}

func newBus(client *eventbridge.Client, name string) *bus { return &bus{client, name} }

// Publish implements lifecycle.Events.Publish.
func (b *bus) Publish(ctx context.Context, event upload.Event) error {
	entry, err := b.entry(event)
	if err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	output, err := b.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
	if err != nil {
		return fmt.Errorf("publishing an event: %w", err)
	}
	if output.FailedEntryCount > 0 {
		return fmt.Errorf("publishing an event: the bus refused it: %s", refusal(output.Entries))
	}
	return nil
}

func (b *bus) entry(event upload.Event) (types.PutEventsRequestEntry, error) {
	detailType, ok := detailTypes[event.Status]
	if !ok {
		return types.PutEventsRequestEntry{}, fmt.Errorf("there is none for status %q", event.Status)
	}
	text, err := json.Marshal(detail{event.ID, published{
		ID: event.Record.ID, Owner: event.Owner, Key: event.Key, VersionID: event.VersionID,
		Status: event.Status, Reason: event.Reason,
		Size: event.Size, Type: event.Type, Detected: event.Detected,
		Checksum: event.Checksum, Algorithm: event.ChecksumAlgorithm, Context: event.Context, Guest: event.Guest, Link: event.Link,
	}})
	return types.PutEventsRequestEntry{
		EventBusName: &b.name, Source: aws.String(source), DetailType: &detailType, Detail: aws.String(string(text)),
	}, err
}

func refusal(entries []types.PutEventsResultEntry) string {
	for _, entry := range entries {
		if entry.ErrorCode != nil {
			return *entry.ErrorCode
		}
	}
	return "without a code"
}
