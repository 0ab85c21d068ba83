package main

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-lambda-go/events"

	"postern/internal/function"
	"postern/internal/lifecycle"
	"postern/internal/notification"
)

// maxOwners bounds how many owners are processed concurrently.
const maxOwners = 4

// A batch is the messages of one event, and which of them have failed.
type batch struct {
	*handler
	messages []events.SQSMessage

	pages []task // to reconcile

	mu     sync.Mutex
	failed []bool
}

// tasks returns the messages' tasks by owner, in the messages' order.
func (b *batch) tasks(ctx context.Context) map[string][]task {
	tasks := map[string][]task{}
	for i, message := range b.messages {
		b.guard(ctx, i, func() error {
			records, err := notification.Decode(message.Body)
			errs := []error{err}
			for _, record := range records {
				if record.Source == notification.SourcePostern && record.Name == notification.Reconcile {
					b.pages = append(b.pages, task{message: i, arrival: lifecycle.Arrival{Key: string(record.S3.Object.Key)}})
					continue
				}
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
	slots := make(chan struct{}, maxOwners)
	for _, tasks := range tasks {
		slots <- struct{}{}
		owners.Go(func() {
			defer func() { <-slots }()
			for _, task := range tasks {
				b.guard(ctx, task.message, func() error { return b.do(ctx, task) }, "owner", task.arrival.Owner, "id", task.arrival.ID)
			}
		})
	}
	owners.Wait()
}

// reconcile takes the pages that messages ask for. They come last, so that a message which asks for the next page is sent
// once, also if an inspection ends the process.
func (b *batch) reconcile(ctx context.Context) {
	for _, page := range b.pages {
		b.guard(ctx, page.message, func() error { return b.handler.reconcile(ctx, page.arrival.Key) })
	}
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

// guard does a part of a message. An error or a panic fails the message. The attributes tell the part in the log.
func (b *batch) guard(ctx context.Context, message int, part func() error, attributes ...any) {
	err := function.Guard(part)
	if err == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed[message] = true
	attributes = append(attributes, "messageId", b.messages[message].MessageId, "error", err.Error())
	b.log.ErrorContext(ctx, "inspection failed", attributes...)
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
