package records_test

import (
	"errors"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"postern/internal/upload"
)

var expires = time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)

func TestRecordIsReadAsItWasWritten(t *testing.T) {
	b := newBench(t)
	for _, record := range []upload.Record{
		full(idOf(1)),
		{Owner: owner, ID: idOf(2), Key: "k", VersionID: "v", Status: upload.Accepted, Version: 1},
	} {
		if err := b.Accept(t.Context(), record, roomy); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b.record(t, record.ID), record); diff != "" {
			t.Errorf("record (-got +want)\n%s", diff)
		}
	}
	for _, id := range []string{idOf(3), "usages"} {
		if record, found, err := b.Record(t.Context(), owner, id); found || err != nil {
			t.Errorf("Record of none = %+v, %t, %v", record, found, err)
		}
	}
}

func TestAccept(t *testing.T) {
	const most = math.MaxInt64
	for _, test := range []struct {
		name           string
		counted, quota int64
		used           int64 // before; 0: there is no usage item
		want           error
	}{
		{"fits exactly into nothing", 100, 100, 0, nil},
		{"is one byte too large for nothing", 101, 100, 0, upload.ErrOverQuota},
		{"fits exactly", 40, 100, 60, nil},
		{"is one byte too large", 41, 100, 60, upload.ErrOverQuota},
		{"counts nothing over quota", 0, 100, 1000, nil},
		{"counts nothing at a quota of nothing", 0, 0, 0, nil},
		{"a quota of nothing", 1, 0, 0, upload.ErrOverQuota},
		{"without a bound", 5e13, most, 5e13, nil},
		{"larger than any number", most, most, 1000, upload.ErrOverQuota},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			if test.used > 0 {
				first := full(idOf(0))
				first.Counted = test.used
				if err := b.Accept(t.Context(), first, upload.Usage{Bytes: most, Files: most}); err != nil {
					t.Fatal(err)
				}
			}
			record := full(idOf(1))
			record.Counted, record.Files = test.counted, min(1, test.counted)
			if err := b.Accept(t.Context(), record, upload.Usage{Bytes: test.quota, Files: 10}); !errors.Is(err, test.want) {
				t.Errorf("Accept: %v, want %v", err, test.want)
			}
			_, found, err := b.Record(t.Context(), owner, record.ID)
			if want := test.want == nil; found != want || err != nil {
				t.Errorf("Record: %t, %v, want %t", found, err, want)
			}
			used := upload.Usage{Bytes: test.used, Files: min(1, test.used)}
			if test.want == nil {
				used.Bytes, used.Files = used.Bytes+record.Counted, used.Files+record.Files
			}
			b.checkUsage(t, used.Bytes, used.Files)
		})
	}
}

func TestAcceptChangesNothingThatIsThere(t *testing.T) {
	b := newBench(t)
	first := b.accepted(t, idOf(1))
	second := full(idOf(1))
	second.VersionID, second.Counted = "v2", 1
	if err := b.Accept(t.Context(), second, roomy); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("Accept of another version: %v, want ErrChanged", err)
	}
	second.Counted, second.Files = 0, 0
	if err := b.Accept(t.Context(), second, roomy); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("Accept of another version over quota: %v, want ErrChanged", err)
	}
	if diff := cmp.Diff(b.record(t, idOf(1)), first); diff != "" {
		t.Errorf("record (-got +want)\n%s", diff)
	}
	b.checkUsage(t, 100, 1)

	if _, err := b.MarkDeleted(t.Context(), first, expires); err != nil {
		t.Fatal(err)
	}
	if err := b.Accept(t.Context(), first, roomy); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("Accept over a tombstone: %v, want ErrChanged", err)
	}
	b.checkUsage(t, 0, 0)
}

func TestSetVerdict(t *testing.T) {
	b := newBench(t)
	if _, err := b.SetVerdict(t.Context(), full(idOf(1))); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("SetVerdict without a record: %v, want ErrChanged", err)
	}
	want := b.accepted(t, idOf(1))
	another := want
	another.VersionID = "v2"
	if _, err := b.SetVerdict(t.Context(), another); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("SetVerdict of another version: %v, want ErrChanged", err)
	}
	got, err := b.SetVerdict(t.Context(), want)
	want.Status, want.Version = upload.Rejected, 2
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("SetVerdict: %v (-got +want)\n%s", err, diff)
	}
	if _, err := b.SetVerdict(t.Context(), want); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("SetVerdict once more: %v, want ErrChanged", err)
	}
	if diff := cmp.Diff(b.record(t, idOf(1)), want); diff != "" {
		t.Errorf("record (-got +want)\n%s", diff)
	}
	fine := full(idOf(2))
	fine.Reason = ""
	if err := b.Accept(t.Context(), fine, roomy); err != nil {
		t.Fatal(err)
	}
	if got, err := b.SetVerdict(t.Context(), fine); got.Status != upload.Ready || err != nil {
		t.Errorf("SetVerdict: %s, %v, want ready", got.Status, err)
	}
	b.checkUsage(t, 200, 2)
}

func TestMarkPublished(t *testing.T) {
	b := newBench(t)
	record := b.accepted(t, idOf(1))
	ready := record
	ready.Status = upload.Ready
	if err := b.MarkPublished(t.Context(), ready); !errors.Is(err, upload.ErrChanged) || b.record(t, idOf(1)).Published {
		t.Errorf("MarkPublished of another status: %v, want ErrChanged", err)
	}
	judged, err := b.SetVerdict(t.Context(), record)
	if err != nil {
		t.Fatal(err)
	}
	b.patch(t, judged, upload.Patch{Title: new(string)})
	for range 2 {
		if err := b.MarkPublished(t.Context(), judged); err != nil || !b.record(t, idOf(1)).Published {
			t.Errorf("MarkPublished after a patch: %v", err)
		}
	}
	if version := b.record(t, idOf(1)).Version; version != 3 {
		t.Errorf("version %d, want 3", version)
	}
	ghost := full(idOf(9))
	if err := b.MarkPublished(t.Context(), ghost); !errors.Is(err, upload.ErrChanged) || len(b.raw(t, idOf(9))) > 0 {
		t.Errorf("MarkPublished without a record: %v, want ErrChanged", err)
	}
}

func TestBury(t *testing.T) {
	b := newBench(t)
	record := b.accepted(t, idOf(1))
	b.accepted(t, idOf(2))
	judged, err := b.SetVerdict(t.Context(), record)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.MarkPublished(t.Context(), judged); err != nil {
		t.Fatal(err)
	}
	// What people write of it in the meantime does not keep it, as long as it counts the same.
	title := "u"
	b.patch(t, judged, upload.Patch{Title: &title})
	otherCounted, otherPinned := judged, judged
	otherCounted.Counted, otherPinned.VersionID = 99, "v2"
	unknown := judged
	unknown.Version = 0
	for name, stale := range map[string]upload.Record{
		"another status": record, "another counted": otherCounted, "another version pinned": otherPinned, "no record": unknown,
	} {
		if _, err := b.MarkDeleted(t.Context(), stale, expires); !errors.Is(err, upload.ErrChanged) {
			t.Errorf("MarkDeleted, read with %s: %v, want ErrChanged", name, err)
		}
	}
	b.checkUsage(t, 200, 2)

	want := upload.Record{
		Owner: owner, ID: idOf(1), Key: record.Key, VersionID: "v1", Status: upload.Deleted, Reason: upload.SizeMismatch, Context: "order 7",
		Size: 91, Type: "video/mp4", Version: 3, Expires: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
	}
	got, err := b.MarkDeleted(t.Context(), judged, expires)
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("MarkDeleted: %v (-got +want)\n%s", err, diff)
	}
	if diff := cmp.Diff(b.record(t, idOf(1)), want); diff != "" {
		t.Errorf("tombstone (-got +want)\n%s", diff)
	}
	for _, name := range []string{"filename", "title", "description", "labels", "checksum", "etag"} {
		if value, ok := b.raw(t, idOf(1))[name]; ok {
			t.Errorf("the tombstone has %s: %v", name, value)
		}
	}
	if diff := cmp.Diff(b.raw(t, idOf(1))["expires"], number("1772600767"), unexported); diff != "" {
		t.Errorf("expires (-got +want)\n%s", diff)
	}
	b.checkUsage(t, 100, 1)
	if _, err := b.MarkDeleted(t.Context(), judged, expires); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("MarkDeleted once more: %v, want ErrChanged", err)
	}
	b.checkUsage(t, 100, 1)
}

func TestBuryWithoutARecord(t *testing.T) {
	b := newBench(t)
	none := upload.Record{Owner: owner, ID: idOf(1), Key: "k"}
	want := upload.Record{
		Owner: owner, ID: idOf(1), Key: "k", Status: upload.Deleted, Version: 1, Expires: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
	}
	got, err := b.MarkDeleted(t.Context(), none, expires)
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("MarkDeleted: %v (-got +want)\n%s", err, diff)
	}
	if diff := cmp.Diff(b.record(t, idOf(1)), want); diff != "" {
		t.Errorf("tombstone (-got +want)\n%s", diff)
	}
	if _, err := b.MarkDeleted(t.Context(), none, expires); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("MarkDeleted once more: %v, want ErrChanged", err)
	}
	b.checkUsage(t, 0, 0)
}

func TestPage(t *testing.T) {
	b := newBench(t)
	for n := range 5 {
		record := b.accepted(t, idOf(n))
		switch n {
		case 1:
			if _, err := b.SetVerdict(t.Context(), record); err != nil {
				t.Fatal(err)
			}
		case 3:
			if _, err := b.MarkDeleted(t.Context(), record, expires); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, theirs := range []string{other, "00000000000000000000"} {
		for n := range 9 {
			record := full(idOf(n))
			record.Owner = theirs
			if err := b.Accept(t.Context(), record, roomy); err != nil {
				t.Fatal(err)
			}
		}
	}
	queries := 0
	b.meddle = func(operation, _ string, _ http.ResponseWriter, pass func()) {
		if operation == "Query" {
			queries++
		}
		pass()
	}
	for _, test := range []struct {
		name, before string
		limit        int32
		status       upload.Status
		want         []int
		next         string
		queries      int
	}{
		{"all", "", 10, "", []int{4, 2, 1, 0}, "", 1},
		{"the first two, with a tombstone between", "", 2, "", []int{4, 2}, idOf(2), 2},
		{"the next two", idOf(3), 2, "", []int{2, 1}, idOf(1), 1},
		{"the last", idOf(1), 2, "", []int{0}, "", 1},
		{"below the oldest", idOf(0), 2, "", nil, "", 1},
		{"below an id that is not there", idOf(3)[:31] + "9.mp4", 1, "", []int{4}, idOf(4), 1},
		{"by status", "", 10, upload.Rejected, []int{1}, "", 1},
		{"by status, one", "", 1, upload.Accepted, []int{4}, idOf(4), 1},
		{"by status, the next", idOf(4), 2, upload.Accepted, []int{2, 0}, "", 1},
		{"beyond the usage item", "usagf", 10, "", []int{4, 2, 1, 0}, "", 1},
		{"beyond everything", "\uffff", 1, "", []int{4}, idOf(4), 1},
	} {
		queries = 0
		page, next, err := b.Page(t.Context(), owner, upload.Page{Before: test.before, Limit: test.limit, Status: test.status})
		if err != nil || next != test.next || queries != test.queries {
			t.Errorf("%s: next %q, %v after %d queries, want %q after %d", test.name, next, err, queries, test.next, test.queries)
		}
		var got, want []string
		for _, record := range page {
			got = append(got, record.Owner+record.ID)
		}
		for _, n := range test.want {
			want = append(want, owner+idOf(n))
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", test.name, diff)
		}
	}
}

// TestPageOfOneStatus has a few rejected records among many: they are found in a few queries, and a page reads no more than
// a bounded number of records.
func TestPageOfOneStatus(t *testing.T) {
	b := newBench(t)
	b.fill(t, 1000)
	for _, n := range []int{3, 450, 700, 999} {
		if _, err := b.SetVerdict(t.Context(), b.record(t, idOf(n))); err != nil {
			t.Fatal(err)
		}
	}
	read := func(before string, limit int32) (ids []string, next string, queries int) {
		b.meddle = func(operation, _ string, _ http.ResponseWriter, pass func()) {
			if operation == "Query" {
				queries++
			}
			pass()
		}
		page, next, err := b.Page(t.Context(), owner, upload.Page{Before: before, Limit: limit, Status: upload.Rejected})
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range page {
			ids = append(ids, record.ID)
		}
		return ids, next, queries
	}
	ids, next, queries := read("", 10)
	if diff := cmp.Diff(ids, []string{idOf(999), idOf(700)}); diff != "" || next != idOf(500) || queries != 2 {
		t.Errorf("the first page: next %s after %d queries (-got +want)\n%s", next, queries, diff)
	}
	ids, next, queries = read(next, 10)
	if diff := cmp.Diff(ids, []string{idOf(450), idOf(3)}); diff != "" || next != idOf(0) || queries != 2 {
		t.Errorf("the second page: next %s after %d queries (-got +want)\n%s", next, queries, diff)
	}
	ids, next, queries = read("", 2)
	if diff := cmp.Diff(ids, []string{idOf(999), idOf(700)}); diff != "" || next != idOf(500) || queries != 2 {
		t.Errorf("a page of two: next %s after %d queries (-got +want)\n%s", next, queries, diff)
	}
}

// A transaction that took effect although it answered a fault is repeated under the same token, by which DynamoDB knows
// it again. The server here does not know tokens: then the record is there, and the usage moved once all the same.
func TestTransactionOfUnknownOutcome(t *testing.T) {
	b := newBench(t)
	var tokens []string
	b.meddle = func(operation, body string, w http.ResponseWriter, pass func()) {
		if operation == "TransactWriteItems" {
			_, token, _ := strings.Cut(body, `"ClientRequestToken":"`)
			tokens = append(tokens, token[:36])
		}
		if len(tokens) == 1 {
			b.dynamo.ServeHTTP(discard{http.Header{}}, requestOf(operation, body))
			refuse(w, http.StatusInternalServerError, internalFault)
			return
		}
		pass()
	}
	if err := b.Accept(t.Context(), full(idOf(1)), roomy); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("Accept: %v, want ErrChanged", err)
	}
	if len(tokens) != 2 || tokens[0] != tokens[1] {
		t.Errorf("tokens %q, want one, twice", tokens)
	}
	b.meddle = nil
	b.record(t, idOf(1))
	b.checkUsage(t, 100, 1)
}

func TestMalformedRecords(t *testing.T) {
	b := newBench(t)
	b.accepted(t, idOf(1))
	good := b.raw(t, idOf(1))
	yes := &types.AttributeValueMemberBOOL{Value: true}
	for _, test := range []struct {
		name  string
		value types.AttributeValue // nil: left out
	}{
		{"status", nil},
		{"status", text("planted")},
		{"status", yes},
		{"versionId", nil},
		{"size", text("1")},
		{"size", number("1.5")},
		{"size", number("-1")},
		{"counted", nil},
		{"version", yes},
		{"published", text("true")},
		{"labels", text("planted")},
		{"labels", &types.AttributeValueMemberL{Value: []types.AttributeValue{number("1")}}},
		{"title", number("1")},
		{"expires", text("planted")},
		{"key", number("7")},
	} {
		item := map[string]types.AttributeValue{}
		for name, value := range good {
			item[name] = value
		}
		item[test.name] = test.value
		if test.value == nil {
			delete(item, test.name)
		}
		b.putRaw(t, item)
		_, found, err := b.Record(t.Context(), owner, idOf(1))
		if err == nil || found || !strings.Contains(err.Error(), "attribute "+test.name) || strings.Contains(err.Error(), "planted") {
			t.Errorf("Record with %s %v: %t, %v, want an error that names it", test.name, test.value, found, err)
		}
		if page, _, err := b.Page(t.Context(), owner, upload.Page{Limit: 10}); err == nil {
			t.Errorf("Page with %s %v: %v, want an error", test.name, test.value, page)
		}
	}
	delete(good, "published")
	b.putRaw(t, good)
	if record, found, err := b.Record(t.Context(), owner, idOf(1)); err != nil || !found || record.Published {
		t.Errorf("Record without published: %+v, %t, %v, want it unpublished", record, found, err)
	}
	b.putRaw(t, map[string]types.AttributeValue{"owner": text(owner), "id": text("usage"), "used": text("1")})
	if used, err := b.Usage(t.Context(), owner); err == nil {
		t.Errorf("Usage of a text: %d", used)
	}
}

func TestReadsAreConsistent(t *testing.T) {
	b := newBench(t)
	reads := 0
	b.meddle = func(operation, body string, _ http.ResponseWriter, pass func()) {
		reads++
		if !strings.Contains(body, `"ConsistentRead":true`) {
			t.Errorf("%s %s is not consistent", operation, body)
		}
		pass()
	}
	_, _, _ = b.Record(t.Context(), owner, idOf(1))
	_, _, _ = b.Page(t.Context(), owner, upload.Page{Limit: 1})
	if _, err := b.Usage(t.Context(), owner); err != nil || reads != 3 {
		t.Errorf("Usage of nobody: %v; %d reads, want 3", err, reads)
	}
}

// However many uploads arrive at the same time, as many are accepted as fit.
func TestAcceptInParallel(t *testing.T) {
	b := newBench(t)
	errs := make([]error, 50)
	var accepting sync.WaitGroup
	for n := range errs {
		accepting.Go(func() {
			record := full(idOf(n))
			record.Counted = 30
			errs[n] = b.Accept(t.Context(), record, roomy)
		})
	}
	accepting.Wait()
	fitted := int64(0)
	for n, err := range errs {
		if err != nil && !errors.Is(err, upload.ErrOverQuota) {
			t.Errorf("Accept: %v", err)
		}
		if _, found, _ := b.Record(t.Context(), owner, idOf(n)); found != (err == nil) {
			t.Errorf("Accept: %v, but the record is there: %t", err, found)
		}
		if err == nil {
			fitted++
		}
	}
	if fitted != 33 {
		t.Errorf("%d accepted, want 33", fitted)
	}
	b.checkUsage(t, 990, 33)
}
