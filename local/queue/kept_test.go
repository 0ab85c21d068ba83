package queue_test

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern/local/queue"
)

// A kept is a run of the queues that keeps them in a file.
type kept struct {
	*queue.Queues
	inspections, dead *queue.Queue
	modified          time.Time
}

// keep starts a run with what an earlier run has left, however that has ended.
func keep(t *testing.T, file string, log io.Writer) kept {
	t.Helper()
	all := queue.New(stack(), log, nil)
	modified, err := all.Keep(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(all.Close)
	k := kept{Queues: all, modified: modified}
	k.inspections, _ = all.Find("Inspections")
	k.dead, _ = all.Find("DeadLetters")
	return k
}

func TestMessagesAreKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "queues.jsonl")
	first := keep(t, file, io.Discard)
	if !first.modified.IsZero() {
		t.Errorf("got the time %v of an earlier run", first.modified)
	}
	for _, body := range []string{"a", "b", "c", "d"} {
		first.inspections.Send(body, 0)
	}
	first.inspections.Send("later", time.Hour)
	for _, m := range now(first.inspections, 3) {
		if m.Body == "b" {
			first.inspections.Delete(m.Receipt)
		}
	}
	for _, when := range []string{"after a kill", "after a second one"} {
		second := keep(t, file, io.Discard)
		received := now(second.inspections, 10)
		if got := bodies(received); got != "a c d" {
			t.Errorf("%s: got %q, want a c d", when, got)
		}
		if c := second.inspections.Counts(); c.Delayed != 1 || second.modified.IsZero() || received[0].Sent.IsZero() {
			t.Errorf("%s: got %+v of %v, want the delayed message too", when, c, second.modified)
		}
	}
}

// TestDeadLettersAreKept finds a moved message in the dead letters alone.
func TestDeadLettersAreKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "queues.jsonl")
	first := keep(t, file, io.Discard)
	first.inspections.Send("poison", 0)
	for range 3 {
		first.inspections.ReceiveFor(t.Context(), 1, time.Nanosecond)
		time.Sleep(time.Millisecond)
	}
	now(first.inspections, 1)
	second := keep(t, file, io.Discard)
	if got, other := bodies(now(second.dead, 10)), bodies(now(second.inspections, 10)); got != "poison" || other != "" {
		t.Errorf("got %q in the dead letters and %q in the queue, want the message in the dead letters", got, other)
	}
}

// TestQueuesThatCannotBeKept has a disk that takes no more.
func TestQueuesThatCannotBeKept(t *testing.T) {
	var log strings.Builder
	k := keep(t, filepath.Join(t.TempDir(), "queues.jsonl"), &log)
	k.BreakForTest()
	k.inspections.Send("a", 0)
	k.inspections.Send("b", 0)
	if got := bodies(now(k.inspections, 10)); got != "a b" {
		t.Errorf("got %q, want both messages", got)
	}
	if got := strings.Count(log.String(), "queue: messages are lost at the end of this run: "); got != 1 {
		t.Errorf("got %d lines, want one: %s", got, &log)
	}
}
