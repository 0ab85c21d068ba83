package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// reconcileMessage is what the stack's schedule sends once a day. The local run has no schedule.
const reconcileMessage = `{"Records":[{"eventSource":"postern","eventName":"Reconcile"}]}`

// TestLostEventsAreFound serves a bucket that sends no notifications. The message of the schedule finds what no event
// recorded, in every folder, page by page.
func TestLostEventsAreFound(t *testing.T) {
	requireLocal(t)
	run := serve(t, edited(t, func(t *testing.T, template map[string]any) {
		bucket := properties(t, template, "AWS::S3::Bucket", func(p map[string]any) bool { return p["NotificationConfiguration"] != nil })
		delete(bucket, "NotificationConfiguration")
	}))
	c := newClient(run.API, demoUser)
	var grants []grant
	for filename, file := range samples(t) {
		grants = append(grants, c.store(t, filename, file))
	}
	run.operator(t).send(t, reconcileMessage)
	for _, g := range grants {
		c.await(t, g.ID, "ready")
	}
}

// TestLostEventsAreRepaired serves a bucket that sends no notifications. The operator's command finds what no event
// recorded, and a caller's command does the rest of an upload's life.
func TestLostEventsAreRepaired(t *testing.T) {
	requireLocal(t)
	run := serve(t, edited(t, func(t *testing.T, template map[string]any) {
		bucket := properties(t, template, "AWS::S3::Bucket", func(p map[string]any) bool { return p["NotificationConfiguration"] != nil })
		delete(bucket, "NotificationConfiguration")
	}))
	c := newClient(run.API, demoUser)
	text := []byte("a text that no event tells of")
	g := c.store(t, "lost.txt", text, "title", "Lost")
	if r := c.show(t, g.ID); r.Status != "waiting" || r.Size != int64(len(text)) {
		t.Errorf("without an event: got %+v, want it to wait, with its size", r)
	}
	if out, want := run.postern(t, "", "reconcile", "--dry-run"), "\n1 keys: 0 foreign, 0 with a record; to queue: 1\n"; !strings.Contains(out, want) {
		t.Errorf("reconcile --dry-run: got %s, want %q", out, want)
	}
	if r := c.show(t, g.ID); r.Status != "waiting" {
		t.Errorf("after a dry run: got %+v", r)
	}
	if out, want := run.postern(t, "", "reconcile"), "\n1 keys: 0 foreign, 0 with a record; queued: 1\n"; !strings.Contains(out, want) {
		t.Errorf("reconcile: got %s, want %q", out, want)
	}
	c.await(t, g.ID, "ready")
	run.awaitEvent(t, g.ID, "Upload Ready")

	if out := run.postern(t, "", "list", "--json"); !strings.Contains(out, g.ID) || !strings.Contains(out, `"Lost"`) {
		t.Errorf("list: got %s", out)
	}
	run.postern(t, "", "describe", g.ID, "--title", "Found", "--label", "sea")
	if out := run.postern(t, "", "show", g.ID); !strings.Contains(out, "Found") || !strings.Contains(out, "ready") {
		t.Errorf("show: got %s", out)
	}
	file := filepath.Join(t.TempDir(), "copy.txt")
	run.postern(t, "", "get", g.ID, "--output", file)
	if got, err := os.ReadFile(file); err != nil || string(got) != string(text) {
		t.Errorf("get: got %q, %v", got, err)
	}
	run.postern(t, "", "rm", g.ID, "--yes")
	if a := c.do(t, http.MethodGet, "uploads/"+g.ID); a.status != http.StatusNotFound {
		t.Errorf("after rm: got %d %s, want 404", a.status, a.body)
	}
}
