package console

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// WatchStages says in log each time that the stages' file, cdk.json, is newer than the assembly that is served, until ctx is
// done. Without the file, it says nothing.
func WatchStages(ctx context.Context, stages, assembly string, every time.Duration, log io.Writer) {
	made, err := os.Stat(filepath.Join(assembly, "manifest.json"))
	if err != nil {
		return
	}
	said := made.ModTime()
	for ticker := time.NewTicker(every); ; {
		if info, err := os.Stat(stages); err == nil && info.ModTime().After(said) {
			said = info.ModTime()
			_, _ = fmt.Fprintf(log, "local: %s has changed: stop this run and start make run again to serve it, or make watch\n", filepath.Base(stages))
		}
		select {
		case <-ctx.Done():
			ticker.Stop()
			return
		case <-ticker.C:
		}
	}
}
