package records_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/internal/upload"
)

// A file more is accepted as long as it fits both quotas, and a deletion gives back both.
func TestFilesAreCounted(t *testing.T) {
	b := newBench(t)
	two := upload.Usage{Bytes: 1000, Files: 2}
	var kept []upload.Record
	for n, want := range []error{nil, nil, upload.ErrOverQuota} {
		record := full(idOf(n))
		if err := b.Accept(t.Context(), record, two); !errors.Is(err, want) {
			t.Fatalf("file %d: %v, want %v", n+1, err, want)
		}
		kept = append(kept, record)
	}
	b.checkUsage(t, 200, 2)
	over := kept[2]
	over.Counted, over.Files, over.Expires, over.Reason = 0, 0, expires, upload.OverQuota
	if err := b.Accept(t.Context(), over, two); err != nil {
		t.Errorf("the record of what is over quota: %v", err)
	}
	if got := b.raw(t, over.ID)["expires"]; got == nil {
		t.Error("the record of what is over quota stays for ever")
	}
	b.checkUsage(t, 200, 2)
	for _, record := range []upload.Record{over, kept[0]} {
		if _, err := b.MarkDeleted(t.Context(), record, expires); err != nil {
			t.Fatal(err)
		}
	}
	b.checkUsage(t, 100, 1)
	if err := b.Accept(t.Context(), full(idOf(4)), two); err != nil {
		t.Errorf("a file in the place of one that is deleted: %v", err)
	}
	b.checkUsage(t, 200, 2)
	if err := b.Accept(t.Context(), full(idOf(5)), upload.Usage{Bytes: 1000}); !errors.Is(err, upload.ErrOverQuota) {
		t.Errorf("at a quota of no files: %v, want ErrOverQuota", err)
	}
	negative := full(idOf(6))
	negative.Files = -1
	if err := b.Accept(t.Context(), negative, two); err == nil {
		t.Error("a negative number of files is accepted")
	}
}

// However many uploads arrive at the same time, as many are accepted as there may be files.
func TestFilesInParallel(t *testing.T) {
	b := newBench(t)
	const most = 20
	var accepting sync.WaitGroup
	for n := range 50 {
		accepting.Go(func() {
			err := b.Accept(t.Context(), full(idOf(n)), upload.Usage{Bytes: 1 << 40, Files: most})
			if err != nil && !errors.Is(err, upload.ErrOverQuota) {
				t.Errorf("Accept: %v", err)
			}
		})
	}
	accepting.Wait()
	b.checkUsage(t, 100*most, most)
}

// Items of a time when files were not counted count none, and no deletion makes that less.
func TestItemsWithoutFiles(t *testing.T) {
	b := newBench(t)
	record := b.accepted(t, idOf(1))
	old := b.raw(t, idOf(1))
	delete(old, "files")
	b.putRaw(t, old)
	b.putRaw(t, map[string]types.AttributeValue{"owner": text(owner), "id": text("usage"), "used": number("100")})
	b.checkUsage(t, 100, 0)
	record.Files = 0
	if got := b.record(t, idOf(1)); got.Files != 0 {
		t.Errorf("the record counts %d files, want 0", got.Files)
	}
	if err := b.Accept(t.Context(), full(idOf(2)), upload.Usage{Bytes: 200, Files: 1}); err != nil {
		t.Errorf("the first that is counted: %v", err)
	}
	b.checkUsage(t, 200, 1)
	if _, err := b.MarkDeleted(t.Context(), b.record(t, idOf(1)), expires); err != nil {
		t.Fatal(err)
	}
	b.checkUsage(t, 100, 1)
}

// Numbers of files that are none are found.
func TestMalformedFiles(t *testing.T) {
	for _, value := range []types.AttributeValue{text("1"), number("1.5"), number("-1")} {
		b := newBench(t)
		b.accepted(t, idOf(1))
		item := b.raw(t, idOf(1))
		item["files"] = value
		b.putRaw(t, item)
		if got, _, err := b.Record(t.Context(), owner, idOf(1)); err == nil {
			t.Errorf("files %v: %+v, want an error", value, got)
		}
	}
	b := newBench(t)
	b.putRaw(t, map[string]types.AttributeValue{"owner": text(owner), "id": text("usage"), "used": number("1"), "files": text("planted")})
	if used, err := b.Usage(t.Context(), owner); err == nil {
		t.Errorf("Usage of a text: %+v", used)
	}
	if used, err := b.Accounts(t.Context(), []string{owner}); err == nil || fmt.Sprint(used) != "map[]" {
		t.Errorf("Accounts of a text: %+v, %v", used, err)
	}
}
