package lifecycle_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"postern/internal/lifecycle"
	"postern/internal/upload"
)

// Every way that something is cut short, at every call to a backend: one more delivery, or one more try, repairs all.
func TestCrashPoints(t *testing.T) {
	put := func(size int64, content string) func(*stage) {
		return func(s *stage) { s.bucket.put(key, object(size, 100, content)) }
	}
	inspect := func(versionID string) func(*stage, *process) error {
		return func(s *stage, p *process) error {
			return s.stepped(p).Inspect(context.Background(), arrival(versionID))
		}
	}
	for _, test := range []struct {
		name    string
		prepare []func(*stage)
		run     func(*stage, *process) error
		want    string
		calls   int // to backends, when nothing is cut short
	}{
		{"ready", []func(*stage){put(60, fitting)}, inspect("v1"), "ready v1 published, used 66 in 1, map[v1:ready]", 8},
		{"rejected", []func(*stage){put(60, foreign)}, inspect("v1"), "rejected type_mismatch v1 published, used 66 in 1, map[v1:rejected]", 8},
		{"over quota", []func(*stage){put(101, fitting)}, inspect("v1"), "rejected over_quota v1 published, used 0 in 0, map[]", 9},
		{
			"several versions of a key",
			[]func(*stage){put(60, fitting), put(50, fitting), put(40, fitting)},
			inspect(""),
			"ready v1 published, used 66 in 1, map[v1:ready]", 12,
		},
		{
			"several arrivals together",
			[]func(*stage){put(60, fitting), put(50, fitting), put(40, fitting)},
			func(s *stage, p *process) error {
				return s.stepped(p).Inspect(context.Background(), arrival("v1"), arrival("v2"), arrival("v3"))
			},
			"ready v1 published, used 66 in 1, map[v1:ready]", 11,
		},
		{
			"expired",
			[]func(*stage){put(60, foreign), (*stage).mustInspect, func(s *stage) { s.bucket.mark(key) }},
			func(s *stage, p *process) error { return s.stepped(p).Expire(context.Background(), arrival("m2")) },
			"deleted type_mismatch v1 published, used 0 in 0, map[]", 8,
		},
		{"deleted", []func(*stage){put(60, fitting), (*stage).mustInspect, put(60, fitting)}, (*stage).delete, "deleted v1, used 0 in 0, map[]", 7},
		{"deleted without a record", []func(*stage){put(60, fitting)}, (*stage).delete, "deleted, used 0 in 0, map[]", 6},
		{
			"a tombstone whose event is not published",
			[]func(*stage){put(60, fitting), (*stage).mustInspect, (*stage).mustMarkDeleted, put(60, fitting)},
			inspect(""),
			"deleted v1 published, used 0 in 0, map[]", 7,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			ready := func() (*stage, func() *process) {
				s := newStage()
				for _, prepare := range test.prepare {
					prepare(s)
				}
				return s, func() *process { return start(s.table, func(p *process) error { return test.run(s, p) }) }
			}
			_, run := ready()
			calls := cut(run(), 0, fine)
			if calls != test.calls {
				t.Errorf("%d calls, want %d", calls, test.calls)
			}
			for _, o := range []outcome{fine, faultBefore, faultAfter, crashBefore, crashAfter, conflict, conflicts} {
				for at := range calls {
					s, run := ready()
					cut(run(), at, o)
					second := run()
					cut(second, 0, fine)
					name := fmt.Sprintf("%s at call %d", outcomeNames[o], at)
					if second.err != nil {
						t.Errorf("%s: the second try: %v", name, second.err)
					}
					s.check(t, name, test.want)
					s.checkHeard(t, name)
					if t.Failed() {
						return // the other points would only repeat it
					}
				}
			}
		})
	}
}

// Over quota, the bytes go before the record has its verdict. A second delivery that finds no record, and then no bytes, must
// not take it that there is nothing to do: the first may have died in between.
func TestGoneInTheMeantime(t *testing.T) {
	for _, a := range []lifecycle.Arrival{arrival("v1"), arrival("")} {
		s := newStage()
		s.bucket.put(key, object(101, 100, fitting))
		inspect := func(p *process) error { return s.stepped(p).Inspect(context.Background(), a) }
		second := start(s.table, inspect)
		second.step(fine) // no record
		first := start(s.table, inspect)
		for len(s.bucket.tags(key)) > 0 && !first.ended {
			first.step(fine)
		}
		if len(s.bucket.tags(key)) > 0 {
			t.Fatalf("Inspect(%+v) left the bytes: %s", a, s.state(t))
		}
		first.step(crashBefore)
		cut(second, 0, fine)
		if second.err != nil {
			t.Errorf("Inspect(%+v): %v", a, second.err)
		}
		s.check(t, "both", "rejected over_quota v1 published, used 0 in 0, map[]")
	}
}

// checkHeard checks that what a record marks as published was heard.
func (s *stage) checkHeard(t *testing.T, name string) {
	t.Helper()
	record := s.record(t)
	of := func(a upload.Event) bool { return a.Status == record.Status }
	if record.Published && !slices.ContainsFunc(*s.heard, of) {
		t.Errorf("%s: published as %s, and nobody heard", name, record.Status)
	}
}

// cut lets a process run to its end, with an outcome at one call. It returns how many calls were made.
func cut(p *process, at int, o outcome) (calls int) {
	for !p.ended {
		if calls == at {
			p.step(o)
		} else {
			p.step(fine)
		}
		calls++
	}
	return calls
}

func (s *stage) stepped(p *process) *lifecycle.Inspector {
	return s.inspector(steppedRecords{p, s.records}, steppedObjects{p, s.bucket}, steppedEvents{p, listener{s.heard}})
}

func (s *stage) mustInspect() {
	if err := s.Inspect(context.Background(), arrival("v1")); err != nil {
		panic(err)
	}
}

func (s *stage) mustMarkDeleted() {
	record, _, err := s.records.Record(context.Background(), owner, id)
	if err == nil {
		_, err = s.records.MarkDeleted(context.Background(), record, now)
	}
	if err != nil {
		panic(err)
	}
}

// delete is what a client's DELETE does.
func (s *stage) delete(p *process) error {
	stepped := steppedRecords{p, s.records}
	record, found, err := stepped.Record(context.Background(), owner, id)
	if err != nil {
		return err
	}
	if !found {
		record = upload.Record{Owner: owner, ID: id, Key: key}
	}
	deletion := s.deletion(stepped)
	deletion.Objects, deletion.Queue = steppedObjects{p, s.bucket}, steppedQueue{p, noQueue{}}
	_, err = deletion.Delete(context.Background(), record)
	return err
}
