package client_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/client"
)

const (
	idA       = "019f00000000700080000000000000aa.mp4"
	idB       = "019f00000000700080000000000000bb.pdf"
	signature = "planted-signature"
	password  = "planted-password"
)

// A script answers each request with its next step, and keeps what was asked.
type script struct {
	t     *testing.T
	url   string
	steps []http.HandlerFunc

	mutex    sync.Mutex
	requests []string
}

// play starts a server of an API and a bucket, and a client of it.
func play(t *testing.T, steps ...http.HandlerFunc) (*script, *client.Client) {
	t.Helper()
	s := &script{t: t, steps: steps}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	c, err := client.New(server.URL+"/api", client.Basic("ann@example.com", password))
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	line := fmt.Sprintf("%s %s %s", r.Method, strings.ReplaceAll(r.URL.RequestURI(), signature, "SIGNATURE"), body)
	s.mutex.Lock()
	s.requests = append(s.requests, strings.TrimSpace(line))
	n := len(s.requests)
	s.mutex.Unlock()
	if n > len(s.steps) {
		s.t.Errorf("unexpected request %s", line)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	s.steps[n-1](w, r)
}

// ended fails the test unless every step was asked for.
func (s *script) ended() {
	s.t.Helper()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.requests) != len(s.steps) {
		s.t.Errorf("got requests %q, want %d", s.requests, len(s.steps))
	}
}

// says answers with a status and a body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// refuses answers with an error of the API.
func refuses(status int, code api.Code) http.HandlerFunc {
	return says(status, fmt.Sprintf(`{"message":"it is %s","code":%q,"requestId":"request"}`, code, code))
}

// hangsUp takes a request and never answers it.
func hangsUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func later(seconds string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", seconds)
		next(w, r)
	}
}

// secretless fails the test when an error holds what nobody may see.
func secretless(t *testing.T, err error) {
	t.Helper()
	if err != nil && (strings.Contains(err.Error(), signature) || strings.Contains(err.Error(), password)) {
		t.Errorf("the error holds a secret: %v", err)
	}
}

const upload = `{"id":"` + idA + `","status":"ready","size":5,"type":"video/mp4","createdAt":"2026-11-01T10:00:00.000Z","version":2,"later":"kept"}`

func TestRequest(t *testing.T) {
	answer := func(w http.ResponseWriter, r *http.Request) {
		if user, secret, _ := r.BasicAuth(); user != "ann@example.com" || secret != password {
			t.Errorf("got user %q with password %q", user, secret)
		}
		if got := r.Header.Get("Accept") + r.Header.Get("Accept-Encoding"); got != "application/jsongzip" {
			t.Errorf("got Accept and Accept-Encoding %q", got)
		}
		says(http.StatusOK, upload)(w, r)
	}
	s, c := play(t, answer, answer)
	c.Mail = "b+c@example.com"
	u, err := c.Get(t.Context(), idA)
	if err != nil || u.Size != 5 || string(u.Raw) != upload {
		t.Errorf("got %+v, %v", u, err)
	}
	c.Mail, c.Subject = "", "auth0|A&b"
	if _, err := c.Get(t.Context(), idA); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(s.requests, []string{"GET /api/uploads/" + idA + "?mail=b%2Bc%40example.com", "GET /api/uploads/" + idA + "?subject=auth0%7CA%26b"}); diff != "" {
		t.Errorf("requests (-got +want)\n%s", diff)
	}
}

// An Authorization is asked for each attempt, so that a token that has expired meanwhile is renewed.
func TestAuthorization(t *testing.T) {
	client.RecordPauses(t)
	var got []string
	keep := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r.Header.Get("Authorization"))
			next(w, r)
		}
	}
	s, _ := play(t, keep(says(http.StatusServiceUnavailable, "")), keep(says(http.StatusOK, `{"status":"ok"}`)))
	tokens := 0
	c, err := client.New(s.url+"/api", func(context.Context) (string, error) {
		if tokens++; tokens > 2 {
			return "", errors.New("no token")
		}
		return fmt.Sprintf("Bearer %d", tokens), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Health(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(got, []string{"Bearer 1", "Bearer 2"}); diff != "" {
		t.Errorf("Authorization (-got +want)\n%s", diff)
	}
	if err := c.Health(t.Context()); err == nil || err.Error() != "authorizing the request: no token" {
		t.Errorf("got %v", err)
	}
	s.ended()
}

// Long answers come compressed.
func TestCompressedAnswer(t *testing.T) {
	packed := func(cut int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			var text bytes.Buffer
			writer := gzip.NewWriter(&text)
			_, _ = io.WriteString(writer, upload)
			_ = writer.Close()
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(text.Bytes()[:text.Len()-cut])
		}
	}
	client.RecordPauses(t)
	s, c := play(t, packed(9), packed(0))
	if u, err := c.Get(t.Context(), idA); err != nil || string(u.Raw) != upload {
		t.Errorf("got %+v, %v", u, err)
	}
	s.ended()
}

func TestAPIError(t *testing.T) {
	_, c := play(t, refuses(http.StatusConflict, api.Conflict))
	_, err := c.Get(t.Context(), idA)
	failure, ok := errors.AsType[*client.Error](err)
	want := &client.Error{Status: 409, Code: api.Conflict, Message: "it is conflict", RequestID: "request"}
	if !ok || *failure != *want {
		t.Errorf("got %#v, want %#v", err, want)
	}
}

func TestUnexpectedAnswers(t *testing.T) {
	for _, test := range []struct {
		status     int
		body, want string
	}{
		{200, "<html>", "answers 200 OK, and not as this API does"},
		{403, "{}", "answers 403 Forbidden, and not as this API does"},
		{302, "", "answers 302 Found, and not as this API does"},
		{200, `{"id":"../x"}`, "answers 200 OK, and not as this API does"},
		{200, `{"id":"` + idA + `","size":-1}`, "answers 200 OK, and not as this API does"},
		{200, `{"id":"` + idB + `"}`, "answers with another upload"},
	} {
		_, c := play(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			says(test.status, test.body)(w, r)
		})
		if _, err := c.Get(t.Context(), idA); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%d %s: got %v, want %q", test.status, test.body, err, test.want)
		}
	}
}

func TestRetries(t *testing.T) {
	get := func(c *client.Client) error { _, err := c.Get(context.Background(), idA); return err }
	grant := func(c *client.Client) error { _, err := c.Grant(context.Background(), api.UploadRequest{}); return err }
	remove := func(c *client.Client) error { return c.Delete(context.Background(), idA) }
	patch := func(version int64) func(*client.Client) error {
		return func(c *client.Client) error {
			_, err := c.Patch(context.Background(), idA, api.UploadPatch{}, version)
			return err
		}
	}
	busy, ok := refuses(http.StatusTooManyRequests, api.TooManyRequests), says(http.StatusOK, upload)
	broken, gone := refuses(http.StatusInternalServerError, api.InternalError), refuses(http.StatusNotFound, api.NotFound)
	for _, test := range []struct {
		name  string
		call  func(*client.Client) error
		steps []http.HandlerFunc
		want  string
	}{
		{"get after faults", get, []http.HandlerFunc{broken, hangsUp, busy, ok}, ""},
		{"get after HTML", get, []http.HandlerFunc{says(502, "<html>"), ok}, ""},
		{"get that stays broken", get, []http.HandlerFunc{broken, broken, broken, broken}, "it is internal_error"},
		{"get of nothing", get, []http.HandlerFunc{gone}, "it is not_found"},
		{"grant", grant, []http.HandlerFunc{hangsUp, broken, says(http.StatusCreated, "{}")}, ""},
		{"delete twice", remove, []http.HandlerFunc{broken, gone}, ""},
		{"delete whose answer is lost", remove, []http.HandlerFunc{hangsUp, gone}, ""},
		{"delete of nothing", remove, []http.HandlerFunc{busy, gone}, "it is not_found"},
		{"patch", patch(client.AnyVersion), []http.HandlerFunc{broken, ok}, ""},
		{"patch of a version", patch(2), []http.HandlerFunc{busy, broken}, "it is internal_error"},
		{"patch of a version, lost", patch(0), []http.HandlerFunc{hangsUp}, "calling 127.0.0.1"},
		{"a long pause", get, []http.HandlerFunc{later("31", busy)}, "it is too_many_requests"},
	} {
		t.Run(test.name, func(t *testing.T) {
			client.RecordPauses(t)
			s, c := play(t, test.steps...)
			err := test.call(c)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			s.ended()
		})
	}
}

func TestPauses(t *testing.T) {
	pauses := client.RecordPauses(t)
	broken := says(http.StatusServiceUnavailable, "")
	_, c := play(t, broken, later("7", broken), broken, broken, broken, broken, broken, broken, says(http.StatusOK, "{}"))
	c.Attempts = 9
	if err := c.Health(t.Context()); err != nil {
		t.Fatal(err)
	}
	longest := []time.Duration{200, 7000, 800, 1600, 3200, 5000, 5000, 5000}
	for i, got := range pauses() {
		want := longest[i] * time.Millisecond
		if got > want || got < want/2 || i == 1 && got != want {
			t.Errorf("pause %d: got %s, want %s to %s", i, got, want/2, want)
		}
	}
}

func TestContextEnds(t *testing.T) {
	pauses := client.RecordPauses(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, c := play(t, func(http.ResponseWriter, *http.Request) { cancel(); panic(http.ErrAbortHandler) })
	if _, err := c.Get(ctx, idA); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if got := pauses(); len(got) > 0 {
		t.Errorf("got pauses %v, want none", got)
	}
}

func TestUnreachable(t *testing.T) {
	client.RecordPauses(t)
	c, err := client.New("http://127.0.0.1:1/", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Mail = "planted@example.com"
	_, err = c.Get(t.Context(), idA)
	if err == nil || !strings.HasPrefix(err.Error(), "calling 127.0.0.1:1: dial tcp") || strings.Contains(err.Error(), "planted") {
		t.Errorf("got %v, want an error that names the host and nothing else", err)
	}
}

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]string{
		"https://example.com/api":    "https://example.com/api/",
		"https://example.com/api/":   "https://example.com/api/",
		"https://example.com":        "https://example.com/",
		"http://localhost:8080/api/": "http://localhost:8080/api/",
		"http://127.0.0.1/api/":      "http://127.0.0.1/api/",
		"http://[::1]:80/api/":       "http://[::1]:80/api/",
	} {
		if got, err := client.ParseAddress(text); err != nil || got.String() != want {
			t.Errorf("%s: got %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "example.com/api", "ftp://example.com/", "https:///api", "http://example.com/", "http://127.0.0.1.example.com/",
		"http://10.0.0.1/", "https://ann:" + password + "@example.com/", "https://example.com/?x", "https://example.com/?",
		"https://example.com/#x", "https://exa mple.com/",
	} {
		got, err := client.ParseAddress(text)
		if err == nil {
			t.Errorf("%s: got %s, want an error", text, got)
		}
		secretless(t, err)
	}
}

// What is no id never becomes a path.
func TestIDs(t *testing.T) {
	_, c := play(t)
	for _, id := range []string{"", "../x", idA + "/download", strings.ToUpper(idA)} {
		_, get := c.Get(t.Context(), id)
		_, patch := c.Patch(t.Context(), id, api.UploadPatch{}, client.AnyVersion)
		_, download := c.Download(t.Context(), api.Upload{ID: id})
		for _, err := range []error{get, patch, download, c.Delete(t.Context(), id)} {
			if err == nil || !strings.HasPrefix(err.Error(), "not the id of an upload") {
				t.Errorf("%q: got %v", id, err)
			}
		}
	}
}

func TestAwait(t *testing.T) {
	pauses := client.RecordPauses(t)
	waiting := says(http.StatusOK, strings.Replace(upload, "ready", "waiting", 1))
	s, c := play(t, waiting, waiting, waiting, says(http.StatusOK, upload))
	if u, err := c.Await(t.Context(), idA); err != nil || u.Status != api.StatusReady {
		t.Errorf("got %+v, %v", u, err)
	}
	s.ended()
	if got := len(pauses()); got != 3 {
		t.Errorf("got %d pauses, want 3", got)
	}
}

func TestPatch(t *testing.T) {
	title := "x"
	s, c := play(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("If-Match"); got != `"0"` {
			t.Errorf("got If-Match %s", got)
		}
		says(http.StatusOK, upload)(w, r)
	}, func(w http.ResponseWriter, r *http.Request) {
		if got, ok := r.Header["If-Match"]; ok {
			t.Errorf("got If-Match %s, want none", got)
		}
		says(http.StatusOK, upload)(w, r)
	})
	for _, version := range []int64{0, client.AnyVersion} {
		if u, err := c.Patch(t.Context(), idA, api.UploadPatch{Title: &title}, version); err != nil || u.Version != 2 {
			t.Errorf("got %+v, %v", u, err)
		}
	}
	want := "PATCH /api/uploads/" + idA + ` {"title":"x"}`
	if diff := cmp.Diff(s.requests, []string{want, want}); diff != "" {
		t.Errorf("requests (-got +want)\n%s", diff)
	}
}

func TestList(t *testing.T) {
	page := func(cursor string, ids ...string) http.HandlerFunc {
		var uploads []string
		for _, id := range ids {
			uploads = append(uploads, `{"id":"`+id+`"}`)
		}
		return says(http.StatusOK, fmt.Sprintf(`{"uploads":[%s],"cursor":%q}`, strings.Join(uploads, ","), cursor))
	}
	for _, test := range []struct {
		name    string
		options client.ListOptions
		steps   []http.HandlerFunc
		want    []string // requests
		ids     string
		more    bool
		err     string
	}{
		{"all", client.ListOptions{}, []http.HandlerFunc{page("1", idB), page("2"), page("", idA)}, []string{"limit=100", "cursor=1&limit=100", "cursor=2&limit=100"}, idB + idA, false, ""},
		{"limit", client.ListOptions{Limit: 1, Status: "ready", Context: "order 7"}, []http.HandlerFunc{page("1", idB)}, []string{"context=order+7&limit=1&status=ready"}, idB, true, ""},
		{"limit after empty", client.ListOptions{Limit: 2}, []http.HandlerFunc{page("1", idB), page("2"), page("3", idA)}, []string{"limit=2", "cursor=1&limit=1", "cursor=2&limit=100"}, idB + idA, true, ""},
		{"wrong order", client.ListOptions{}, []http.HandlerFunc{page("1", idA), page("2", idB)}, []string{"limit=100", "cursor=1&limit=100"}, idA, true, "something else than a page"},
		{"same cursor", client.ListOptions{}, []http.HandlerFunc{page("1"), page("1")}, []string{"limit=100", "cursor=1&limit=100"}, "", true, "something else than a page"},
		{"too many", client.ListOptions{Limit: 1}, []http.HandlerFunc{page("1", idB, idA)}, []string{"limit=1"}, "", false, "something else than a page"},
		{"no page", client.ListOptions{}, []http.HandlerFunc{says(http.StatusOK, "{}")}, []string{"limit=100"}, "", false, "something else than a page"},
		{"refused", client.ListOptions{}, []http.HandlerFunc{refuses(http.StatusForbidden, api.Forbidden)}, []string{"limit=100"}, "", false, "it is forbidden"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, c := play(t, test.steps...)
			var ids, failure string
			more := false
			for page, err := range c.List(t.Context(), test.options) {
				if err != nil {
					failure = err.Error()
					break
				}
				for _, u := range page.Uploads {
					ids += u.ID
				}
				more = page.More
			}
			if ids != test.ids || more != test.more || (failure == "") != (test.err == "") || !strings.Contains(failure, test.err) {
				t.Errorf("got %s, more %t, error %q", ids, more, failure)
			}
			var want []string
			for _, query := range test.want {
				want = append(want, "GET /api/uploads?"+query)
			}
			if diff := cmp.Diff(s.requests, want); diff != "" {
				t.Errorf("requests (-got +want)\n%s", diff)
			}
		})
	}
}

func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}
