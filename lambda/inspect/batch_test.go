package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"postern/internal/contract"
	"postern/internal/lifecycle"
	"postern/internal/notification"
)

const (
	owner = "0123456789abcdef0123"
	id    = "019a6b5f3c0070008d2f4b1c9e7a6530.mp4"
	key   = "videos/" + owner + "/" + id
)

// A recorder notes what it is told to inspect, and does with it what it is made for.
type recorder struct {
	do func(ctx context.Context, a lifecycle.Arrival) error

	mu    sync.Mutex
	notes []string // one an arrival
	calls int
}

func (r *recorder) note(ctx context.Context, what string, a lifecycle.Arrival, others ...lifecycle.Arrival) error {
	r.mu.Lock()
	r.calls++
	for _, a := range append([]lifecycle.Arrival{a}, others...) {
		r.notes = append(r.notes, strings.TrimSpace(what+" "+a.Key+" "+a.VersionID))
	}
	r.mu.Unlock()
	if r.do == nil {
		return nil
	}
	return r.do(ctx, a)
}

func (r *recorder) Inspect(ctx context.Context, a lifecycle.Arrival, others ...lifecycle.Arrival) error {
	return r.note(ctx, "inspect", a, others...)
}

func (r *recorder) Expire(ctx context.Context, a lifecycle.Arrival) error {
	return r.note(ctx, "expire", a)
}

var folders = contract.Folders{"videos": {}, "documents": {}}

// handle gives a batch of bodies, each under its position as id, to a handler over r. It returns the ids that failed.
func (r *recorder) handle(t *testing.T, ctx context.Context, bodies ...string) (failed []string, log string) {
	t.Helper()
	var text bytes.Buffer
	reconcile := func(ctx context.Context, after string) error {
		return r.note(ctx, "reconcile", lifecycle.Arrival{Key: after})
	}
	h := &handler{bucket: "bucket", folders: folders, inspector: r, reconcile: reconcile, log: slog.New(slog.NewJSONHandler(&text, nil))}
	var event events.SQSEvent
	for i, body := range bodies {
		event.Records = append(event.Records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: body})
	}
	response, err := h.handle(ctx, event)
	if err != nil {
		t.Errorf("handle: %v", err)
	}
	for _, failure := range response.BatchItemFailures {
		failed = append(failed, failure.ItemIdentifier)
	}
	return failed, text.String()
}

// body is a message of one record for each key, as S3 encodes it.
func body(event, version string, keys ...string) string {
	var records []string
	for _, key := range keys {
		records = append(records, fmt.Sprintf(
			`{"eventSource":"aws:s3","eventName":%q,"s3":{"bucket":{"name":"bucket"},"object":{"key":%q,"versionId":%q}}}`, event, key, version))
	}
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

func fixture(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMessages(t *testing.T) {
	const second = "documents/fedcba98765432100123/00000000000000000000000000000002.pdf"
	for _, test := range []struct {
		name, body string
		notes      []string // sorted
		fails      bool
	}{
		{"S3's own", fixture(t, "created.json"), []string{"inspect " + key + " 096fKKXTRTtl3on89fVO.nfljtsv6qko"}, false},
		{"a test event", fixture(t, "test.json"), nil, false},
		{"Postern's own", `{"Records":[{"eventSource":"postern","eventName":"Inspect","s3":{"bucket":{"name":"bucket"},"object":{"key":"` + key + `"}}}]}`, []string{"inspect " + key}, false},
		{"the schedule's", contract.ReconcileMessage, []string{"reconcile"}, false},
		{"the next page", notification.EncodeReconcile("videos/a b"), []string{"reconcile videos/a b"}, false},
		{"a foreign request to reconcile", strings.ReplaceAll(contract.ReconcileMessage, "postern", "aws:s3"), nil, true},
		{"an encoded key", body("ObjectCreated:Post", "v", strings.ReplaceAll(key, "/", "%2F")), []string{"inspect " + key + " v"}, false},
		{"expiry", body("LifecycleExpiration:DeleteMarkerCreated", "m", key), []string{"expire " + key + " m"}, false},
		{"removal by expiry", body("LifecycleExpiration:Delete", "v", key), []string{"expire " + key + " v"}, false},
		{"several records", body("ObjectCreated:Put", "v", key, second), []string{"inspect " + second + " v", "inspect " + key + " v"}, false},
		{"a foreign key", body("ObjectCreated:Put", "v", "videos/x.mp4"), nil, false},
		{"a key in no folder of ours", body("ObjectCreated:Put", "v", "videos-evil/"+owner+"/"+id), nil, false},
		{"a key that is encoded twice", body("ObjectCreated:Put", "v", strings.ReplaceAll(key, "/", "%252F")), nil, false},
		{"a key with a space", body("ObjectCreated:Put", "v", "videos+/"+owner+"/"+id), nil, false},
		{"a key of Unicode", body("ObjectCreated:Put", "v", "videos/%C3%A9t%C3%A9.mp4"), nil, false},
		{"a foreign key and one of ours", body("ObjectCreated:Put", "v", "%2B", key), []string{"inspect " + key + " v"}, false},
		{"another bucket's", strings.ReplaceAll(body("ObjectCreated:Put", "v", key), `"bucket"}`, `"other"}`), nil, true},
		{"an event that is not known", body("ObjectRemoved:Delete", "v", key), nil, true},
		{"one of another service", `{"Records":[{"eventSource":"aws:sqs","body":"x"}]}`, nil, true},
		{"a malformed key", body("ObjectCreated:Put", "v", "%zz"), nil, true},
		{"no JSON", "planted<html>", nil, true},
		{"half of it", fixture(t, "created.json")[:300], nil, true},
		{"nothing", "", nil, true},
		{"null", "null", nil, true},
		{"a list", "[]", nil, true},
		{"no records", `{"Records":[]}`, nil, true},
		{"another shape", `{"Records":"planted"}`, nil, true},
		{"a record of another shape", `{"Records":[7]}`, nil, true},
		{"an empty record", `{"Records":[{}]}`, nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &recorder{}
			failed, log := r.handle(t, t.Context(), test.body, body("ObjectCreated:Put", "next", key))
			slices.Sort(r.notes)
			if at := slices.Index(r.notes, "inspect "+key+" next"); at < 0 {
				t.Error("the next message is not inspected")
			} else {
				r.notes = slices.Delete(r.notes, at, at+1)
			}
			if diff := cmp.Diff(slices.Clip(r.notes), test.notes); len(r.notes)+len(test.notes) > 0 && diff != "" {
				t.Errorf("inspected (-got +want)\n%s", diff)
			}
			var want []string
			if test.fails {
				want = []string{"0"}
			}
			if diff := cmp.Diff(failed, want); diff != "" {
				t.Errorf("failed (-got +want)\n%s", diff)
			}
			if strings.Contains(log, "planted") || strings.Contains(log, "videos") || (log == "") != (!test.fails && !strings.Contains(test.name, "key")) && test.name != "an encoded key" {
				t.Errorf("log %s", log)
			}
		})
	}
}

// In every message but the first, one record fails, in its own way.
func TestFailuresStayTheirOwn(t *testing.T) {
	keyOf := func(n int) string { return fmt.Sprintf("videos/%s/%032x.mp4", owner, n) }
	r := &recorder{do: func(_ context.Context, a lifecycle.Arrival) error {
		switch a.Key {
		case keyOf(1):
			return errors.New("a fault")
		case keyOf(2):
			panic("planted")
		case keyOf(3):
			_ = a.Key[len(a.Key)+len(a.ID):]
		}
		return nil
	}}
	failed, log := r.handle(t, t.Context(),
		body("ObjectCreated:Put", "v", keyOf(0)), body("ObjectCreated:Put", "v", keyOf(1)),
		body("ObjectCreated:Put", "v", keyOf(0), keyOf(2), keyOf(0)), body("ObjectCreated:Put", "v", keyOf(3)),
		body("ObjectCreated:Put", "v", keyOf(0)))
	if diff := cmp.Diff(failed, []string{"1", "2", "3"}); diff != "" {
		t.Errorf("failed (-got +want)\n%s", diff)
	}
	if len(r.notes) != 7 {
		t.Errorf("inspected %v, want all 7", r.notes)
	}
	if strings.Count(log, "\n") != 3 || strings.Contains(log, "planted") || !strings.Contains(log, "a fault") {
		t.Errorf("log %s", log)
	}
}

// The arrivals of one key are inspected together, however many messages they come in. They fail together, too.
func TestReplaysAreOneInspection(t *testing.T) {
	other := strings.ReplaceAll(key, "019a", "019b")
	bodies := []string{
		body("ObjectCreated:Post", "v1", key), body("ObjectCreated:Put", "v", other), body("ObjectCreated:Post", "v2", key, key),
		body("LifecycleExpiration:Delete", "v0", key), body("ObjectCreated:Post", "v3", key), body("LifecycleExpiration:Delete", "v9", key),
	}
	r := &recorder{}
	if failed, _ := r.handle(t, t.Context(), bodies...); len(failed) > 0 || r.calls != 3 {
		t.Errorf("%d calls, failed %v, want 3 calls", r.calls, failed)
	}
	want := []string{
		"inspect " + key + " v1", "inspect " + key + " v2", "inspect " + key + " v2", "inspect " + key + " v3",
		"inspect " + other + " v", "expire " + key + " v0",
	}
	if diff := cmp.Diff(r.notes, want); diff != "" {
		t.Errorf("inspected (-got +want)\n%s", diff)
	}
	r = &recorder{do: func(_ context.Context, a lifecycle.Arrival) error {
		if a.Key == key && a.VersionID == "v1" {
			return errors.New("a fault")
		}
		return nil
	}}
	failed, log := r.handle(t, t.Context(), bodies...)
	if diff := cmp.Diff(failed, []string{"0", "2", "4"}); diff != "" {
		t.Errorf("failed (-got +want)\n%s", diff)
	}
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, `"messageId":"0 2 4"`) {
		t.Errorf("log %s, want one line that names the messages", log)
	}
}

// One owner's uploads come one after the other, in order; several owners' at the same time, but not too many.
func TestOwners(t *testing.T) {
	var mu sync.Mutex
	busy, most := map[string]int{}, 0
	r := &recorder{do: func(_ context.Context, a lifecycle.Arrival) error {
		mu.Lock()
		busy[a.Owner]++
		if busy[a.Owner] > 1 {
			t.Errorf("two uploads of %s at the same time", a.Owner)
		}
		most = max(most, len(busy))
		mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		delete(busy, a.Owner)
		return nil
	}}
	var bodies []string
	for n := range 50 {
		bodies = append(bodies, body("ObjectCreated:Put", "v", fmt.Sprintf("videos/%020x/%032x.mp4", n%10, n)))
	}
	if failed, _ := r.handle(t, t.Context(), bodies...); len(failed) > 0 || len(r.notes) != 50 {
		t.Errorf("%d inspected, failed %v, want all 50", len(r.notes), failed)
	}
	if most < 2 || most > maxOwners {
		t.Errorf("%d owners at the same time, want 2 to %d", most, maxOwners)
	}
	for n := range 10 {
		var notes []string
		for _, note := range r.notes {
			if strings.Contains(note, fmt.Sprintf("/%020x/", n)) {
				notes = append(notes, note)
			}
		}
		if !slices.IsSorted(notes) {
			t.Errorf("not in order: %v", notes)
		}
	}
}

// What is not done when Lambda is about to kill the function comes again.
func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), margin+100*time.Millisecond)
	defer cancel()
	r := &recorder{do: func(ctx context.Context, a lifecycle.Arrival) error {
		if a.VersionID == "fast" {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}}
	started := time.Now()
	failed, _ := r.handle(t, ctx, body("ObjectCreated:Put", "fast", key), body("ObjectCreated:Put", "slow", strings.ReplaceAll(key, "019a", "019b")),
		body("ObjectCreated:Put", "late", strings.ReplaceAll(key, "019a", "019c")))
	if diff := cmp.Diff(failed, []string{"1", "2"}); diff != "" {
		t.Errorf("failed (-got +want)\n%s", diff)
	}
	if ctx.Err() != nil || len(r.notes) != 2 {
		t.Errorf("%v after %v, inspected %v", ctx.Err(), time.Since(started), r.notes)
	}
}

func TestPosition(t *testing.T) {
	for after, want := range map[string][2]string{
		"": {"a", "c"}, "a/": {"a", "c"}, "a/o/1": {"a", "c"}, "b/x": {"c", "e"}, "c/": {"c", "e"}, "e/z": {"e", ""}, "f": {"", ""},
	} {
		folder, next := position([]string{"a", "c", "e"}, after)
		if got := [2]string{folder, next}; got != want {
			t.Errorf("position(%q): got %q, want %q", after, got, want)
		}
	}
}

func TestResponseIsNeverNull(t *testing.T) {
	h := &handler{bucket: "bucket", folders: folders, inspector: &recorder{}, log: slog.New(slog.DiscardHandler)}
	response, err := h.handle(t.Context(), events.SQSEvent{})
	text, _ := json.Marshal(response)
	if want := `{"batchItemFailures":[]}`; string(text) != want || err != nil {
		t.Errorf("got %s, %v, want %s", text, err, want)
	}
}
