package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"postern/local/clip"
)

// TestInspectSurvivesACrashAtEachStep kills the real inspect process before and after each of its calls to AWS, one
// after the other, and sees one redelivery repair all: with a second one the message would go to the dead-letter queue.
func TestInspectSurvivesACrashAtEachStep(t *testing.T) {
	requireLocal(t)
	folder := edited(t, func(t *testing.T, template map[string]any) {
		fastRedelivery(t, template)
		queue := properties(t, template, "AWS::SQS::Queue", func(p map[string]any) bool { return p["RedrivePolicy"] != nil })
		queue["RedrivePolicy"].(map[string]any)["maxReceiveCount"] = 2
	})
	inspect := wrapFunction(t, folder, "inspect", "./e2e/testdata/crashing")
	run := serve(t, folder)
	c, o := newClient(run.url, demoUser), run.operator(t)
	var used int64
	for _, upload := range []struct {
		name, filename, status string
		file                   []byte
		steps                  int // calls to AWS at least: read the record, open, accept, tag, settle, publish, announce
	}{
		{"ready", "intro.mp4", "ready", clip.MP4(), 7},
		{"rejected", "page.mp4", "rejected", []byte("<html>"), 7},
	} {
		t.Run(upload.name, func(t *testing.T) {
			for at := 1; ; at++ {
				crashed := 0
				for _, when := range []string{"before", "after"} {
					plan := filepath.Join(inspect, "crash")
					if err := os.WriteFile(plan, fmt.Appendf(nil, "%d %s", at, when), 0o600); err != nil {
						t.Fatal(err)
					}
					g := c.store(t, upload.filename, upload.file)
					r := c.await(t, g.ID, upload.status)
					kind := map[string]string{"ready": "Upload Ready", "rejected": "Upload Rejected"}[upload.status]
					run.heard(t, g.ID, kind)
					eventually(t, func() bool { return o.announced(t, g) }, func() string {
						return fmt.Sprintf("crash at %d %s: not announced\n%s", at, when, tail(run.logs.String()))
					})
					used += int64(len(upload.file))
					if got := o.usage(t, g.owner()); got != used {
						t.Fatalf("crash at %d %s: usage is %d, want %d", at, when, got, used)
					}
					if tag, versions := o.tag(t, g.Key), o.versions(t, g.Key); tag != upload.status || len(versions) != 1 || r.Version != 2 {
						t.Errorf("crash at %d %s: tag %s, versions %q, version %d", at, when, tag, versions, r.Version)
					}
					ids := map[string]bool{}
					for _, e := range run.events(t, g.ID) {
						ids[e.Detail.ID] = true
					}
					if len(ids) != 1 {
						t.Errorf("crash at %d %s: events with the ids %v, want one", at, when, ids)
					}
					if _, err := os.Stat(plan); err != nil {
						crashed++
					}
				}
				if crashed == 0 {
					if at <= upload.steps {
						t.Errorf("no crash at call %d, want %d calls at least", at, upload.steps)
					}
					t.Logf("%d calls to AWS", at-1)
					return
				}
			}
		})
	}
	if dead := o.dead(t); dead != 0 {
		t.Errorf("%d dead letters, want none", dead)
	}
}

// TestDeletionSurvivesACrashAtEachStep does the same to the manage function in the middle of a DELETE: the client asks
// again, and all is gone.
func TestDeletionSurvivesACrashAtEachStep(t *testing.T) {
	requireLocal(t)
	folder := edited(t, fastRedelivery)
	manage := wrapFunction(t, folder, "manage", "./e2e/testdata/crashing")
	run := serve(t, folder)
	c, o := newClient(run.url, demoUser), run.operator(t)
	for at := 1; ; at++ {
		crashed := 0
		for _, when := range []string{"before", "after"} {
			g := c.store(t, "a.txt", []byte("text"))
			c.await(t, g.ID, "ready")
			plan := filepath.Join(manage, "crash")
			if err := os.WriteFile(plan, fmt.Appendf(nil, "%d %s", at, when), 0o600); err != nil {
				t.Fatal(err)
			}
			a := c.do(t, http.MethodDelete, "uploads/"+g.ID)
			if _, err := os.Stat(plan); err != nil {
				crashed++
				if a.status != http.StatusBadGateway {
					t.Errorf("crash at %d %s: got %d %s, want 502", at, when, a.status, a.body)
				}
				a = c.do(t, http.MethodDelete, "uploads/"+g.ID)
			}
			// Inspect may have finished the deletion before the client asked again.
			if !slices.Contains([]int{http.StatusNoContent, http.StatusNotFound}, a.status) {
				t.Errorf("crash at %d %s: got %d %s, want 204 or 404", at, when, a.status, a.body)
			}
			_ = os.Remove(plan)
			eventually(t, func() bool { return len(o.versions(t, g.Key)) == 0 && o.usage(t, g.owner()) == 0 }, func() string {
				return fmt.Sprintf("crash at %d %s: versions %q, usage %d", at, when, o.versions(t, g.Key), o.usage(t, g.owner()))
			})
			run.heard(t, g.ID, "Upload Deleted")
		}
		if crashed == 0 {
			if at <= 4 {
				t.Errorf("no crash at call %d, want at least 4 calls: read, bury, send, delete", at)
			}
			t.Logf("%d calls to AWS", at-1)
			return
		}
	}
}

// wrapFunction puts a program in place of a function of an assembly, the function beside it, and returns their folder.
func wrapFunction(t *testing.T, folder, function, source string) string {
	t.Helper()
	original, err := os.ReadFile(filepath.Join(root, "dist", "host", function, "bootstrap"))
	if err != nil {
		t.Fatal(err)
	}
	bootstrap := replaceFunction(t, folder, function, source)
	if err := os.WriteFile(filepath.Join(filepath.Dir(bootstrap), "real"), original, 0o700); err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(bootstrap)
}
