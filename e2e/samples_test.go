package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSamplesOfLargeFilesRun runs each program of the clients' page that sends a file in parts: once from the beginning,
// and once where one was cut off after its first part.
func TestSamplesOfLargeFilesRun(t *testing.T) {
	requireLocal(t)
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("skipped: curl is not installed")
		return
	}
	blocks := readBlocks(t, "docs/clients.md")["Large files"]
	if len(blocks) != 4 {
		t.Fatalf("got %d blocks, want 4", len(blocks))
	}
	content := letters(3000, 11<<20)
	here := strings.NewReplacer("http://127.0.0.1:8080/api", strings.TrimSuffix(server.API, "/"))
	for _, b := range blocks {
		t.Run(b.language, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "large.csv"), content, 0o600); err != nil {
				t.Fatal(err)
			}
			runs := func() string {
				if b.language == "go" {
					return executeHere(t, folder, here.Replace(b.text))
				}
				out, ran := execute(t, folder, b.language, here.Replace(b.text))
				if !ran {
					t.Skip("what the sample needs is not installed")
				}
				return out
			}
			_, id, ok := strings.Cut(strings.TrimSpace(runs()), "uploaded ")
			if !ok {
				t.Fatalf("got %q, want an id", id)
			}
			checkStored(t, id, content)

			begun := demo.begin(t, "large.csv", int64(len(content)))
			if a := put(t, begun.parts(t, 1)[0], content[:begun.partSize]); a.status != http.StatusOK {
				t.Fatalf("part 1: got %d %s", a.status, a.body)
			}
			state, _ := json.Marshal(map[string]any{"id": begun.grant.ID, "uploadId": begun.uploadID, "partSize": begun.partSize})
			if err := os.WriteFile(filepath.Join(folder, "large.csv.upload"), state, 0o600); err != nil {
				t.Fatal(err)
			}
			if out := runs(); !strings.Contains(out, "uploaded "+begun.grant.ID) {
				t.Errorf("got %s, want that it goes on with %s", out, begun.grant.ID)
			}
			checkStored(t, begun.grant.ID, content)
		})
	}
}

func checkStored(t *testing.T, id string, content []byte) {
	t.Helper()
	demo.await(t, id, "ready")
	if got, _ := demo.download(t, id); !bytes.Equal(got, content) {
		t.Errorf("downloaded %d bytes, or others, want %d", len(got), len(content))
	}
}

// executeHere runs a Go program that imports packages of this repository, in a folder.
func executeHere(t *testing.T, folder, text string) string {
	t.Helper()
	source, err := os.MkdirTemp(filepath.Join(root, "bin"), "sample")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(source) }()
	if err := os.WriteFile(filepath.Join(source, "main.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "sample")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", program, source)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	command := exec.CommandContext(context.Background(), program)
	command.Dir = folder
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("running: %v\n%s", err, out)
	}
	return string(out)
}
