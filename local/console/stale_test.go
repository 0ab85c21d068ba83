package console_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern/local/console"
	"postern/local/stacktest"
)

// TestWatchStages changes the stages' file twice.
func TestWatchStages(t *testing.T) {
	dir := t.TempDir()
	stages, made := filepath.Join(dir, "cdk.json"), time.Now().Add(-time.Hour)
	for _, name := range []string{"cdk.json", "manifest.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(dir, name), made, made); err != nil {
			t.Fatal(err)
		}
	}
	var log stacktest.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go console.WatchStages(ctx, stages, dir, time.Millisecond, &log)
	time.Sleep(50 * time.Millisecond)
	for want := range 3 {
		for end := time.Now().Add(5 * time.Second); strings.Count(log.String(), "cdk.json has changed") < want && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(20 * time.Millisecond)
		if got := strings.Count(log.String(), "cdk.json has changed"); got != want {
			t.Fatalf("after %d changes: got %d lines:\n%s", want, got, log.String())
		}
		made = made.Add(time.Minute)
		if err := os.Chtimes(stages, made, made); err != nil {
			t.Fatal(err)
		}
	}
}
