package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"postern/internal/cfn"
	"postern/local/iam"
	"postern/local/queue"
)

// A function is what answers the batches of a test, and remembers them.
type function struct {
	answer func(events.SQSEvent) (string, error)
	takes  time.Duration

	mu          sync.Mutex
	batches     []string // the bodies
	running, at int      // now and at most
}

func (f *function) Invoke(_ context.Context, name string, payload []byte) ([]byte, error) {
	var event events.SQSEvent
	if err := json.Unmarshal(payload, &event); err != nil || name != "Inspect" {
		return nil, fmt.Errorf("invoked %s with %s", name, payload)
	}
	var all []string
	for _, r := range event.Records {
		all = append(all, r.Body)
	}
	f.mu.Lock()
	f.batches = append(f.batches, strings.Join(all, " "))
	f.running++
	f.at = max(f.at, f.running)
	f.mu.Unlock()
	time.Sleep(f.takes)
	f.mu.Lock()
	f.running--
	f.mu.Unlock()
	answer, err := f.answer(event)
	return []byte(answer), err
}

func succeed(events.SQSEvent) (string, error) { return `{"batchItemFailures":[]}`, nil }

// A feed is a poller and what it polls.
type feed struct {
	*queue.Poller
	queue, dead *queue.Queue
	log         *safeBuffer
}

func startFeed(t *testing.T, f *function, source cfn.EventSource) feed {
	t.Helper()
	log := &safeBuffer{}
	q, dead := open(nil, log)
	source.Queue, source.Function = "Inspections", "Inspect"
	p := queue.StartPoller(queue.PollerConfig{
		Source: source, Queue: q, Role: "InspectRole", Policies: iam.NewPolicies(stack(), log), Invoker: f, Region: region, Processes: 4, Log: log,
	})
	t.Cleanup(p.Close)
	return feed{p, q, dead, log}
}

func TestPollerEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got events.SQSEvent
		f := &function{answer: func(e events.SQSEvent) (string, error) { got = e; return "null", nil }}
		feed := startFeed(t, f, cfn.EventSource{BatchSize: 10})
		sent := fmt.Sprint(time.Now().UnixMilli())
		id := feed.queue.Send(`{"a":"<&>"}`, 0)
		synctest.Wait()
		want := events.SQSEvent{Records: []events.SQSMessage{{
			MessageId: id, ReceiptHandle: got.Records[0].ReceiptHandle, Body: `{"a":"<&>"}`, Md5OfBody: "ff4346e5e8ab7dfd89199ac0941663a6",
			Attributes:        map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": sent, "ApproximateFirstReceiveTimestamp": sent},
			MessageAttributes: map[string]events.SQSMessageAttribute{}, EventSource: "aws:sqs", EventSourceARN: queueARN, AWSRegion: region,
		}}}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("event (-got +want):\n%s", diff)
		}
		if diff := cmp.Diff(feed.queue.Counts(), queue.Counts{}); diff != "" {
			t.Errorf("left in the queue (-got +want):\n%s", diff)
		}
	})
}

// TestBatchFailures has a batch of the messages 0, 1 and 2 of which the function reports some.
func TestBatchFailures(t *testing.T) {
	for name, test := range map[string]struct {
		answer string // {0} stands for the id of message 0
		err    error
		want   string // what comes back
	}{
		"no failures":         {`{"batchItemFailures":[]}`, nil, ""},
		"null failures":       {`{"batchItemFailures":null}`, nil, ""},
		"empty answer":        {`{}`, nil, ""},
		"null answer":         {`null`, nil, ""},
		"no answer":           {``, nil, ""},
		"another member":      {`{"BatchItemFailures":[{"itemIdentifier":"{0}"}]}`, nil, ""},
		"one":                 {`{"batchItemFailures":[{"itemIdentifier":"{1}"}]}`, nil, "1"},
		"one twice":           {`{"batchItemFailures":[{"itemIdentifier":"{1}"},{"itemIdentifier":"{1}"}]}`, nil, "1"},
		"two":                 {`{"batchItemFailures":[{"itemIdentifier":"{2}"},{"itemIdentifier":"{0}"}]}`, nil, "0 2"},
		"unknown id":          {`{"batchItemFailures":[{"itemIdentifier":"{1}"},{"itemIdentifier":"x"}]}`, nil, "0 1 2"},
		"empty id":            {`{"batchItemFailures":[{"itemIdentifier":""}]}`, nil, "0 1 2"},
		"null id":             {`{"batchItemFailures":[{"itemIdentifier":null}]}`, nil, "0 1 2"},
		"id of another type":  {`{"batchItemFailures":[{"itemIdentifier":1}]}`, nil, "0 1 2"},
		"id by another name":  {`{"batchItemFailures":[{"ItemIdentifier":"{1}"}]}`, nil, "0 1 2"},
		"failures, no list":   {`{"batchItemFailures":{}}`, nil, "0 1 2"},
		"answer, no object":   {`"done"`, nil, "0 1 2"},
		"answer, no JSON":     {`done`, nil, "0 1 2"},
		"the function failed": {`null`, errors.New("boom"), "0 1 2"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &function{answer: func(e events.SQSEvent) (string, error) {
					if e.Records[0].Attributes["ApproximateReceiveCount"] != "1" {
						return "null", nil
					}
					answer := test.answer
					for i, r := range e.Records {
						answer = strings.ReplaceAll(answer, fmt.Sprintf("{%d}", i), r.MessageId)
					}
					return answer, test.err
				}}
				feed := startFeed(t, f, cfn.EventSource{BatchSize: 3, Window: time.Second})
				for i := range 3 {
					feed.queue.Send(fmt.Sprint(i), 0)
				}
				time.Sleep(visibility + time.Minute)
				synctest.Wait()
				want := []string{"0 1 2"}
				if test.want != "" {
					want = append(want, test.want)
				}
				if diff := cmp.Diff(f.batches, want); diff != "" {
					t.Errorf("batches (-got +want):\n%s", diff)
				}
				if diff := cmp.Diff(feed.queue.Counts(), queue.Counts{}); diff != "" {
					t.Errorf("left in the queue (-got +want):\n%s", diff)
				}
			})
		})
	}
}

// TestPoison has one message in a batch that always fails.
func TestPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &function{answer: func(e events.SQSEvent) (string, error) {
			for _, r := range e.Records {
				if r.Body == "poison" {
					return `{"batchItemFailures":[{"itemIdentifier":"` + r.MessageId + `"}]}`, nil
				}
			}
			return "null", nil
		}}
		feed := startFeed(t, f, cfn.EventSource{BatchSize: 3, Window: time.Second})
		for _, body := range []string{"a", "poison", "b"} {
			feed.queue.Send(body, 0)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if diff := cmp.Diff(f.batches, []string{"a poison b", "poison", "poison"}); diff != "" {
			t.Errorf("batches (-got +want):\n%s", diff)
		}
		if got := bodies(now(feed.dead, 10)); got != "poison" {
			t.Errorf("the dead letters are %q, want the poison", got)
		}
		if log := feed.log.String(); strings.Contains(log, "poison") || !strings.HasPrefix(log, "queue: Inspect did not process 1 of 3 messages: visible again 3m0s after") {
			t.Errorf("logged %q, want what failed, without its body", log)
		}
	})
}

func TestConcurrency(t *testing.T) {
	for name, test := range map[string]struct {
		source cfn.EventSource
		want   int
	}{
		"of the mapping":   {cfn.EventSource{BatchSize: 1, Concurrency: 2}, 2},
		"of the processes": {cfn.EventSource{BatchSize: 1, Concurrency: 100}, 4},
		"unbounded":        {cfn.EventSource{BatchSize: 1}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &function{answer: succeed, takes: time.Second}
				feed := startFeed(t, f, test.source)
				for range 20 {
					feed.queue.Send("a", 0)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if f.at != test.want || len(f.batches) != 20 {
					t.Errorf("%d batches ran, at most %d at once, want 20 and %d", len(f.batches), f.at, test.want)
				}
			})
		})
	}
}

// TestPollersRole polls with roles that lack something.
func TestPollersRole(t *testing.T) {
	for action, test := range map[string]struct {
		batches int
		counts  queue.Counts
	}{
		"sqs:GetQueueAttributes": {0, queue.Counts{Visible: 1}},
		"sqs:ReceiveMessage":     {0, queue.Counts{Visible: 1}},
		"sqs:DeleteMessage":      {1, queue.Counts{Received: 1}},
	} {
		t.Run(action, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := &safeBuffer{}
				q, _ := open(nil, log)
				s := stack()
				allowed := &s.Roles[0].Statements[0].Actions
				*allowed = slices.DeleteFunc(*allowed, func(a string) bool { return a == action })
				f := &function{answer: succeed}
				p := queue.StartPoller(queue.PollerConfig{
					Source: cfn.EventSource{BatchSize: 1, Function: "Inspect"}, Queue: q, Role: "InspectRole",
					Policies: iam.NewPolicies(s, log), Invoker: f, Processes: 1, Log: log,
				})
				defer p.Close()
				q.Send("a", 0)
				synctest.Wait()
				if len(f.batches) != test.batches {
					t.Errorf("got %q, want %d batches", f.batches, test.batches)
				}
				if diff := cmp.Diff(q.Counts(), test.counts); diff != "" {
					t.Errorf("the queue (-got +want):\n%s", diff)
				}
				if want := "iam: denied: InspectRole lacks " + action + " on " + queueARN + "\n"; log.String() != want {
					t.Errorf("logged %q, want %q", log.String(), want)
				}
			})
		})
	}
}

func TestPollerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &function{answer: succeed, takes: time.Second}
		feed := startFeed(t, f, cfn.EventSource{BatchSize: 1, Concurrency: 2})
		feed.queue.Send("a", 0)
		synctest.Wait()
		feed.Close()
		feed.queue.Send("b", 0)
		feed.Wait()
		if diff := cmp.Diff(f.batches, []string{"a"}); diff != "" {
			t.Errorf("batches (-got +want):\n%s", diff)
		}
		if diff := cmp.Diff(feed.queue.Counts(), queue.Counts{Visible: 1}); diff != "" {
			t.Errorf("the queue (-got +want):\n%s", diff)
		}
	})
}
