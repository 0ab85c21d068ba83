package main

import (
	"io"
	"strings"
	"testing"

	"postern/local/folder"
)

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
	unlock, err := folder.Lock(data)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if err := check(); err == nil || !strings.Contains(err.Error(), "another local run uses") {
		t.Errorf("a folder in use: got %v", err)
	}
}
