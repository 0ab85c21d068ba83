package records_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"postern/internal/lifecycle"
	"postern/internal/records"
	"postern/internal/upload"
)

var _ lifecycle.OwnerRecords = (*records.Uploads)(nil)

func (b *bench) checkRemoved(t *testing.T, owner string, want bool) {
	t.Helper()
	if got, err := b.IsRemoved(t.Context(), owner); got != want || err != nil {
		t.Errorf("IsRemoved(%s) = %t, %v, want %t", owner, got, err, want)
	}
}

func TestMarkOfARemovedOwner(t *testing.T) {
	b := newBench(t)
	b.accepted(t, idOf(1))
	b.checkRemoved(t, owner, false)
	for range 2 {
		if err := b.MarkRemoved(t.Context(), owner); err != nil {
			t.Fatal(err)
		}
	}
	consistent := false
	b.meddle = func(_, body string, _ http.ResponseWriter, pass func()) {
		consistent = strings.Contains(body, `"ConsistentRead":true`)
		pass()
	}
	b.checkRemoved(t, owner, true)
	if !consistent {
		t.Error("the mark is not read consistently")
	}
	b.meddle = nil
	b.checkRemoved(t, other, false)
	// The mark is no record, and leaves the others alone.
	b.checkUsage(t, 100, 1)
	for _, status := range []upload.Status{"", upload.Accepted} {
		page, next, err := b.Page(t.Context(), owner, upload.Page{Limit: 10, Status: status})
		if len(page) != 1 || next != "" || err != nil {
			t.Errorf("status %q: got %d records, %q, %v, want one", status, len(page), next, err)
		}
	}
	for range 2 {
		if err := b.UnmarkRemoved(t.Context(), owner); err != nil {
			t.Fatal(err)
		}
	}
	b.checkRemoved(t, owner, false)
	b.checkUsage(t, 100, 1)
}

func TestOwnerPage(t *testing.T) {
	b := newBench(t)
	const all = 1203
	for n := range all {
		b.putRaw(t, map[string]types.AttributeValue{
			"owner": text(owner), "id": text(idOf(n)), "status": text("deleted"), "published": &types.AttributeValueMemberBOOL{},
			"size": whole("1"), "counted": whole("0"), "version": whole("1"),
		})
	}
	b.accepted(t, idOf(all))
	if err := b.MarkRemoved(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	var ids, want []string
	for n := all; n >= 0; n-- {
		want = append(want, idOf(n))
	}
	pages := 0
	for before := ""; pages == 0 || before != ""; pages++ {
		page, next, err := b.OwnerPage(t.Context(), owner, before)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range page {
			ids = append(ids, record.ID)
		}
		before = next
	}
	if diff := cmp.Diff(ids, want); diff != "" {
		t.Errorf("ids (-got +want)\n%s", diff)
	}
	if pages < 3 {
		t.Errorf("%d pages, want more", pages)
	}
}

func whole(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }

func TestMarkAllDeleted(t *testing.T) {
	b := newBench(t)
	expires := time.Unix(1e9, 0).UTC()
	several := []upload.Record{b.accepted(t, idOf(1)), b.accepted(t, idOf(2)), {Owner: owner, ID: idOf(3), Key: "k"}}
	changed := several[1]
	if _, err := b.SetVerdict(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if err := b.MarkAllDeleted(t.Context(), several, expires); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("one has changed: got %v", err)
	}
	if status := b.record(t, idOf(1)).Status; status != upload.Accepted {
		t.Errorf("one has changed, and another is %s", status)
	}
	several[1] = b.record(t, idOf(2))
	if err := b.MarkAllDeleted(t.Context(), several, expires); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 3; n++ {
		if record := b.record(t, idOf(n)); record.Status != upload.Deleted || !record.Expires.Equal(expires) || record.Title != "" {
			t.Errorf("got %+v, want a tombstone", record)
		}
	}
	b.checkUsage(t, 0, 0)
}

func TestRemoveUsage(t *testing.T) {
	b := newBench(t)
	b.accepted(t, idOf(1))
	b.putRaw(t, map[string]types.AttributeValue{"owner": text(other), "id": text("usage"), "used": whole("7")})
	for _, want := range []bool{true, false} {
		if removed, err := b.RemoveUsage(t.Context(), owner); removed != want || err != nil {
			t.Errorf("RemoveUsage = %t, %v, want %t", removed, err, want)
		}
	}
	if item := b.raw(t, "usage"); len(item) > 0 {
		t.Errorf("the usage is still there: %v", item)
	}
	if used, err := b.Usage(t.Context(), other); used != (upload.Usage{Bytes: 7}) || err != nil {
		t.Errorf("another's usage: got %+v, %v, want 7", used, err)
	}
	b.record(t, idOf(1))
}
