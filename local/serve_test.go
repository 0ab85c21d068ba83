package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
)

func TestLock(t *testing.T) {
	data := filepath.Join(t.TempDir(), "new", "data")
	unlock, err := lock(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(data); err == nil || !strings.Contains(err.Error(), data) || !strings.Contains(err.Error(), "set DATA") {
		t.Errorf("a second run: got %v, want an error that names the folder and DATA", err)
	}
	unlock()
	if unlock, err = lock(data); err != nil {
		t.Fatalf("after the first run: %v", err)
	}
	unlock()
}

// TestCheckNamesAnotherRun checks a data folder that is free, and one that another local run uses.
func TestCheckNamesAnotherRun(t *testing.T) {
	data := t.TempDir()
	t.Setenv("DATA", data)
	check := func() error { return realMain(t.Context(), []string{"--check"}, io.Discard, io.Discard) }
	for range 2 {
		if err := check(); err != nil {
			t.Errorf("a free folder: got %v", err)
		}
	}
	unlock, err := lock(data)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if err := check(); err == nil || !strings.Contains(err.Error(), "another local run uses") {
		t.Errorf("a folder in use: got %v", err)
	}
}
