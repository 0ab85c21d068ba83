package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGeneratedClient has oapi-codegen write a Go client of the API's document. A program by it compiles, uploads, and tells
// what the API refuses.
func TestGeneratedClient(t *testing.T) {
	generator := os.Getenv("OAPI_CODEGEN")
	if generator == "" {
		t.Skip("make test-api runs this")
	}
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join("testdata", "generatedclient"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "postern"), 0o700); err != nil {
		t.Fatal(err)
	}
	inFolder := func(program string, args ...string) (string, error) {
		command := exec.CommandContext(t.Context(), program, args...)
		command.Dir = folder
		out, err := command.CombinedOutput()
		return string(out), err
	}
	for _, step := range [][]string{
		{generator, "-generate", "types,client", "-package", "postern", "-o", "postern/client.go", filepath.Join(root, "docs", "openapi.json")},
		{"go", "build", "-o", "upload", "."},
	} {
		if out, err := inFolder(step[0], step[1:]...); err != nil {
			t.Fatalf("%q: %v\n%s", step, err, out)
		}
	}
	user := addUser(t, "generated@example.com")
	id, err := inFolder("./upload", demo.base, user.user, user.password, "a.txt", "a text")
	if err != nil {
		t.Fatalf("uploading: %v\n%s", err, id)
	}
	if content, _ := user.download(t, id); string(content) != "a text" {
		t.Errorf("stored %q, want a text", content)
	}
	if out, err := inFolder("./upload", demo.base, user.user, user.password, "a.exe", "a text"); err == nil || !strings.Contains(out, `extension of filename \"a.exe\" is not supported`) {
		t.Errorf("a.exe: got %v, %s", err, out)
	}
}
