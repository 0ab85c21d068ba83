package main_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	user      = "ann@example.com"
	signature = "planted-signature"
	idA       = "019f00000000700080000000000000aa.mp4"
	idB       = "019f00000000700080000000000000bb.pdf"
	idC       = "019f00000000700080000000000000cc.png"
	unknownID = "019f00000000700080000000000000dd.png"
)

// An apiServer is an API with the uploads of one user, in pages of at most two, and the bucket that their downloads come
// from.
type apiServer struct {
	url string
	// uploads are the user's, the newest first.
	uploads []map[string]any
	// file, and what the bucket says of it.
	file     []byte
	header   http.Header
	download string // URL; empty: the bucket's
	// fault answers instead, where it is set and returns true.
	fault func(w http.ResponseWriter, r *http.Request) bool

	mutex    sync.Mutex
	requests []string
	stored   map[string]string // content that was uploaded, by its declared name
}

// serveAPI starts an API, and sets an environment whose user may call it.
func serveAPI(t *testing.T) *apiServer {
	t.Helper()
	a := &apiServer{file: []byte("the bytes of a video"), header: http.Header{}}
	a.uploads = []map[string]any{
		{"id": idC, "status": "waiting", "type": "image/png", "createdAt": "2026-11-03T10:00:00.123Z", "version": 0},
		{"id": idB, "status": "rejected", "reason": "type_mismatch", "filename": "b.pdf", "type": "application/pdf", "size": 1536, "createdAt": "2026-11-02T10:00:00Z", "version": 2},
		{
			"id": idA, "status": "ready", "filename": "a.mp4", "title": "Intro & <more>", "type": "video/mp4", "size": len(a.file),
			"checksum": checksum(a.file), "createdAt": "2026-11-01T10:00:00Z", "version": 2, "labels": []string{"a", "b"}, "later": "kept",
		},
	}
	a.url = serve(t, a).URL + "/api/"
	t.Setenv("POSTERN_URL", a.url)
	t.Setenv("POSTERN_USER", user)
	t.Setenv("POSTERN_PASSWORD", password)
	return a
}

func checksum(file []byte) string {
	digest := sha256.Sum256(file)
	return base64.StdEncoding.EncodeToString(digest[:])
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/api/health" {
		answer(w, map[string]string{"status": "ok"})
		return
	}
	line := strings.TrimSuffix(r.Method+" "+r.URL.Path+" "+strings.ReplaceAll(r.URL.RawQuery, signature, "SIGNATURE"), " ")
	body, _ := io.ReadAll(r.Body)
	if r.Method == http.MethodPut {
		a.servePut(w, r, body)
		return
	}
	if len(body) > 0 {
		line += " " + r.Header.Get("Content-Type") + " " + string(body)
	}
	if tag := r.Header.Get("If-Match"); tag != "" {
		line += " if " + tag
	}
	a.mutex.Lock()
	a.requests = append(a.requests, line)
	a.mutex.Unlock()
	if a.fault != nil && a.fault(w, r) {
		return
	}
	if r.URL.Path == "/bucket/key" {
		a.serveFile(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	name, secret, _ := r.BasicAuth()
	path, ok := strings.CutPrefix(r.URL.Path, "/api/uploads")
	switch {
	case name != user || secret != password:
		refuse(w, http.StatusUnauthorized, "credentials are wrong")
	case !ok:
		refuse(w, http.StatusForbidden, "there is no such route")
	case path == "" && r.Method == http.MethodPost:
		a.serveGrant(w, body)
	case path == "":
		a.serveList(w, r)
	default:
		a.serveUpload(w, r, path)
	}
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	answer(w, map[string]string{"message": message, "code": "code", "requestId": "request"})
}

func answer(w io.Writer, value any) { _ = json.NewEncoder(w).Encode(value) }

// serveList answers a page. Its cursor is how many uploads came before.
func (a *apiServer) serveList(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	found := slices.DeleteFunc(slices.Clone(a.uploads), func(u map[string]any) bool {
		return query.Get("status") != "" && u["status"] != query.Get("status")
	})
	begin, _ := strconv.Atoi(query.Get("cursor"))
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 || limit > 100 {
		refuse(w, http.StatusBadRequest, "limit")
		return
	}
	end := min(begin+min(limit, 2), len(found))
	page := map[string]any{"uploads": found[begin:end]}
	if end < len(found) {
		page["cursor"] = strconv.Itoa(end)
	}
	answer(w, page)
}

func (a *apiServer) serveUpload(w http.ResponseWriter, r *http.Request, path string) {
	id, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	i := slices.IndexFunc(a.uploads, func(u map[string]any) bool { return u["id"] == id })
	if i < 0 {
		refuse(w, http.StatusNotFound, "there is no upload "+strconv.Quote(id))
		return
	}
	u := a.uploads[i]
	switch {
	case r.Method == http.MethodDelete:
		a.uploads = slices.Delete(a.uploads, i, i+1)
		w.WriteHeader(http.StatusNoContent)
	case rest == "download" && u["status"] != "ready":
		refuse(w, http.StatusConflict, fmt.Sprintf("the upload is %s", u["status"]))
	case rest == "download":
		address := a.download
		if address == "" {
			address = strings.TrimSuffix(a.url, "/api/") + "/bucket/key?X-Amz-Signature=" + signature
		}
		answer(w, map[string]string{"url": address, "expires": "2026-11-04T10:05:00Z"})
	case r.Method == http.MethodPatch && r.Header.Get("If-Match") == `"1"`:
		refuse(w, http.StatusPreconditionFailed, "the upload has version 2")
	case r.Method == http.MethodPatch:
		u["version"] = 3
		answer(w, u)
	default:
		answer(w, u)
	}
}

// serveFile answers as S3 does, to who has its signature and no credentials.
func (a *apiServer) serveFile(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("X-Amz-Signature") != signature || r.Header.Get("Authorization") != "" {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<Error><Code>SignatureDoesNotMatch</Code></Error>")
		return
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	_, _ = w.Write(a.file)
}

// serveGrant answers a signed PUT for each file, and refuses those that are named .exe.
func (a *apiServer) serveGrant(w http.ResponseWriter, body []byte) {
	var asked struct {
		Filename string
		Uploads  []struct{ Filename string }
	}
	_ = json.Unmarshal(body, &asked)
	grant := func(name string) map[string]any {
		if strings.HasSuffix(name, ".exe") {
			return map[string]any{"error": map[string]string{"message": "the extension is refused", "code": "unsupported_media_type", "requestId": "request"}}
		}
		return map[string]any{
			"id": idA, "method": "PUT", "url": strings.TrimSuffix(a.url, "/api/") + "/bucket/key?X-Amz-Signature=" + signature + "&name=" + url.QueryEscape(name),
		}
	}
	w.WriteHeader(http.StatusCreated)
	if asked.Uploads == nil {
		answer(w, grant(asked.Filename))
		return
	}
	var grants []map[string]any
	for _, file := range asked.Uploads {
		grants = append(grants, grant(file.Filename))
	}
	answer(w, map[string]any{"uploads": grants})
}

func (a *apiServer) servePut(_ http.ResponseWriter, r *http.Request, body []byte) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.stored == nil {
		a.stored = map[string]string{}
	}
	a.stored[r.URL.Query().Get("name")] = string(body)
}

// called are the requests since the last call of it.
func (a *apiServer) called() []string {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	requests := a.requests
	a.requests = nil
	return requests
}
