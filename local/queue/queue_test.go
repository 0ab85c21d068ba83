package queue_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/cfn"
	"postern/local/chaos"
	"postern/local/queue"
)

const (
	region     = "eu-west-1"
	queueARN   = "arn:aws:sqs:eu-west-1:000000000000:inspections"
	visibility = 3 * time.Minute
)

// stack has a queue whose messages become dead letters when they were received three times.
func stack() *cfn.Stack {
	return &cfn.Stack{
		AccountID: "000000000000",
		Queues: []cfn.Queue{
			{
				LogicalID: "Inspections", Name: "inspections", ARN: queueARN, Visibility: visibility, DeadLetters: "DeadLetters", MaxReceives: 3,
				URL: "https://sqs.eu-west-1.amazonaws.com/000000000000/inspections",
			},
			{LogicalID: "DeadLetters", Name: "dead-letters", Visibility: time.Minute, URL: "https://sqs.eu-west-1.amazonaws.com/000000000000/dead-letters"},
		},
		Roles: []cfn.Role{{LogicalID: "InspectRole", Name: "inspect", Statements: []cfn.Statement{{
			Effect: "Allow", Actions: []string{"sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:DeleteMessage"}, Resources: []string{queueARN},
		}}}},
	}
}

// open makes the queues and returns both.
func open(faults queue.Faults, log io.Writer) (inspections, dead *queue.Queue) {
	all := queue.New(stack(), log, faults)
	inspections, _ = all.Find("Inspections")
	dead, _ = all.Find("DeadLetters")
	return inspections, dead
}

// now receives what is visible now.
func now(q *queue.Queue, most int) []queue.Message {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return q.Receive(ctx, most)
}

func bodies(messages []queue.Message) string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Body)
	}
	return strings.Join(all, " ")
}

func TestReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _ := open(nil, &bytes.Buffer{})
		start := time.Now()
		for _, body := range []string{"a", "b", "c"} {
			q.Send(body, 0)
		}
		q.Send("later", time.Second)
		if got := bodies(now(q, 2)); got != "a b" {
			t.Errorf("got %q, want the oldest two", got)
		}
		received := now(q, 10)
		if got := bodies(received); got != "c" {
			t.Errorf("got %q, want what is left: c", got)
		}
		if diff := cmp.Diff(q.Counts(), queue.Counts{Received: 3, Delayed: 1}); diff != "" {
			t.Errorf("counts (-got +want):\n%s", diff)
		}
		q.Delete(received[0].Receipt)
		if got := bodies(q.Receive(t.Context(), 10)); got != "later" || time.Since(start) != time.Second {
			t.Errorf("got %q after %v, want the one that was delayed by a second", got, time.Since(start))
		}
		second := q.Receive(t.Context(), 10)
		if got := bodies(second); got != "a b" || time.Since(start) != visibility {
			t.Errorf("got %q after %v, want what was not deleted, after %v", got, time.Since(start), visibility)
		}
		if got := second[0]; got.Receives != 2 || !got.FirstReceived.Equal(start) || !got.Sent.Equal(start) {
			t.Errorf("got %+v, want a second receipt and the times of the first", got)
		}
	})
}

func TestReceiveWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _ := open(nil, &bytes.Buffer{})
		start := time.Now()
		time.AfterFunc(5*time.Hour, func() { q.Send("a", 0) })
		if got := bodies(q.Receive(t.Context(), 1)); got != "a" || time.Since(start) != 5*time.Hour {
			t.Errorf("got %q after %v, want a at once when it is sent", got, time.Since(start))
		}
	})
}

func TestDeleteByAnOldReceipt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _ := open(nil, &bytes.Buffer{})
		q.Send("a", 0)
		first := now(q, 1)[0]
		time.Sleep(visibility)
		second := now(q, 1)[0]
		q.Delete(first.Receipt)
		if got := q.Counts().Received; got != 1 {
			t.Errorf("after the old receipt %d messages are left, want 1", got)
		}
		q.Delete(second.Receipt)
		q.Delete(second.Receipt)
		q.Delete("none")
		if diff := cmp.Diff(q.Counts(), queue.Counts{}); diff != "" {
			t.Errorf("after the latest receipt (-got +want):\n%s", diff)
		}
	})
}

func TestDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		q, dead := open(nil, &log)
		id := q.Send("a secret", 0)
		for i := range 3 {
			if got := now(q, 1); len(got) != 1 || got[0].Receives != i+1 {
				t.Fatalf("receipt %d: got %+v", i+1, got)
			}
			time.Sleep(visibility)
		}
		if got := now(q, 1); len(got) != 0 {
			t.Errorf("got %v a fourth time", got)
		}
		got := now(dead, 1)
		if bodies(got) != "a secret" || got[0].ID != id || got[0].Receives != 1 {
			t.Errorf("the dead letters are %+v, want the message, received once", got)
		}
		if diff := cmp.Diff(q.Counts(), queue.Counts{}); diff != "" {
			t.Errorf("left in the queue (-got +want):\n%s", diff)
		}
		if want := "queue: message " + id + " was received 3 times from inspections and is now in dead-letters\n"; log.String() != want {
			t.Errorf("logged %q, want %q", log.String(), want)
		}
	})
}

func TestFindURL(t *testing.T) {
	all := queue.New(stack(), &bytes.Buffer{}, nil)
	for url, want := range map[string]string{
		"https://sqs.eu-west-1.amazonaws.com/000000000000/inspections": "Inspections",
		"http://127.0.0.1:1234/000000000000/inspections":               "Inspections",
		"https://sqs.eu-west-1.amazonaws.com/111111111111/inspections": "",
		"inspections": "", "": "", "://": "",
	} {
		q, ok := all.FindURL(url)
		if got := ok; got != (want != "") || ok && q.LogicalID != want {
			t.Errorf("%q: got %t, want %q", url, ok, want)
		}
	}
}

// Troubles are faults that come as they are listed.
type troubles struct {
	copies  [][]time.Duration
	reorder []bool
}

func (f *troubles) Copies() []time.Duration {
	next := f.copies[0]
	f.copies = f.copies[1:]
	return next
}

func (f *troubles) Reorder() bool {
	next := f.reorder[0]
	f.reorder = f.reorder[1:]
	return next
}

func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _ := open(&troubles{
			copies:  [][]time.Duration{{0}, {0, 300 * time.Millisecond}, {100 * time.Millisecond}, {0}},
			reorder: []bool{true},
		}, &bytes.Buffer{})
		for i := range 4 {
			q.Send(strconv.Itoa(i), 0)
		}
		first := now(q, 10)
		if got := bodies(first); got != "3 1 0" {
			t.Errorf("got %q, want what is not delayed, in the reverse order", got)
		}
		if got := bodies(q.Receive(t.Context(), 10)); got != "2" {
			t.Errorf("got %q, want what is delayed", got)
		}
		second := q.Receive(t.Context(), 10)
		if got := bodies(second); got != "1" || second[0].ID != first[1].ID || second[0].Receipt == first[1].Receipt {
			t.Errorf("got %q, want the duplicate, with the same id and a receipt of its own", got)
		}
	})
}

// TestChaos has a seed decide what comes when, and in which order, and loses nothing.
func TestChaos(t *testing.T) {
	play := func(seed uint64) string {
		var got []string
		synctest.Test(t, func(t *testing.T) {
			q, _ := open(chaos.New(seed, nil), &bytes.Buffer{})
			start, seen := time.Now(), make(map[string]bool)
			for i := range 100 {
				q.Send(strconv.Itoa(i), 0)
			}
			for q.Counts().Visible+q.Counts().Delayed > 0 {
				batch := q.Receive(t.Context(), 10)
				got = append(got, fmt.Sprint(time.Since(start), " ", bodies(batch)))
				for _, m := range batch {
					seen[m.Body] = true
					q.Delete(m.Receipt)
				}
			}
			if len(seen) != 100 {
				t.Errorf("%d of 100 messages came", len(seen))
			}
		})
		return strings.Join(got, "\n")
	}
	first := play(1)
	if diff := cmp.Diff(play(1), first); diff != "" {
		t.Errorf("the same seed (-got +want):\n%s", diff)
	}
	if play(2) == first {
		t.Error("another seed decides the same")
	}
}

// A safeBuffer is a buffer that several goroutines write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
