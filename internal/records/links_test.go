package records_test

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postern/internal/upload"
)

// linkOf returns the limits of a link of the tests' owner that ends at a time.
func linkOf(t *testing.T, end time.Time, count, total int64) upload.LinkLimits {
	t.Helper()
	key, err := upload.DeriveKey([]byte("0123456789abcdef0123456789abcdef"), owner)
	if err != nil {
		t.Fatal(err)
	}
	link, _, err := key.NewLink(owner, upload.Link{Count: count, Total: total, Made: 1}, end, strings.NewReader(strings.Repeat("k", 64)))
	if err != nil {
		t.Fatal(err)
	}
	return link.Limits()
}

var linkEnd = time.Date(2026, time.March, 14, 15, 9, 26, 0, time.UTC)

func (b *bench) checkLink(t *testing.T, id string, want upload.LinkState) {
	t.Helper()
	got, err := b.LinkState(t.Context(), owner, id)
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("state of the link: %v (-got +want)\n%s", err, diff)
	}
}

// Fifty files arrive at once by a link for ten: exactly ten are accepted, and nothing of the others is written.
func TestLinkInParallel(t *testing.T) {
	for name, link := range map[string]upload.LinkLimits{"count": linkOf(t, linkEnd, 10, 0), "total": linkOf(t, linkEnd, 50, 109)} {
		b := newBench(t)
		errs := make([]error, 50)
		var accepting sync.WaitGroup
		for n := range errs {
			accepting.Go(func() {
				record := full(idOf(n))
				record.Size, record.Counted, record.Reason = 10, 12, ""
				errs[n] = b.AcceptFromLink(t.Context(), record, roomy, link)
			})
		}
		accepting.Wait()
		accepted := 0
		for n, err := range errs {
			if err != nil && !errors.Is(err, upload.ErrLinkUsedUp) {
				t.Errorf("%s: AcceptFromLink: %v", name, err)
			}
			if _, found, _ := b.Record(t.Context(), owner, idOf(n)); found != (err == nil) {
				t.Errorf("%s: AcceptFromLink: %v, but the record is there: %t", name, err, found)
			}
			if err == nil {
				accepted++
			}
		}
		if accepted != 10 {
			t.Errorf("%s: %d accepted, want 10", name, accepted)
		}
		b.checkUsage(t, 120, 10)
		b.checkLink(t, link.ID, upload.LinkState{Used: upload.Usage{Bytes: 100, Files: 10}})
	}
}

// A file that is rejected leaves the guest's room as it is, up to a number.
func TestRejectedFilesOfALink(t *testing.T) {
	b, link := newBench(t), linkOf(t, linkEnd, 2, 10)
	for n := range 6 {
		record := full(idOf(n))
		record.Size, record.Counted, record.Reason = 100, 100, upload.TypeMismatch
		want := map[bool]error{true: upload.ErrLinkUsedUp}[n == 5]
		if err := b.AcceptFromLink(t.Context(), record, roomy, link); !errors.Is(err, want) {
			t.Errorf("rejected file %d: %v, want %v", n, err, want)
		}
	}
	b.checkLink(t, link.ID, upload.LinkState{Rejected: 5})
	record := full(idOf(7))
	record.Size, record.Reason = 11, ""
	if err := b.AcceptFromLink(t.Context(), record, roomy, link); !errors.Is(err, upload.ErrLinkUsedUp) {
		t.Errorf("larger than the link's total: %v", err)
	}
	record.Size = 10
	if err := b.AcceptFromLink(t.Context(), record, roomy, link); err != nil {
		t.Errorf("as large as the link's total: %v", err)
	}
	if err := b.AcceptFromLink(t.Context(), record, roomy, link); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("the same again: %v, want %v", err, upload.ErrChanged)
	}
	b.checkLink(t, link.ID, upload.LinkState{Rejected: 5, Used: upload.Usage{Bytes: 10, Files: 1}})
}

// What the owner's quota refuses is not counted to the link.
func TestQuotaBeforeTheLink(t *testing.T) {
	b, link := newBench(t), linkOf(t, linkEnd, 2, 0)
	record := full(idOf(1))
	record.Reason = ""
	if err := b.AcceptFromLink(t.Context(), record, upload.Usage{Bytes: 1, Files: 1}, link); !errors.Is(err, upload.ErrOverQuota) {
		t.Errorf("got %v", err)
	}
	full := upload.Usage{Bytes: 1000, Files: 1}
	b.accepted(t, idOf(2))
	if err := b.AcceptFromLink(t.Context(), record, full, link); !errors.Is(err, upload.ErrOverQuota) {
		t.Errorf("got %v", err)
	}
	b.checkLink(t, link.ID, upload.LinkState{})
}

func TestRevocationOfLinks(t *testing.T) {
	b, link := newBench(t), linkOf(t, linkEnd, 2, 0)
	b.checkLink(t, link.ID, upload.LinkState{})
	for range 2 {
		if err := b.RevokeLink(t.Context(), owner, link.ID); err != nil {
			t.Fatal(err)
		}
	}
	b.checkLink(t, link.ID, upload.LinkState{Revoked: true})
	if other, err := b.LinkState(t.Context(), owner, linkOf(t, linkEnd.Add(time.Second), 1, 0).ID); err != nil || other.Revoked {
		t.Errorf("another link: %+v, %v", other, err)
	}
	at := time.UnixMilli(1_700_000_000_123)
	if err := b.RevokeLinks(t.Context(), owner, at); err != nil {
		t.Fatal(err)
	}
	if err := b.MarkRemoved(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	b.checkLink(t, link.ID, upload.LinkState{Revoked: true, RevokedAt: at, OwnerRemoved: true})
	// DynamoDB forgets the link when nothing that was signed by it can arrive, and never that all were revoked.
	want := number(strconv.FormatInt(linkEnd.Add(upload.TombstoneLifetime).Unix(), 10))
	if diff := cmp.Diff(b.raw(t, "link#"+link.ID)["expires"], want, cmpopts.IgnoreUnexported(types.AttributeValueMemberN{})); diff != "" {
		t.Errorf("expiry of the link's item (-got +want)\n%s", diff)
	}
	if got := b.raw(t, "links")["expires"]; got != nil {
		t.Errorf("the item of all links expires at %v", got)
	}
	records, _, err := b.OwnerPage(t.Context(), owner, "")
	if err != nil || len(records) != 0 {
		t.Errorf("links among the records: %v, %v", records, err)
	}
}

func TestMalformedStateOfALink(t *testing.T) {
	link := linkOf(t, linkEnd, 2, 0)
	for name, row := range map[string]map[string]types.AttributeValue{
		"files that are a text":   {"owner": text(owner), "id": text("link#" + link.ID), "files": text("1")},
		"negative bytes":          {"owner": text(owner), "id": text("link#" + link.ID), "used": number("-1")},
		"revoked that is a text":  {"owner": text(owner), "id": text("link#" + link.ID), "revoked": text("no")},
		"no time of a revocation": {"owner": text(owner), "id": text("links")},
	} {
		b := newBench(t)
		b.putRaw(t, row)
		if state, err := b.LinkState(t.Context(), owner, link.ID); err == nil {
			t.Errorf("%s: got %+v", name, state)
		}
	}
}
