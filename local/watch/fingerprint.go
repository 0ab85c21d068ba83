package main

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// skipped are the folders that hold no sources of what is served.
var skipped = []string{"bin", "bench", "cdk.out", "client", "cmd", "dist", "docs", "e2e", "node_modules", "testdata"}

// fingerprint returns a text that changes with each source of the stage below root: with its name, size or time of change.
// A file that vanishes while it is read counts as gone.
func fingerprint(root string) (string, error) {
	sum := fnv.New64a()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return fmt.Errorf("reading the sources: %w", err)
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || slices.Contains(skipped, entry.Name())):
			return fs.SkipDir
		case entry.IsDir() || !isSource(entry.Name()):
			return nil
		}
		if info, err := entry.Info(); err == nil {
			_, _ = fmt.Fprintln(sum, path, info.Size(), info.ModTime().UnixNano()) // a hash takes everything
		}
		return nil
	})
	return fmt.Sprintf("%x", sum.Sum64()), err
}

// isSource reports whether a file of this name goes into what is served.
func isSource(name string) bool {
	switch filepath.Ext(name) {
	case ".go":
		return !strings.HasSuffix(name, "_test.go")
	case ".css", ".html", ".js", ".mod", ".mp4", ".sum", ".svg", ".ts":
		return true
	default:
		return name == "cdk.json" || name == "package-lock.json"
	}
}
