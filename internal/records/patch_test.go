package records_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"postern/internal/upload"
)

// set is a patch of everything.
func set(title, description string, labels ...string) upload.Patch {
	return upload.Patch{Title: &title, Description: &description, Labels: &labels}
}

// A patch changes what it names, and what the record and its owner count by the bytes of the texts.
func TestPatch(t *testing.T) {
	for _, test := range []struct {
		name    string
		patch   upload.Patch
		change  func(*upload.Record)
		counted int64
	}{
		{"everything", set("Ü", "D", "L"), func(r *upload.Record) { r.Title, r.Description, r.Labels = "Ü", "D", []string{"L"} }, 100},
		{"nothing left", set("", ""), func(r *upload.Record) { r.Title, r.Description, r.Labels = "", "", nil }, 96},
		{"the title", upload.Patch{Title: set("long", "").Title}, func(r *upload.Record) { r.Title = "long" }, 103},
		{"the labels", upload.Patch{Labels: set("", "", "xyz", "🎬").Labels}, func(r *upload.Record) { r.Labels = []string{"xyz", "🎬"} }, 105},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			before := b.accepted(t, idOf(1))
			b.accepted(t, idOf(2))
			want := before
			test.change(&want)
			want.Version, want.Counted = 2, test.counted
			got := b.patch(t, before, test.patch)
			got.Labels = append([]string(nil), got.Labels...)
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("Patch (-got +want)\n%s", diff)
			}
			if diff := cmp.Diff(b.record(t, idOf(1)), want); diff != "" {
				t.Errorf("record (-got +want)\n%s", diff)
			}
			b.checkUsage(t, 100+test.counted, 2)
			if _, err := b.MarkDeleted(t.Context(), want, expires); err != nil {
				t.Fatal(err)
			}
			b.checkUsage(t, 100, 1)
		})
	}
}

// Texts that grow must fit into the quota. Those that shrink always do.
func TestPatchWithinAQuota(t *testing.T) {
	b := newBench(t)
	record := b.accepted(t, idOf(1)) // 100 bytes of 1,000
	for _, test := range []struct {
		name  string
		title string
		quota int64
		want  error
	}{
		{"fits exactly", strings.Repeat("x", 5), 104, nil},
		{"is one byte too much", strings.Repeat("x", 6), 104, upload.ErrOverQuota},
		{"is more than the whole quota", strings.Repeat("x", 100), 50, upload.ErrOverQuota},
		{"stays as long, over quota", strings.Repeat("y", 5), 0, nil},
		{"becomes shorter, over quota", "x", 0, nil},
		{"without a bound", strings.Repeat("x", 1200), math.MaxInt64, nil},
	} {
		before := b.record(t, idOf(1))
		got, err := b.Patch(t.Context(), before, upload.Patch{Title: &test.title}, test.quota)
		if !errors.Is(err, test.want) {
			t.Fatalf("%s: %v, want %v", test.name, err, test.want)
		}
		if test.want != nil {
			if diff := cmp.Diff(b.record(t, idOf(1)), before); diff != "" {
				t.Errorf("%s: record (-got +want)\n%s", test.name, diff)
			}
			got = before
		}
		if want := record.Counted - 1 + int64(len(got.Title)); got.Counted != want {
			t.Errorf("%s: counts %d, want %d", test.name, got.Counted, want)
		}
		b.checkUsage(t, got.Counted, 1)
	}
}

// A record of a time when texts did not count counts them from its first patch on, and never less than its size.
func TestPatchCountsWhatWasNotCounted(t *testing.T) {
	b := newBench(t)
	old := full(idOf(1))
	old.Size, old.Counted, old.Files = 1, 1, 0
	if err := b.Accept(t.Context(), old, roomy); err != nil {
		t.Fatal(err)
	}
	patched := b.patch(t, old, set("", ""))
	if patched.Counted != 6 { // its size and its file name
		t.Errorf("it counts %d, want 6", patched.Counted)
	}
	b.checkUsage(t, 6, 0)
	if _, err := b.MarkDeleted(t.Context(), patched, expires); err != nil {
		t.Fatal(err)
	}
	b.checkUsage(t, 0, 0)
}

// Only the very record that was read is patched.
func TestPatchOfWhatHasChanged(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *bench, upload.Record){
		"patched":     func(t *testing.T, b *bench, r upload.Record) { b.patch(t, r, set("another", "")) },
		"judged":      func(t *testing.T, b *bench, r upload.Record) { must(t, second(b.SetVerdict(t.Context(), r))) },
		"deleted":     func(t *testing.T, b *bench, r upload.Record) { must(t, second(b.MarkDeleted(t.Context(), r, expires))) },
		"not there":   func(t *testing.T, b *bench, r upload.Record) { b.forget(t, r.ID) },
		"as it was 0": nil,
	} {
		b := newBench(t)
		record := b.accepted(t, idOf(1))
		if change != nil {
			change(t, b, record)
		} else {
			record.Version = 0
		}
		before, usage := b.raw(t, idOf(1)), b.raw(t, "usage")
		for _, patch := range []upload.Patch{set("T", "D", "L"), set("t", "d", "b", "a"), set("", "")} {
			if _, err := b.Patch(t.Context(), record, patch, roomy.Bytes); !errors.Is(err, upload.ErrChanged) {
				t.Errorf("%s: Patch: %v, want ErrChanged", name, err)
			}
		}
		if diff := cmp.Diff([]map[string]types.AttributeValue{b.raw(t, idOf(1)), b.raw(t, "usage")},
			[]map[string]types.AttributeValue{before, usage}, unexported); diff != "" {
			t.Errorf("%s: items (-got +want)\n%s", name, diff)
		}
	}
}

func second(_ upload.Record, err error) error { return err }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
