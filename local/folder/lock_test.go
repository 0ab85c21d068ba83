package folder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/local/folder"
)

func TestLock(t *testing.T) {
	data := filepath.Join(t.TempDir(), "new", "data")
	unlock, err := folder.Lock(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Lock(data); err == nil || !strings.Contains(err.Error(), data) || !strings.Contains(err.Error(), "set DATA") {
		t.Errorf("a second run: got %v, want an error that names the folder and DATA", err)
	}
	unlock()
	if unlock, err = folder.Lock(data); err != nil {
		t.Fatalf("after the first run: %v", err)
	}
	unlock()
}

// TestDataIsPrivate looks at the modes of a folder that the local run makes, of one that an earlier version made, and of one that
// is not a data folder yet.
func TestDataIsPrivate(t *testing.T) {
	mode := func(data string) os.FileMode {
		t.Helper()
		unlock, err := folder.Lock(data)
		if err != nil {
			t.Fatal(err)
		}
		unlock()
		info, err := os.Stat(data)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	data, foreign := filepath.Join(t.TempDir(), "data"), t.TempDir()
	if got := mode(data); got != 0o700 {
		t.Errorf("a new folder: got %o, want 700", got)
	}
	for _, name := range []string{data, foreign} {
		if err := os.Chmod(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got := mode(data); got != 0o700 {
		t.Errorf("a folder of an earlier version: got %o, want 700", got)
	}
	if got := mode(foreign); got != 0o755 {
		t.Errorf("a folder of somebody's: got %o, want it unchanged, 755", got)
	}
}
