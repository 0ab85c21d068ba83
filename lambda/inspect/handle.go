package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/lifecycle"
	"postern/internal/notification"
)

const (
	// margin is how long before Lambda would kill the function it gives up, so that what is done counts as done.
	margin = time.Second
	// maxOwners is of how many owners uploads are inspected at the same time.
	maxOwners = 4
)

// inspector is a lifecycle.Inspector.
type inspector interface {
	Inspect(ctx context.Context, arrival lifecycle.Arrival) error
	Expire(ctx context.Context, arrival lifecycle.Arrival) error
}

// A handler takes batches of messages. It is safe for concurrent use.
type handler struct {
	bucket    string
	folders   contract.Folders
	inspector inspector
	log       *slog.Logger
}

// handle takes every message of a batch, whatever becomes of the others, and answers which of them failed. Uploads of
// one owner, whose usage they share, are inspected one after the other.
func (h *handler) handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	ctx, cancel := apigw.WithMargin(ctx, margin)
	defer cancel()
	batch := &batch{handler: h, messages: event.Records, failed: make([]bool, len(event.Records))}
	batch.inspect(ctx, batch.tasks(ctx))
	return batch.response(), nil
}

// A batch is some messages, and which of them have failed.
type batch struct {
	*handler
	messages []events.SQSMessage

	mu     sync.Mutex
	failed []bool
}

// tasks are the messages' by owner, in the messages' order.
func (b *batch) tasks(ctx context.Context) map[string][]task {
	tasks := map[string][]task{}
	for i, message := range b.messages {
		b.guard(ctx, i, func() error {
			records, err := notification.Decode(message.Body)
			errs := []error{err}
			for _, record := range records {
				task, err := b.taskOf(i, record)
				if errors.Is(err, errForeignKey) {
					b.log.WarnContext(ctx, "foreign key left alone", "messageId", message.MessageId)
					continue
				}
				errs = append(errs, err)
				if err == nil {
					tasks[task.arrival.Owner] = append(tasks[task.arrival.Owner], task)
				}
			}
			return errors.Join(errs...)
		})
	}
	return tasks
}

// inspect returns when every task is done or has failed.
func (b *batch) inspect(ctx context.Context, tasks map[string][]task) {
	var owners sync.WaitGroup
	places := make(chan struct{}, maxOwners)
	for _, tasks := range tasks {
		places <- struct{}{}
		owners.Go(func() {
			defer func() { <-places }()
			for _, task := range tasks {
				b.guard(ctx, task.message, func() error { return b.do(ctx, task) }, "owner", task.arrival.Owner, "id", task.arrival.ID)
			}
		})
	}
	owners.Wait()
}

func (b *batch) do(ctx context.Context, task task) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case task.expired:
		return b.inspector.Expire(ctx, task.arrival)
	default:
		return b.inspector.Inspect(ctx, task.arrival)
	}
}

// guard does a part of a message, which fails by an error as by a panic. The attributes tell the part in the log.
func (b *batch) guard(ctx context.Context, message int, part func() error, attributes ...any) {
	err := recovered(part)
	if err == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed[message] = true
	attributes = append(attributes, "messageId", b.messages[message].MessageId, "error", err.Error())
	b.log.ErrorContext(ctx, "inspection failed", attributes...)
}

// recovered calls part and makes an error of a panic.
func recovered(part func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = apigw.PanicError(value)
		}
	}()
	return part()
}

// response names the messages that are to come again.
func (b *batch) response() events.SQSEventResponse {
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for i, failed := range b.failed {
		if failed {
			response.BatchItemFailures = append(response.BatchItemFailures,
				events.SQSBatchItemFailure{ItemIdentifier: b.messages[i].MessageId})
		}
	}
	return response
}
