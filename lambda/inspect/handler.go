package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"postern/internal/awsclient"
	"postern/internal/contract"
	"postern/internal/function"
	"postern/internal/lifecycle"
	"postern/internal/media"
	"postern/internal/notification"
	"postern/internal/objects"
	"postern/internal/queue"
	"postern/internal/records"
	"postern/internal/secret"
	"postern/internal/upload"
)

// margin is how long before its deadline the function gives up, so that what is done counts as done.
const margin = time.Second

const (
	// replaySeconds is how long a form's replays are left for later.
	replaySeconds = 20
	// clockSeconds bounds by how much the clock of a process may be corrected meanwhile.
	clockSeconds = 10
)

// An inspector is what the handler needs of a lifecycle.Inspector.
type inspector interface {
	Inspect(ctx context.Context, arrival lifecycle.Arrival, others ...lifecycle.Arrival) error
	Expire(ctx context.Context, arrival lifecycle.Arrival) error
}

// A handler takes batches of messages. It is safe for concurrent use.
type handler struct {
	bucket    string
	folders   contract.Folders
	inspector inspector
	// reconcile takes a page of the bucket's keys after one, and asks for the next.
	reconcile func(ctx context.Context, after string) error
	log       *slog.Logger
}

// newHandler makes the function. It makes no request.
func newHandler(setup function.Setup[contract.InspectEnv]) *handler {
	uploads := records.NewUploads(dynamodb.NewFromConfig(awsclient.Config(setup.Runtime, function.DynamoDB)), setup.Env.UploadsTable)
	inspections := queue.New(sqs.NewFromConfig(awsclient.Config(setup.Runtime, function.SQS)), setup.Env.QueueURL, setup.Env.Bucket)
	inspector := &lifecycle.Inspector{
		Records:  uploads,
		Objects:  objects.New(awsclient.Config(setup.Runtime, function.S3), setup.Env.Bucket),
		Events:   newBus(eventbridge.NewFromConfig(awsclient.Config(setup.Runtime, function.EventBridge)), setup.Env.EventBus),
		OwnerKey: secret.New(awsclient.Config(setup.Runtime, function.SecretsManager), setup.Env.OwnerKeySecret).OwnerKey,
		Check:    check(setup.Env.Inspection),
		Folders:  setup.Env.Folders,
		Now:      time.Now,
		Replays:  &lifecycle.Replays{Queue: inspections.Delayed(replaySeconds + clockSeconds), Period: replaySeconds * time.Second, Now: function.WallClock},
		Log:      setup.Log,
	}
	reconciler := &reconciler{
		objects: objects.NewClient(awsclient.Config(setup.Runtime, function.S3)), bucket: setup.Env.Bucket, uploads: uploads,
		queue: inspections, folders: setup.Env.Folders, now: function.WallClock, log: setup.Log,
	}
	return &handler{setup.Env.Bucket, setup.Env.Folders, inspector, reconciler.page, setup.Log}
}

// check returns a comparison of an object's content with its format.
func check(rules contract.Inspection) func(contract.Format, upload.Object) (upload.Finding, error) {
	return func(format contract.Format, object upload.Object) (upload.Finding, error) {
		return media.Check(format, rules, object.Size, object.Content)
	}
}

// handle takes every message of a batch, whatever becomes of the others, and answers which of them failed. Uploads of
// one owner, whose usage they share, are inspected one after the other.
func (h *handler) handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	ctx, cancel := function.WithMargin(ctx, margin)
	defer cancel()
	batch := &batch{handler: h, messages: event.Records, failed: make([]bool, len(event.Records))}
	batch.inspect(ctx, batch.tasks(ctx))
	batch.reconcile(ctx)
	return batch.response(), nil
}

// errForeignKey is returned for a key that is not an upload's, or in no folder of the format table. It is left alone: the
// function has no rights there.
var errForeignKey = errors.New("the key is not one of an upload")

// read reads a record of a message, which must be the bucket's: what arrived, or expired by a lifecycle rule of the bucket.
// Its error holds nothing of it.
func (h *handler) read(record notification.Record) (arrival lifecycle.Arrival, expired bool, err error) {
	if record.S3.Bucket.Name != h.bucket {
		return arrival, false, errors.New("reading a record: it is another bucket's")
	}
	switch name := record.Name; {
	case strings.HasPrefix(name, "LifecycleExpiration:"):
		expired = true
	case strings.HasPrefix(name, "ObjectCreated:"), name == notification.Inspect:
	default:
		return arrival, false, errors.New("reading a record: its event is not known")
	}
	key := string(record.S3.Object.Key)
	arrival, ok := lifecycle.ParseArrival(key, record.S3.Object.VersionID)
	// A time that is none stays zero: nothing but a metric needs it.
	arrival.At, _ = time.Parse(time.RFC3339, record.Time)
	folder, _, _ := strings.Cut(key, "/")
	if _, known := h.folders[folder]; !ok || !known {
		return arrival, false, fmt.Errorf("reading a record: %w", errForeignKey)
	}
	return arrival, expired, nil
}
