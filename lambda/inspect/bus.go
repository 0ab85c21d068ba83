package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"postern/internal/transport"
	"postern/internal/upload"
)

// source is the source of every event.
const source = "postern"

// detailTypes are the events' by the status that an upload has come to.
var detailTypes = map[upload.Status]string{
	upload.Ready:    "Upload Ready",
	upload.Rejected: "Upload Rejected",
	upload.Deleted:  "Upload Deleted",
}

// A detail is the detail of an event.
type detail struct {
	ID     string    `json:"id"`
	Upload announced `json:"upload"`
}

// announced is what an event tells of an upload: nothing that a client wrote.
type announced struct {
	ID        string        `json:"id"`
	Owner     string        `json:"owner"`
	Key       string        `json:"key"`
	VersionID string        `json:"versionId,omitempty"`
	Status    upload.Status `json:"status"`
	Reason    upload.Reason `json:"reason,omitempty"`
	Size      int64         `json:"size"`
	Type      string        `json:"type,omitempty"`
	Checksum  string        `json:"checksum,omitempty"`
}

// A bus is an event bus of EventBridge.
type bus struct {
	client *eventbridge.Client
	name   string // or ARN
}

// newBus makes no request. If endpoint is empty, it is AWS's own of the region.
func newBus(region, endpoint string, credentials aws.CredentialsProvider, name string) *bus {
	options := eventbridge.Options{Region: region, Credentials: credentials, HTTPClient: transport.New()}
	if endpoint != "" {
		options.BaseEndpoint = &endpoint
	}
	return &bus{eventbridge.New(options), name}
}

// Publish sends an announcement of an upload that is ready, rejected or deleted.
func (b *bus) Publish(ctx context.Context, announcement upload.Event) error {
	entry, err := b.entry(announcement)
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

func (b *bus) entry(announcement upload.Event) (types.PutEventsRequestEntry, error) {
	detailType, ok := detailTypes[announcement.Status]
	if !ok {
		return types.PutEventsRequestEntry{}, fmt.Errorf("there is none for status %q", announcement.Status)
	}
	text, err := json.Marshal(detail{announcement.ID, announced{
		ID: announcement.Record.ID, Owner: announcement.Owner, Key: announcement.Key, VersionID: announcement.VersionID,
		Status: announcement.Status, Reason: announcement.Reason,
		Size: announcement.Size, Type: announcement.Type, Checksum: announcement.Checksum,
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
