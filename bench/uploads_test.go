package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// eventLine returns an event as the local run writes it.
func eventLine(kind, event, upload string) string {
	return fmt.Sprintf(`{"detail-type":%q,"detail":{"id":%q,"upload":{"id":%q}}}`+"\n", kind, event, upload)
}

func TestAwaitEvents(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       string // in the error; empty: none
	}{
		{"one of each", eventLine("Upload Ready", "1", "a") + eventLine("Upload Ready", "2", "b"), ""},
		{"one is published again", eventLine("Upload Ready", "1", "a") + eventLine("Upload Ready", "1", "a") + eventLine("Upload Ready", "2", "b"), ""},
		{"two of one", eventLine("Upload Ready", "1", "a") + eventLine("Upload Ready", "3", "a"), "want one Upload Ready"},
		{"rejected", eventLine("Upload Rejected", "1", "a"), "Upload Rejected of upload a"},
		{"of another upload", eventLine("Upload Ready", "1", "c"), "of upload c"},
		{"not JSON", "x\n", "reading events"},
		{"one is missing", eventLine("Upload Ready", "1", "a"), "deadline"},
		{"one is not whole", eventLine("Upload Ready", "1", "a") + strings.TrimSpace(eventLine("Upload Ready", "2", "b")), "deadline"},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "events.jsonl")
			if err := os.WriteFile(name, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			log := eventLog{name: name, seen: map[string]string{}}
			err := log.await(ctx, map[string]bool{"a": true, "b": true})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestAwaitReadsOn writes the second half of a line after the first call.
func TestAwaitReadsOn(t *testing.T) {
	name := filepath.Join(t.TempDir(), "events.jsonl")
	first, second := eventLine("Upload Ready", "1", "a"), eventLine("Upload Ready", "2", "b")
	if err := os.WriteFile(name, []byte(first+second[:20]), 0o600); err != nil {
		t.Fatal(err)
	}
	log := eventLog{name: name, seen: map[string]string{}}
	if err := log.await(t.Context(), map[string]bool{"a": true}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(first+second), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := log.await(t.Context(), map[string]bool{"a": true, "b": true}); err != nil {
		t.Error(err)
	}
}
