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
// after the other. One redelivery must repair everything: a second one would send the message to the dead-letter queue.
func TestInspectSurvivesACrashAtEachStep(t *testing.T) {
	requireLocal(t)
	t.Parallel() // waiting for redeliveries takes most of the time
	for _, test := range []struct {
		name     string
		begin    func(crashing, *testing.T) arrival
		verdict  record // status and reason alone
		versions int    // left in the bucket
		steps    int    // least number of calls to AWS
	}{
		// Read the record and whether the owner was removed, open, accept, tag, set the verdict, publish, mark as published.
		{"ready", begin("intro.mp4", clip.MP4()), record{Status: "ready"}, 1, 8},
		{"rejected", begin("page.mp4", []byte("<html>")), record{Status: "rejected", Reason: "type_mismatch"}, 1, 8},
		// Read the record and whether the owner was removed, open, fail to accept, accept with size 0, remove, set the verdict, publish, mark as published.
		{"over quota", crashing.beginOverQuota, record{Status: "rejected", Reason: "over_quota"}, 0, 9},
		// Read the record, remove.
		{"a second version", crashing.beginAgain, record{Status: "ready"}, 1, 2},
	} {
		for _, when := range []string{"before", "after"} {
			t.Run(test.name+"/"+when, func(t *testing.T) {
				t.Parallel()
				d := serveCrashing(t)
				for at, crashed := 1, true; crashed; at++ {
					passed := t.Run(fmt.Sprintf("call %d", at), func(t *testing.T) {
						a := test.begin(d, t)
						plan := planCrash(t, d.folder, at, when)
						a.arrive(t)
						a.check(t, d, test.verdict, test.versions)
						crashed = plan.isDone()
					})
					if !passed {
						return // the others would wait as long
					}
					if !crashed && at <= test.steps {
						t.Errorf("no crash at call %d, want at least %d calls", at, test.steps)
					}
				}
				if dead := d.operator.dead(t); dead != 0 {
					t.Errorf("%d dead letters, want none", dead)
				}
			})
		}
	}
}

// A crashing is a local run whose inspect function dies where the plan in its folder says.
type crashing struct {
	run      *localRun
	client   client
	operator operator
	folder   string
}

// serveCrashing serves a template that delivers a message a second time after one second, and no third time.
func serveCrashing(t *testing.T) crashing {
	t.Helper()
	folder := edited(t, func(t *testing.T, template map[string]any) {
		fastRedelivery(t, template)
		queue := properties(t, template, "AWS::SQS::Queue", func(p map[string]any) bool { return p["RedrivePolicy"] != nil })
		queue["RedrivePolicy"].(map[string]any)["maxReceiveCount"] = 2
	})
	inspect := wrapFunction(t, folder, "inspect", "./e2e/testdata/crashing")
	run := serve(t, folder)
	return crashing{run, newClient(run.API, demoUser), run.operator(t), inspect}
}

// An arrival is a file that is about to be sent.
type arrival struct {
	client client
	grant  grant
	file   []byte
	first  []byte // the content that is kept
	used   int64  // the owner's used bytes once it is inspected
}

// begin prepares a file that was not sent before.
func begin(filename string, file []byte) func(crashing, *testing.T) arrival {
	return beginVia("put", filename, file)
}

func beginVia(via, filename string, file []byte) func(crashing, *testing.T) arrival {
	return func(d crashing, t *testing.T) arrival {
		g := d.client.grant(t, map[string]any{"filename": filename, "size": len(file), "via": via})
		return arrival{d.client, g, file, file, d.operator.usage(t, g.owner()) + int64(len(file)+len(filename))}
	}
}

// beginOverQuota prepares a file that does not fit into what is left of its user's quota.
func (d crashing) beginOverQuota(t *testing.T) arrival {
	c := newClient(d.run.API, fmt.Sprintf("user%d@example.com:a password of its own", time.Now().UnixNano()))
	d.run.postern(t, c.password+"\n", "user", "add", c.user, "--quota", "9") // four bytes and the name
	g := c.grant(t, map[string]any{"filename": "a.txt", "size": 4})
	d.operator.use(t, g.owner(), 1)
	return arrival{c, g, []byte("text"), []byte("text"), 1}
}

// beginAgain prepares a file for a form that was used before.
func (d crashing) beginAgain(t *testing.T) arrival {
	a := beginVia("form", "a.txt", []byte("good"))(d, t)
	a.arrive(t)
	a.client.await(t, a.grant.ID, "ready")
	d.rest(t)
	a.file = []byte("evil")
	return a
}

func (a arrival) arrive(t *testing.T) {
	t.Helper()
	if status, code := a.grant.send(t, a.file); status >= 300 {
		t.Fatalf("got %d %s, want 2xx", status, code)
	}
}

// check waits until an arrival is inspected and compares everything that is left of it with a verdict.
func (a arrival) check(t *testing.T, d crashing, verdict record, versions int) {
	t.Helper()
	o, g := d.operator, a.grant
	eventually(t, func() bool { return o.published(t, g) && len(o.versions(t, g.Key)) == versions }, func() string {
		return fmt.Sprintf("published: %t, versions %q, want %d\n%s", o.published(t, g), o.versions(t, g.Key), versions, tail(d.run.Log()))
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
	kindsByID := map[string]string{}
	for _, e := range d.run.events(t, g.ID) {
		kindsByID[e.Detail.ID] = e.DetailType
	}
	kind := map[string]string{"ready": "Upload Ready", "rejected": "Upload Rejected"}[verdict.Status]
	if kinds := slices.Collect(maps.Values(kindsByID)); !slices.Equal(kinds, []string{kind}) {
		t.Errorf("events by id: got %v, want one, %s", kindsByID, kind)
	}
}

// rest waits until the queue is empty.
func (d crashing) rest(t *testing.T) {
	t.Helper()
	eventually(t, func() bool { return d.operator.queued(t) == 0 }, func() string {
		return fmt.Sprintf("%d messages are left\n%s", d.operator.queued(t), tail(d.run.Log()))
	})
}

// TestDeletionSurvivesACrashAtEachStep does the same to the manage function in the middle of a DELETE. The client repeats
// the DELETE, and everything is gone.
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
					t.Errorf("no crash at call %d, want at least 4 calls: read, mark as deleted, send, delete", at)
				}
			}
		})
	}
}

// checkDeletion checks the answer to the last DELETE, and waits until everything of the upload is gone.
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
	run.awaitEvent(t, g.ID, "Upload Deleted")
}

// A crash is the path of a plan by which a wrapped function dies. The function removes the file when it does.
type crash string

// planCrash makes a wrapped function die before or after its at-th call to AWS from now on. The plan lasts as long as the
// test.
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

// wrapFunction replaces a function of an assembly by a program, puts the function beside it and returns their folder.
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
