package main

import (
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
