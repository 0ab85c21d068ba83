package runtime_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern/local/runtime"
)

// nicenesses returns the different nicenesses of a process's threads.
func nicenesses(t *testing.T, pid int) (found []string) {
	t.Helper()
	stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil || len(stats) == 0 {
		t.Fatalf("process %d has no threads: %v", pid, err)
	}
	seen := map[string]bool{}
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // the thread has ended
		}
		_, after, _ := strings.Cut(string(text), ") ")
		if nice := strings.Fields(after)[16]; !seen[nice] { // the 19th field of all
			seen[nice] = true
			found = append(found, nice)
		}
	}
	return found
}

// A function for which nobody waits gets less of a busy processor, with every thread.
func TestBackground(t *testing.T) {
	own := nicenesses(t, os.Getpid())
	for background, want := range map[bool]string{false: fmt.Sprint(own), true: "[5]"} {
		r, _ := start(t, runtime.Config{Background: map[string]bool{"Fn": background}}, function(10*time.Second, ""))
		got := invoke[description](t, r, `{"Do":"describe"}`)
		if nice := fmt.Sprint(nicenesses(t, got.PID)); nice != want {
			t.Errorf("background %v: got niceness %s, want %s", background, nice, want)
		}
	}
}
