package lifecycle_test

import (
	"context"
	"flag"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postern/internal/lifecycle"
	"postern/internal/upload"
)

// deliveries is the length of TestModel. `make verify` makes more.
var deliveries = flag.Int("deliveries", 1500, "how many deliveries TestModel makes at least")

// Whatever happens in whatever order, every step is one that the model knows, and every upload ends where it says.
func TestModel(t *testing.T) {
	tally, failed := tally{}, false
	for tally["deliveries"] < *deliveries && !t.Failed() {
		rapid.Check(t, func(draw *rapid.T) {
			if tally["deliveries"] >= *deliveries && !failed { // a failure is made smaller, whatever was delivered so far
				return
			}
			if err := newWorld(draw, breakage{}, tally).run(); err != nil {
				failed = true
				draw.Fatal(err)
			}
		})
	}
	t.Logf("%d deliveries; all of them: %v", tally["deliveries"], tally)
}

// Each of these faults, built in, is found. Otherwise TestModel proves nothing.
func TestModelCatches(t *testing.T) {
	condition := regexp.MustCompile(`"ConditionExpression":"([^"]*)"`)
	moved := func(attribute string) *regexp.Regexp {
		return regexp.MustCompile(`("` + attribute + `":\{"N":")(-?[1-9][0-9]*)("\})`)
	}
	for name, broken := range map[string]breakage{
		"no-condition": {forge: func(_, body string) string {
			return condition.ReplaceAllString(body, `"ConditionExpression":"($1) OR (NOT ($1))"`)
		}},
		"usage-moved-twice": {forge: func(_, body string) string { return moved(":bytes").ReplaceAllString(body, "${1}${2}0${3}") }},
		"files-moved-twice": {forge: func(_, body string) string { return moved(":files").ReplaceAllString(body, "${1}${2}0${3}") }},
		"files-not-given-back": {forge: func(_, body string) string {
			return strings.ReplaceAll(body, `":files":{"N":"-1"}`, `":files":{"N":"0"}`)
		}},
		"files-without-a-bound": {forge: func(_, body string) string {
			return moved(":roomFiles").ReplaceAllString(strings.ReplaceAll(body, `":roomFiles":{"N":"0"}`, `":roomFiles":{"N":"99"}`), "${1}99${3}")
		}},
		"bytes-without-a-bound": {forge: func(_, body string) string { return moved(":room").ReplaceAllString(body, "${1}999${3}") }},
		"texts-that-nobody-counts": {forge: func(_, body string) string {
			if !strings.Contains(body, `":next"`) { // of a patch
				return body
			}
			return moved(":bytes").ReplaceAllString(body, "${1}0${3}")
		}},
		"over-quota-counts":        {records: func(w *world, _ lifecycle.Arrival) lifecycle.Records { return countsOverQuota{w.records} }},
		"replays-are-uploads":      {records: func(w *world, a lifecycle.Arrival) lifecycle.Records { return forgetsReady{w.records, w.table, a} }},
		"multiparts-left-open":     {objects: func(b bucket) bucket { return abortsNothing{b} }},
		"tag-before-record":        {objects: func(b bucket) bucket { return tagsAtOnce{b} }},
		"no-tombstone":             {records: func(w *world, _ lifecycle.Arrival) lifecycle.Records { return leavesNoTombstone{w.records, w.table} }},
		"first-version-not-pinned": {records: func(w *world, a lifecycle.Arrival) lifecycle.Records { return pinsTheLast{w.records, a} }},
	} {
		t.Run(name, func(t *testing.T) {
			var caught error
			rapid.Check(t, func(draw *rapid.T) {
				if caught == nil {
					caught = newWorld(draw, broken, tally{}).run()
				}
			})
			if caught == nil {
				t.Error("the model objects to nothing")
			}
			t.Log(caught)
		})
	}
}

// A breakage is a fault that is built in on purpose. The zero value is none.
type breakage struct {
	forge   func(operation, body string) string
	records func(*world, lifecycle.Arrival) lifecycle.Records
	objects func(bucket) bucket
}

func (b breakage) Records(w *world, a lifecycle.Arrival) lifecycle.Records {
	if b.records == nil {
		return w.records
	}
	return b.records(w, a)
}

func (b breakage) Objects(to bucket) bucket {
	if b.objects == nil {
		return to
	}
	return b.objects(to)
}

// abortsNothing leaves multipart uploads open.
type abortsNothing struct{ bucket }

func (abortsNothing) AbortUploads(context.Context, string) error { return nil }

// tagsAtOnce tags a version when it is looked at, before there is a record.
type tagsAtOnce struct{ bucket }

func (b tagsAtOnce) Open(ctx context.Context, key, versionID string) (upload.Object, error) {
	if err := b.Tag(ctx, key, versionID, upload.Ready); err != nil {
		return upload.Object{}, err
	}
	return b.bucket.Open(ctx, key, versionID)
}

// leavesNoTombstone removes a record that is deleted.
type leavesNoTombstone struct {
	lifecycle.Records
	table *table
}

func (r leavesNoTombstone) MarkDeleted(ctx context.Context, record upload.Record, expires time.Time) (upload.Record, error) {
	tombstone, err := r.Records.MarkDeleted(ctx, record, expires)
	if err == nil {
		r.table.remove(record.Owner, record.ID)
	}
	return tombstone, err
}

// countsOverQuota counts the file of an upload that is over quota.
type countsOverQuota struct{ lifecycle.Records }

func (r countsOverQuota) Accept(ctx context.Context, record upload.Record, quota upload.Usage) error {
	if record.Reason == upload.OverQuota {
		record.Files = 1
		quota.Files = 99
	}
	return r.Records.Accept(ctx, record, quota)
}

// forgetsReady takes another version of an upload that is ready for a new upload, in its place.
type forgetsReady struct {
	lifecycle.Records
	table   *table
	arrival lifecycle.Arrival
}

func (r forgetsReady) Record(ctx context.Context, owner, id string) (upload.Record, bool, error) {
	record, found, err := r.Records.Record(ctx, owner, id)
	if found && record.Status == upload.Ready && r.arrival.VersionID != "" && r.arrival.VersionID != record.VersionID {
		r.table.remove(owner, id)
		return upload.Record{}, false, nil
	}
	return record, found, err
}

// pinsTheLast takes the version that arrives for the one that was accepted.
type pinsTheLast struct {
	lifecycle.Records
	arrival lifecycle.Arrival
}

func (r pinsTheLast) Record(ctx context.Context, owner, id string) (upload.Record, bool, error) {
	record, found, err := r.Records.Record(ctx, owner, id)
	if found && r.arrival.VersionID != "" && record.Status != upload.Deleted {
		record.VersionID = r.arrival.VersionID
	}
	return record, found, err
}
