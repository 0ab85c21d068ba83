package e2e_test

import (
	"encoding/json"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDownloadsAreRefusedTwice downloads what is not ready. The route refuses it and, without the route's check, so does
// the role.
func TestDownloadsAreRefusedTwice(t *testing.T) {
	requireLocal(t)
	page := []byte("<html><script>alert(1)</script>")
	t.Run("by the route", func(t *testing.T) {
		g := demo.store(t, "page.mp4", page)
		demo.await(t, g.ID, "rejected")
		waiting := demo.grant(t, map[string]any{"filename": "a.txt", "size": 4})
		for _, id := range []string{g.ID, waiting.ID} {
			a := demo.do(t, http.MethodGet, "uploads/"+id+"/download")
			if a.status != http.StatusConflict {
				t.Fatalf("got %d %s, want 409", a.status, a.body)
			}
			checkError(t, a, "conflict", nil)
		}
	})
	t.Run("by the role", func(t *testing.T) {
		folder := edited(t, func(*testing.T, map[string]any) {})
		replaceFunction(t, folder, "manage", "./lambda/manage", "-overlay",
			overlay(t, "lambda/manage/download.go", check, "if record.Status == upload.Deleted {"))
		run := serve(t, folder)
		c := newClient(run.API, demoUser)

		good := c.store(t, "good.txt", []byte("text"))
		c.await(t, good.ID, "ready")
		if file, _ := c.download(t, good.ID); string(file) != "text" {
			t.Errorf("of a ready upload: got %q", file)
		}
		g := c.store(t, "page.mp4", page)
		c.await(t, g.ID, "rejected")
		a := c.do(t, http.MethodGet, "uploads/"+g.ID+"/download")
		if a.status != http.StatusOK {
			t.Fatalf("without the check: got %d %s, want 200", a.status, a.body)
		}
		got := fetch(t, decoded[struct{ URL string }](t, a).URL)
		if got.status != http.StatusForbidden || !strings.Contains(string(got.body), "AccessDenied") {
			t.Errorf("got %d %s, want S3's 403", got.status, got.body)
		}
	})
}

// check is the statement of lambda/manage/download.go that refuses what is not ready.
const check = "if record.Status != upload.Ready {"

// overlay returns an overlay for go build in which a text of a source, named below the root, is replaced. The source must
// have the text once.
func overlay(t *testing.T, name, words, others string) string {
	t.Helper()
	source := filepath.Join(root, name)
	b, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(b), words) != 1 {
		t.Fatalf("%s does not have %q once", source, words)
	}
	folder := t.TempDir()
	replaced := filepath.Join(folder, filepath.Base(name))
	if err := os.WriteFile(replaced, []byte(strings.Replace(string(b), words, others, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{source: replaced}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDownloadLinks alters a signed download.
func TestDownloadLinks(t *testing.T) {
	g := demo.store(t, "links.txt", []byte("text"))
	demo.await(t, g.ID, "ready")
	other := demo.store(t, "other.txt", []byte("text"))
	demo.await(t, other.ID, "ready")
	a := demo.do(t, http.MethodGet, "uploads/"+g.ID+"/download")
	address := decoded[struct{ URL string }](t, a).URL
	if got := fetch(t, address); got.status != http.StatusOK {
		t.Fatalf("unaltered: got %d %s, want 200", got.status, got.body)
	}
	for name, altered := range map[string]string{
		"another object":      strings.Replace(address, g.ID, other.ID, 1),
		"another version":     strings.Replace(address, "versionId=", "versionId=0", 1),
		"no version":          strings.Replace(address, "versionId=", "x=", 1),
		"another disposition": strings.Replace(address, "attachment", "inline", 1),
		"longer":              strings.Replace(address, "X-Amz-Expires=300", "X-Amz-Expires=3000", 1),
		"another signature":   strings.Replace(address, "X-Amz-Signature=", "X-Amz-Signature=0", 1),
		"a list":              strings.SplitN(address, "?", 2)[0] + "?versions&" + strings.SplitN(address, "?", 2)[1],
	} {
		t.Run(name, func(t *testing.T) {
			if altered == address {
				t.Fatalf("%s has nothing to alter", address)
			}
			if got := fetch(t, altered); got.status < 400 || got.status > 499 {
				t.Errorf("got %d %s, want 4xx", got.status, got.body)
			}
		})
	}
}

// TestLongestNames uploads files whose name and title are as long as the API takes: S3 stores them, and a download has the
// name.
func TestLongestNames(t *testing.T) {
	name, title := strings.Repeat("🎬", 251)+".txt", strings.Repeat("é", 196) // 1,400 bytes together
	for _, via := range []string{"form", "put"} {
		t.Run(via, func(t *testing.T) {
			g := demo.grant(t, map[string]any{"filename": name, "title": title, "size": 4, "via": via, "type": "text/plain; charset=utf-8"})
			if status, code := g.send(t, []byte("text")); status >= 300 {
				t.Fatalf("got %d %s, want 2xx", status, code)
			}
			if r := demo.await(t, g.ID, "ready"); r.Filename != name || r.Title != title {
				t.Errorf("got %+v, want the name and the title", r)
			}
			a := demo.do(t, http.MethodGet, "uploads/"+g.ID+"/download")
			got := fetch(t, decoded[struct{ URL string }](t, a).URL)
			_, parameters, err := mime.ParseMediaType(got.header.Get("Content-Disposition"))
			if got.status != http.StatusOK || err != nil || parameters["filename"] != name {
				t.Errorf("got %d %s %v, want a download with the name", got.status, got.header.Get("Content-Disposition"), err)
			}
		})
	}
}
