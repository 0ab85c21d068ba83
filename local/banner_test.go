package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestBanner(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	at := addresses{api: "http://127.0.0.1:8080/api/", s3: "http://127.0.0.1:9000", aws: "http://127.0.0.1:1"}
	for data, next := range map[string]string{
		dir + "/.local":   "  bin/postern list\n",
		"/tmp/it's other": `  DATA='/tmp/it'\''s other' bin/postern list` + "\n",
	} {
		var out bytes.Buffer
		banner(&out, settings{data: data}, at, nil)
		for _, part := range []string{at.api, at.s3, "demo@example.com, password demo-password", next, "bin/local --explain"} {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%s: got no %q in\n%s", data, part, &out)
			}
		}
		if lines := strings.Count(out.String(), "\n"); lines > 12 || strings.Contains(out.String(), at.aws) {
			t.Errorf("got %d lines, want at most 12, and nothing but what a person needs:\n%s", lines, &out)
		}
	}
}
