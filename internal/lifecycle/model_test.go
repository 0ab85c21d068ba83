package lifecycle_test

import (
	"context"
	"flag"
	"regexp"
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
	tally := tally{}
	for tally["deliveries"] < *deliveries && !t.Failed() {
		rapid.Check(t, func(draw *rapid.T) {
			if tally["deliveries"] >= *deliveries {
				return
			}
			if err := newWorld(draw, breakage{}, tally).run(); err != nil {
				draw.Fatal(err)
			}
		})
	}
	t.Logf("%d deliveries; all of them: %v", tally["deliveries"], tally)
}

// Each of these faults, built in, is found. Otherwise TestModel proves nothing.
func TestModelCatches(t *testing.T) {
	condition := regexp.MustCompile(`"ConditionExpression":"([^"]*)"`)
	moved := regexp.MustCompile(`(":bytes":\{"N":"-?[1-9][0-9]*)("\})`)
	for name, broken := range map[string]breakage{
		"no-condition": {forge: func(_, body string) string {
			return condition.ReplaceAllString(body, `"ConditionExpression":"($1) OR (NOT ($1))"`)
		}},
		"usage-moved-twice":        {forge: func(_, body string) string { return moved.ReplaceAllString(body, "${1}0${2}") }},
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
