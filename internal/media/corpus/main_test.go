package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRun(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{
		"a.txt": "some text", "b/page.TXT": "<html>", "b/c.pdf": "<html>", "d.xyz": "unknown",
		"picture.png": "GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;",
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := readStage("../../../cdk.json", "dev")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(&out, folder, s.Folders, s.Inspection()); err != nil {
		t.Fatal(err)
	}
	want := `extension  accepted  of them siblings  refused
pdf        0         0                 1
png        1         1                 0
txt        1         0                 1
all        2         1                 2

1 files have other extensions.

type_mismatch  text/html  b/c.pdf
type_mismatch  text/html  b/page.TXT
`
	if diff := cmp.Diff(out.String(), want); diff != "" {
		t.Errorf("output (-got +want):\n%s", diff)
	}
	if _, err := readStage("../../../cdk.json", "none"); err == nil {
		t.Error("a stage that does not exist: got no error")
	}
	if err := run(&out, filepath.Join(folder, "none"), s.Folders, s.Inspection()); err == nil {
		t.Error("a folder that is not there: got no error")
	}
}
