package e2e_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"postern/local/clip"
)

// TestInspectSurvivesACrashAtEachStep kills the real inspect process before and after each of its calls to AWS, one
// after the other, and sees one redelivery repair all: with a second one the message would go to the dead-letter queue.
func TestInspectSurvivesACrashAtEachStep(t *testing.T) {
	requireLocal(t)
	t.Parallel() // what takes long is to wait for redeliveries
	for _, test := range []struct {
		name     string
		begin    func(doomed, *testing.T) arrival
		verdict  record // status and reason
		versions int    // that are left
		steps    int    // calls to AWS at least
	}{
		// Read the record, open, accept, tag, settle, publish, announce.
		{"ready", begin("intro.mp4", clip.MP4()), record{Status: "ready"}, 1, 7},
		{"rejected", begin("page.mp4", []byte("<html>")), record{Status: "rejected", Reason: "type_mismatch"}, 1, 7},
		// Read the record, open, fail to accept, accept what counts nothing, remove, settle, publish, announce.
		{"over quota", doomed.beginOverQuota, record{Status: "rejected", Reason: "over_quota"}, 0, 8},
		// Read the record, remove.
		{"a second version", doomed.beginAgain, record{Status: "ready"}, 1, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := doom(t)
			for at, crashed := 1, true; crashed; at++ {
				crashed = false
				for _, when := range []string{"before", "after"} {
					passed := t.Run(fmt.Sprintf("%s call %d", when, at), func(t *testing.T) {
						a := test.begin(d, t)
						plan := planCrash(t, d.folder, at, when)
						a.arrive(t)
						a.check(t, d, test.verdict, test.versions)
						crashed = plan.isDone() || crashed
					})
					if !passed {
						return // the others would wait as long
					}
				}
				if !crashed && at <= test.steps {
					t.Errorf("no crash at call %d, want %d calls at least", at, test.steps)
				}
			}
			if dead := d.operator.dead(t); dead != 0 {
				t.Errorf("%d dead letters, want none", dead)
			}
		})
	}
}

// A doomed is a local run whose inspect function dies where a plan says that is in its folder.
type doomed struct {
	run      *localRun
	client   client
	operator operator
	folder   string
}

// doom serves a template by which a message comes again after a second, once.
func doom(t *testing.T) doomed {
	t.Helper()
	folder := edited(t, func(t *testing.T, template map[string]any) {
		fastRedelivery(t, template)
		queue := properties(t, template, "AWS::SQS::Queue", func(p map[string]any) bool { return p["RedrivePolicy"] != nil })
		queue["RedrivePolicy"].(map[string]any)["maxReceiveCount"] = 2
	})
	inspect := wrapFunction(t, folder, "inspect", "./e2e/testdata/crashing")
	run := serve(t, folder)
	return doomed{run, newClient(run.API, demoUser), run.operator(t), inspect}
}

// An arrival is a file that a form is used for next.
type arrival struct {
	client client
	grant  grant
	file   []byte
	first  []byte // what was sent first, and is kept
	used   int64  // bytes that its owner takes once it is inspected
}

// begin begins with a file that nobody has sent before.
func begin(filename string, file []byte) func(doomed, *testing.T) arrival {
	return func(d doomed, t *testing.T) arrival {
		g := d.client.grant(t, map[string]any{"filename": filename, "size": len(file)})
		return arrival{d.client, g, file, file, d.operator.usage(t, g.owner()) + int64(len(file))}
	}
}

// beginOverQuota begins with a file for which a user's quota has room no more.
func (d doomed) beginOverQuota(t *testing.T) arrival {
	c := newClient(d.run.API, fmt.Sprintf("user%d@example.com:password", time.Now().UnixNano()))
	d.run.postern(t, c.password+"\n", "user", "add", c.user, "--quota", "4")
	g := c.grant(t, map[string]any{"filename": "a.txt", "size": 4})
	d.operator.use(t, g.owner(), 1)
	return arrival{c, g, []byte("text"), []byte("text"), 1}
}

// beginAgain begins with a form that was used before.
func (d doomed) beginAgain(t *testing.T) arrival {
	a := begin("a.txt", []byte("good"))(d, t)
	a.arrive(t)
	a.client.await(t, a.grant.ID, "ready")
	d.rest(t)
	a.file = []byte("evil")
	return a
}

func (a arrival) arrive(t *testing.T) {
	t.Helper()
	if status, code := a.grant.post(t, a.file); status != http.StatusNoContent {
		t.Fatalf("got %d %s, want 204", status, code)
	}
}

// check waits until an arrival is inspected and holds all that is left of it to a verdict.
func (a arrival) check(t *testing.T, d doomed, verdict record, versions int) {
	t.Helper()
	o, g := d.operator, a.grant
	eventually(t, func() bool { return o.announced(t, g) && len(o.versions(t, g.Key)) == versions }, func() string {
		return fmt.Sprintf("announced: %t, versions %q, want %d\n%s", o.announced(t, g), o.versions(t, g.Key), versions, tail(d.run.Log()))
	})
	d.rest(t)
	got := a.client.show(t, g.ID)
	if got.Status != verdict.Status || got.Reason != verdict.Reason || got.Version != 2 {
		t.Errorf("got %+v, want version 2, %s %s", got, verdict.Status, verdict.Reason)
	}
	if used := o.usage(t, g.owner()); used != a.used {
		t.Errorf("usage: got %d, want %d", used, a.used)
	}
	if versions > 0 {
		if tag := o.tag(t, g.Key); tag != verdict.Status {
			t.Errorf("tag: got %s, want %s", tag, verdict.Status)
		}
	}
	if verdict.Status == "ready" {
		if file, _ := a.client.download(t, g.ID); !bytes.Equal(file, a.first) {
			t.Errorf("downloaded %d bytes, want the first version's %d", len(file), len(a.first))
		}
	}
	heard := map[string]string{}
	for _, e := range d.run.events(t, g.ID) {
		heard[e.Detail.ID] = e.DetailType
	}
	kind := map[string]string{"ready": "Upload Ready", "rejected": "Upload Rejected"}[verdict.Status]
	if kinds := slices.Collect(maps.Values(heard)); !slices.Equal(kinds, []string{kind}) {
		t.Errorf("events by id: got %v, want one, %s", heard, kind)
	}
}

// rest waits until no message is left that is to be processed.
func (d doomed) rest(t *testing.T) {
	t.Helper()
	eventually(t, func() bool { return d.operator.queued(t) == 0 }, func() string {
		return fmt.Sprintf("%d messages are left\n%s", d.operator.queued(t), tail(d.run.Log()))
	})
}

// TestDeletionSurvivesACrashAtEachStep does the same to the manage function in the middle of a DELETE: the client asks
// again, and all is gone.
func TestDeletionSurvivesACrashAtEachStep(t *testing.T) {
	requireLocal(t)
	t.Parallel() // as above
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			folder := edited(t, fastRedelivery)
			manage := wrapFunction(t, folder, "manage", "./e2e/testdata/crashing")
			run := serve(t, folder)
			for at, crashed := 1, true; crashed; at++ {
				passed := t.Run(fmt.Sprintf("call %d", at), func(t *testing.T) {
					c := newClient(run.API, demoUser)
					g := c.store(t, "a.txt", []byte("text"))
					c.await(t, g.ID, "ready")
					plan := planCrash(t, manage, at, when)
					a := c.do(t, http.MethodDelete, "uploads/"+g.ID)
					if crashed = plan.isDone(); crashed {
						if a.status != http.StatusBadGateway {
							t.Errorf("crash: got %d %s, want 502", a.status, a.body)
						}
						a = c.do(t, http.MethodDelete, "uploads/"+g.ID)
					}
					checkDeletion(t, run, g, a)
				})
				if !passed {
					return
				}
				if !crashed && at <= 4 {
					t.Errorf("no crash at call %d, want at least 4 calls: read, bury, send, delete", at)
				}
			}
		})
	}
}

// checkDeletion holds the last answer to a DELETE to say that all is gone, and waits until it is.
func checkDeletion(t *testing.T, run *localRun, g grant, a answer) {
	t.Helper()
	// Inspect may have finished the deletion before the client asked again.
	if !slices.Contains([]int{http.StatusNoContent, http.StatusNotFound}, a.status) {
		t.Errorf("got %d %s, want 204 or 404", a.status, a.body)
	}
	o := run.operator(t)
	eventually(t, func() bool { return len(o.versions(t, g.Key)) == 0 && o.usage(t, g.owner()) == 0 }, func() string {
		return fmt.Sprintf("versions %q, usage %d", o.versions(t, g.Key), o.usage(t, g.owner()))
	})
	run.heard(t, g.ID, "Upload Deleted")
}

// A crash is a plan that a wrapped function ends by: the path of its file, which is gone when it was carried out.
type crash string

// planCrash has a wrapped function die before or after its call to AWS of a number, counted from now. The plan lasts as
// long as the test.
func planCrash(t *testing.T, folder string, at int, when string) crash {
	t.Helper()
	plan := filepath.Join(folder, "crash")
	if err := os.WriteFile(plan, fmt.Appendf(nil, "%d %s", at, when), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(plan) })
	return crash(plan)
}

func (c crash) isDone() bool {
	_, err := os.Stat(string(c))
	return err != nil
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
