package queue

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"postern/local/journal"
)

// A change is what is kept of a message: that it came, or without a body that it is gone. How often it was received is not
// kept.
type change struct {
	Queue   string // logical id
	ID      string
	Body    string    `json:",omitempty"`
	Sent    time.Time `json:",omitzero"`
	Visible time.Time `json:",omitzero"`
}

// Keep takes the messages that earlier runs have left in a file, and keeps all messages there from now on. Only its owner may
// read the file. Keep returns when an earlier run has last changed a message, the zero time if there was no earlier run.
func (qs *Queues) Keep(file string) (modified time.Time, err error) {
	type key struct{ queue, id string }
	left, came, n := map[key]change{}, map[key]int{}, 0
	inOrder := func() []change {
		return slices.SortedFunc(maps.Values(left), func(a, b change) int {
			return came[key{a.Queue, a.ID}] - came[key{b.Queue, b.ID}]
		})
	}
	log, err := journal.Open(file, func(line []byte) error {
		var c change
		if err := json.Unmarshal(line, &c); err != nil {
			return err
		}
		k := key{c.Queue, c.ID}
		if c.Body == "" {
			delete(left, k)
			return nil
		}
		n++
		left[k], came[k] = c, n
		return nil
	}, func(write func(any) error) error {
		for _, c := range inOrder() {
			if err := write(c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("taking the messages of an earlier run: %w", err)
	}
	qs.mu.Lock()
	defer qs.mu.Unlock()
	for _, c := range inOrder() {
		if q, ok := qs.byID[c.Queue]; ok { // the template may have changed
			q.add(&entry{Message: Message{ID: c.ID, Body: c.Body, Sent: c.Sent}, visible: c.Visible})
		}
	}
	qs.kept = log
	return log.Modified, nil
}

// keep keeps a change. The first failure gets a line; the queues themselves go on.
func (qs *Queues) keep(c change) {
	if qs.kept == nil {
		return
	}
	if err := qs.kept.Append(c); err != nil {
		_, _ = fmt.Fprintf(qs.log, "queue: messages are lost at the end of this run: %v\n", err)
		qs.kept = nil
	}
}

// Close closes the file.
func (qs *Queues) Close() {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	if qs.kept != nil {
		qs.kept.Close()
	}
	qs.kept = nil
}
