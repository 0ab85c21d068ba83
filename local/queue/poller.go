package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"postern/internal/cfn"
	"postern/local/iam"
	"postern/local/runtime"
)

// An Invoker invokes the function with a logical id and returns its response.
type Invoker interface {
	Invoke(ctx context.Context, function string, payload []byte) ([]byte, error)
}

// PollerConfig says which function a Poller feeds, from which queue, and with which role.
type PollerConfig struct {
	Source cfn.EventSource
	Queue  *Queue
	// Role is the logical id of the function's role: Lambda polls with it.
	Role     string
	Policies *iam.Policies
	Invoker  Invoker
	Region   string
	// Processes is the maximum number of processes of the function, and so of batches in progress.
	Processes int
	// Log gets a line for each batch with failures.
	Log io.Writer
}

// A Poller feeds a function with a queue's messages, as an event source mapping does: in batches, each message until the
// function has processed it. An idle function gets a message at once.
// Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS".
type Poller struct {
	PollerConfig
	slots chan struct{} // has an entry for each batch in progress
	stop  context.CancelFunc
	ended sync.WaitGroup
}

// StartPoller starts polling, until Close. It stops by itself if the role may not receive. The messages then stay in the
// queue.
func StartPoller(config PollerConfig) *Poller {
	most := config.Processes
	if c := config.Source.Concurrency; c > 0 && c < most {
		most = c
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Poller{PollerConfig: config, slots: make(chan struct{}, most), stop: cancel}
	p.ended.Go(func() { p.run(ctx) })
	return p
}

// Close stops taking messages. Batches in progress continue.
func (p *Poller) Close() { p.stop() }

// Wait returns when a closed poller has no batch in progress.
func (p *Poller) Wait() { p.ended.Wait() }

func (p *Poller) run(ctx context.Context) {
	if p.check("sqs:GetQueueAttributes") != nil {
		return
	}
	for {
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		if p.check("sqs:ReceiveMessage") != nil {
			return
		}
		messages := p.batch(ctx)
		if len(messages) == 0 {
			return
		}
		p.ended.Go(func() {
			defer func() { <-p.slots }()
			p.process(messages)
		})
	}
}

func (p *Poller) check(action string) error {
	return p.Policies.Check(p.Role, iam.Call{Action: action, Resource: p.Queue.ARN})
}

// batch waits for messages, and for more during the window, if there is one. It returns none if ctx ends first.
func (p *Poller) batch(ctx context.Context) []Message {
	messages := p.Queue.Receive(ctx, p.Source.BatchSize)
	if len(messages) == 0 || p.Source.Window == 0 {
		return messages
	}
	ctx, cancel := context.WithTimeout(ctx, p.Source.Window)
	defer cancel()
	for len(messages) < p.Source.BatchSize {
		more := p.Queue.Receive(ctx, p.Source.BatchSize-len(messages))
		if len(more) == 0 {
			break
		}
		messages = append(messages, more...)
	}
	return messages
}

// process invokes the function with a batch and deletes what it has processed. The rest becomes visible again after the
// visibility timeout.
func (p *Poller) process(batch []Message) {
	response, err := p.invoke(batch)
	if errors.Is(err, runtime.ErrClosed) {
		return
	}
	failed := all
	if err == nil {
		failed = failures(response, batch)
	}
	var done []Message
	for _, m := range batch {
		if !failed(m.ID) {
			done = append(done, m)
		}
	}
	if len(done) < len(batch) {
		_, _ = fmt.Fprintf(p.Log, "queue: %s did not process %d of %d messages: visible again %v after they were received\n",
			p.Source.Function, len(batch)-len(done), len(batch), p.Queue.Visibility.Round(time.Millisecond))
	}
	if len(done) == 0 || p.check("sqs:DeleteMessage") != nil {
		return
	}
	for _, m := range done {
		p.Queue.Delete(m.Receipt)
	}
}

func (p *Poller) invoke(batch []Message) ([]byte, error) {
	payload, err := event(batch, p.Queue.ARN, p.Region)
	if err != nil {
		return nil, err
	}
	return p.Invoker.Invoke(context.Background(), p.Source.Function, payload)
}
