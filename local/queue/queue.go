package queue

import (
	"container/heap"
	"context"
	"crypto/rand"
	"slices"
	"time"

	"github.com/google/uuid"

	"postern/internal/cfn"
)

// A Queue is a standard queue.
type Queue struct {
	cfn.Queue

	all       *Queues
	messages  byVisibility
	byReceipt map[string]*entry // of those received
	last      uint64            // number of the last message that was added
	changed   chan struct{}     // closed, and replaced, when a message is added
}

// A Message is a received message.
type Message struct {
	ID            string
	Receipt       string // the receipt handle, a new one each time
	Body          string
	Receives      int // number of times it was received, including this one
	Sent          time.Time
	FirstReceived time.Time
}

// Send adds a message that can be received after a delay, and returns its id.
func (q *Queue) Send(body string, delay time.Duration) string {
	copies := []time.Duration{0}
	q.all.mu.Lock()
	defer q.all.mu.Unlock()
	if q.all.faults != nil {
		copies = q.all.faults.Copies()
	}
	now := time.Now()
	message := Message{ID: uuid.NewString(), Body: body, Sent: now}
	for _, more := range copies {
		q.add(&entry{Message: message, visible: now.Add(delay + more)})
	}
	return message.ID
}

func (q *Queue) add(e *entry) {
	q.last++
	e.number = q.last
	q.all.keep(change{Queue: q.LogicalID, ID: e.ID, Body: e.Body, Sent: e.Sent, Visible: e.visible})
	heap.Push(&q.messages, e)
	close(q.changed)
	q.changed = make(chan struct{})
}

// Receive takes up to most messages, the longest visible first, and hides them for the queue's visibility timeout. It waits
// until there is one. It returns none if ctx ends first.
func (q *Queue) Receive(ctx context.Context, most int) []Message {
	return q.ReceiveFor(ctx, most, q.Visibility)
}

// ReceiveFor is Receive with another visibility timeout.
func (q *Queue) ReceiveFor(ctx context.Context, most int, visibility time.Duration) []Message {
	for {
		q.all.mu.Lock()
		taken := q.take(most, visibility, time.Now())
		changed, next := q.changed, q.next()
		q.all.mu.Unlock()
		if len(taken) > 0 {
			return taken
		}
		timer := time.NewTimer(next)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		timer.Stop()
	}
}

// next returns the time until the next message becomes visible.
func (q *Queue) next() time.Duration {
	if len(q.messages) == 0 {
		return time.Hour
	}
	return time.Until(q.messages[0].visible)
}

// take receives what is visible now. Messages that were received too often become dead letters.
func (q *Queue) take(most int, visibility time.Duration, now time.Time) []Message {
	var taken []*entry
	for len(taken) < most && len(q.messages) > 0 && !q.messages[0].visible.After(now) {
		e := heap.Pop(&q.messages).(*entry)
		if q.DeadLetters != "" && e.Receives >= q.MaxReceives {
			q.all.moveToDeadLetters(q, e)
			continue
		}
		taken = append(taken, e)
	}
	messages := make([]Message, len(taken))
	for i, e := range taken {
		delete(q.byReceipt, e.Receipt)
		e.Receives++
		e.Receipt = rand.Text()
		if e.FirstReceived.IsZero() {
			e.FirstReceived = now
		}
		e.visible = now.Add(visibility)
		q.byReceipt[e.Receipt] = e
		heap.Push(&q.messages, e)
		messages[i] = e.Message
	}
	if len(messages) > 1 && q.all.faults != nil && q.all.faults.Reorder() {
		slices.Reverse(messages)
	}
	return messages
}

// Delete removes a received message. Only its latest receipt does.
func (q *Queue) Delete(receipt string) {
	q.all.mu.Lock()
	defer q.all.mu.Unlock()
	if e, ok := q.byReceipt[receipt]; ok {
		q.all.keep(change{Queue: q.LogicalID, ID: e.ID})
		delete(q.byReceipt, receipt)
		heap.Remove(&q.messages, e.index)
	}
}

// Counts are the numbers of a queue's messages.
type Counts struct {
	Visible  int // can be received
	Delayed  int // were sent with a delay that is not over
	Received int // are hidden because somebody has received them
}

// Counts counts the messages.
func (q *Queue) Counts() Counts {
	q.all.mu.Lock()
	defer q.all.mu.Unlock()
	now := time.Now()
	var c Counts
	for _, e := range q.messages {
		switch {
		case !e.visible.After(now):
			c.Visible++
		case e.Receives == 0:
			c.Delayed++
		default:
			c.Received++
		}
	}
	return c
}

// An entry is a message in its queue.
type entry struct {
	Message

	visible time.Time // when it became or becomes visible
	number  uint64    // in the order of arrival
	index   int       // in the heap
}

// byVisibility is a heap, the longest visible first.
type byVisibility []*entry

func (h byVisibility) Len() int { return len(h) }

func (h byVisibility) Less(i, j int) bool {
	if !h[i].visible.Equal(h[j].visible) {
		return h[i].visible.Before(h[j].visible)
	}
	return h[i].number < h[j].number
}

func (h byVisibility) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *byVisibility) Push(e any) {
	entry := e.(*entry)
	entry.index = len(*h)
	*h = append(*h, entry)
}

// Pop implements heap.Interface.
func (h *byVisibility) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return e
}
