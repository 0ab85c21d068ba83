// Package queue holds a stack's queues in memory, keeps their messages in a file, and feeds them to functions, as SQS and
// Lambda's event source mappings do. Delivery is at least once, until a message is deleted or becomes a dead letter.
package queue

import (
	"fmt"
	"io"
	"net/url"
	"sync"
	"time"

	"postern/internal/cfn"
	"postern/local/journal"
)

// Queues are the queues of a stack. They are safe for concurrent use.
type Queues struct {
	log    io.Writer
	faults Faults

	mu   sync.Mutex // of all queues: messages move between them
	byID map[string]*Queue
	kept *journal.Log // nil: messages are in memory only
}

// Faults make deliveries fail on purpose. Calls are never concurrent.
type Faults interface {
	// Copies returns the delay of each copy of a sent message, one or more.
	Copies() []time.Duration
	// Reorder reports whether a batch is delivered in reverse order.
	Reorder() bool
}

// New makes the stack's queues, with nothing in them. It writes a line to log for each message that becomes a dead letter.
// Faults may be nil.
func New(stack *cfn.Stack, log io.Writer, faults Faults) *Queues {
	qs := &Queues{log: log, faults: faults, byID: make(map[string]*Queue)}
	for _, q := range stack.Queues {
		qs.byID[q.LogicalID] = &Queue{Queue: q, all: qs, changed: make(chan struct{}), byReceipt: make(map[string]*entry)}
	}
	return qs
}

// Find returns the queue with a logical id.
func (qs *Queues) Find(logicalID string) (*Queue, bool) {
	q, ok := qs.byID[logicalID]
	return q, ok
}

// FindURL returns the queue of a URL by the URL's path, whatever the host.
func (qs *Queues) FindURL(text string) (*Queue, bool) {
	wanted, err := url.Parse(text)
	if err != nil {
		return nil, false
	}
	for _, q := range qs.byID {
		if own, err := url.Parse(q.URL); err == nil && own.Path == wanted.Path {
			return q, true
		}
	}
	return nil, false
}

// moveToDeadLetters moves a message to the dead letters of its queue.
func (qs *Queues) moveToDeadLetters(from *Queue, e *entry) {
	to := qs.byID[from.DeadLetters]
	delete(from.byReceipt, e.Receipt)
	qs.keep(change{Queue: from.LogicalID, ID: e.ID})
	moved := &entry{Message: e.Message, visible: e.visible}
	moved.Receives, moved.Receipt = 0, ""
	to.add(moved)
	_, _ = fmt.Fprintf(qs.log, "queue: message %s was received %d times from %s and is now in %s\n", e.ID, e.Receives, from.Name, to.Name)
}
