package console_test

import (
	"bytes"
	"strings"
	"testing"

	"postern/local/console"
	"postern/local/deployment"
	"postern/local/s3"
)

func TestBanner(t *testing.T) {
	dir := t.TempDir()
	const api = "http://127.0.0.1:8080/api/"
	d := &deployment.Deployment{S3: &s3.Server{URL: "http://127.0.0.1:9000"}, DemoIsKnown: true}
	for data, next := range map[string]string{
		dir + "/.local":   "  bin/postern list\n",
		"/tmp/it's other": `  DATA='/tmp/it'\''s other' bin/postern list` + "\n",
	} {
		var out bytes.Buffer
		console.Banner(&out, d, api, data, dir+"/.local")
		for _, part := range []string{api, d.S3.URL, "demo@example.com, password demo-password", next, "bin/local --explain"} {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%s: got no %q in\n%s", data, part, &out)
			}
		}
		if lines := strings.Count(out.String(), "\n"); lines > 12 {
			t.Errorf("got %d lines, want at most 12:\n%s", lines, &out)
		}
	}
}
