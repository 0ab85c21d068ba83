package main

import (
	"context"
	"errors"
	"slices"
	"strings"
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

	pages []page // to reconcile

	mu     sync.Mutex
	failed []bool
}

// A task is what messages tell of one key.
type task struct {
	messages []int // of the batch, by position
	arrivals []lifecycle.Arrival
	expired  bool // by a lifecycle rule of the bucket; otherwise they have arrived
}

// A page is a page of the bucket's keys to reconcile, as a message asks for it.
type page struct {
	message int    // of the batch, by position
	after   string // key that the page begins after
}

// addTo adds what a message tells to the owner's task of the key.
func addTo(tasks []*task, message int, arrival lifecycle.Arrival, expired bool) []*task {
	at := slices.IndexFunc(tasks, func(t *task) bool { return t.arrivals[0].Key == arrival.Key && t.expired == expired })
	if at < 0 {
		at, tasks = len(tasks), append(tasks, &task{expired: expired})
	}
	t := tasks[at]
	t.arrivals = append(t.arrivals, arrival)
	if !slices.Contains(t.messages, message) {
		t.messages = append(t.messages, message)
	}
	return tasks
}

// tasks returns the messages' tasks by owner, in the messages' order. The arrivals of one key are one task: a form that is
// sent again and again takes no more of the function than one upload.
func (b *batch) tasks(ctx context.Context) map[string][]*task {
	tasks := map[string][]*task{}
	for i, message := range b.messages {
		b.guard(ctx, []int{i}, func() error {
			records, err := notification.Decode(message.Body)
			errs := []error{err}
			for _, record := range records {
				if record.Source == notification.SourcePostern && record.Name == notification.Reconcile {
					b.pages = append(b.pages, page{i, string(record.S3.Object.Key)})
					continue
				}
				arrival, expired, err := b.read(record)
				if errors.Is(err, errForeignKey) {
					b.log.WarnContext(ctx, "foreign key left alone", "messageId", message.MessageId)
					continue
				}
				errs = append(errs, err)
				if err == nil {
					tasks[arrival.Owner] = addTo(tasks[arrival.Owner], i, arrival, expired)
				}
			}
			return errors.Join(errs...)
		})
	}
	return tasks
}

// inspect returns when every task is done or has failed.
func (b *batch) inspect(ctx context.Context, tasks map[string][]*task) {
	var owners sync.WaitGroup
	slots := make(chan struct{}, maxOwners)
	for _, tasks := range tasks {
		slots <- struct{}{}
		owners.Go(func() {
			defer func() { <-slots }()
			for _, task := range tasks {
				first := task.arrivals[0]
				b.guard(ctx, task.messages, func() error { return b.do(ctx, task) }, "owner", first.Owner, "id", first.ID)
			}
		})
	}
	owners.Wait()
}

// reconcile takes the pages that messages ask for. They come last, so that a message which asks for the next page is sent
// once, also if an inspection ends the process.
func (b *batch) reconcile(ctx context.Context) {
	for _, page := range b.pages {
		b.guard(ctx, []int{page.message}, func() error { return b.handler.reconcile(ctx, page.after) })
	}
}

func (b *batch) do(ctx context.Context, task *task) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case task.expired:
		return b.inspector.Expire(ctx, task.arrivals[0])
	default:
		return b.inspector.Inspect(ctx, task.arrivals[0], task.arrivals[1:]...)
	}
}

// guard does what messages ask for. An error or a panic fails all of them. The attributes tell in the log what it was.
func (b *batch) guard(ctx context.Context, messages []int, part func() error, attributes ...any) {
	err := function.Guard(part)
	if err == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	ids := make([]string, len(messages))
	for i, message := range messages {
		b.failed[message] = true
		ids[i] = b.messages[message].MessageId
	}
	attributes = append(attributes, "messageId", strings.Join(ids, " "), "error", err.Error())
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
