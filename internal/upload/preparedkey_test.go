package upload_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/internal/upload"
)

// A prepared key makes what the key itself makes, however often and from however many goroutines.
func TestPreparedKeyIsTheKey(t *testing.T) {
	key := keyOf(t, secret, owner)
	prepared, err := key.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	want, err := key.NewID(time.UnixMilli(7), strings.NewReader("0123"), "mp4")
	if err != nil {
		t.Fatal(err)
	}
	declared := upload.Declared{Quota: 1 << 40, Size: 7, Filename: `a "\u2028" é\.mp4`, Title: "\u2029\x7f<&>🏖"}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				id, err := prepared.NewID(time.UnixMilli(7), strings.NewReader("0123"), "mp4")
				if err != nil || id != want || !prepared.Granted(id) || prepared.Granted(id[:33]+"mov") {
					t.Errorf("got %s, %v, want %s", id, err, want)
				}
				sealed, err := prepared.Seal("k", declared, strings.NewReader("twelve bytes"))
				if got, ok := key.Open("k", sealed); err != nil || !ok || got != declared {
					t.Errorf("got %+v, %t, %v, want %+v", got, ok, err, declared)
				}
			}
		})
	}
	group.Wait()
}

// Every field of what is declared is sealed, also one that is added later.
func TestEveryFieldIsSealed(t *testing.T) {
	var declared upload.Declared
	fields := reflect.ValueOf(&declared).Elem()
	for i := range fields.NumField() {
		switch field := fields.Field(i); field.Kind() {
		case reflect.Int64:
			field.SetInt(int64(i) + 1)
		case reflect.String:
			field.SetString(fmt.Sprint("text ", i))
		case reflect.Struct:
			declared.Link = upload.LinkLimits{ID: "a", Count: 1, Total: 2, Made: 3}
		default:
			t.Fatalf("field %s has a kind that this test does not know", fields.Type().Field(i).Name)
		}
	}
	key := keyOf(t, secret, owner)
	for _, declared := range []upload.Declared{declared, {}} {
		sealed, err := key.Seal("k", declared, strings.NewReader("twelve bytes"))
		if got, ok := key.Open("k", sealed); err != nil || !ok || got != declared {
			t.Errorf("got %+v, %t, %v, want %+v", got, ok, err, declared)
		}
	}
}

// A cache keeps a few owners' keys, each its own, and never more than a bound.
func TestKeyCache(t *testing.T) {
	var cache upload.KeyCache
	key := keyOf(t, secret, owner)
	first, err := cache.Prepare(key)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := cache.Prepare(key); err != nil || second != first {
		t.Errorf("prepared anew: %v", err)
	}
	id, err := key.NewID(time.Time{}, strings.NewReader("0123"), "mp4")
	if err != nil {
		t.Fatal(err)
	}
	for n := range 1000 {
		other, err := cache.Prepare(upload.DerivedKey{0: byte(n), 1: byte(n >> 8), 2: 1})
		if err != nil || other == first || other.Granted(id) {
			t.Fatalf("another owner's key grants: %v", err)
		}
	}
	if upload.CachedKeysForTest(&cache) > 64 {
		t.Errorf("%d keys are kept, want 64 at most", upload.CachedKeysForTest(&cache))
	}
	if second, err := cache.Prepare(key); err != nil || second == first || !second.Granted(id) {
		t.Errorf("after many others: %v, want the key prepared anew", err)
	}
}
