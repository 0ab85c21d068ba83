package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/api"
	library "postern/client"
)

// A client calls the API as one user.
type client struct {
	base           string // ends in a slash
	user, password string
}

func newClient(base, credentials string) client {
	user, password, _ := strings.Cut(credentials, ":")
	return client{strings.TrimSuffix(base, "/") + "/", user, password}
}

// An answer is an HTTP answer, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// The API's own types, under the names that these tests have for them. "api" is the API under test.
type (
	record    = api.Upload
	page      = api.UploadList
	errorBody = api.ErrorBody
)

// A form is the answer of GET /presignedurl.
type form struct{ api.PresignedForm }

// A grant is the answer of POST /uploads.
type grant struct{ api.UploadGrant }

// form returns the form of a grant with method POST.
func (g grant) form() form {
	return form{api.PresignedForm{URL: g.URL, Fields: g.Fields, ID: g.ID, Key: g.Key, Expires: g.Expires}}
}

// send sends a file in memory as the grant says, and returns the status and S3's error code.
func (g grant) send(t *testing.T, file []byte) (status int, code string) {
	t.Helper()
	if g.Method == api.MethodPut {
		return g.put(t, file)
	}
	return g.post(t, file)
}

// post posts a file in memory with the grant's form, and returns the status and S3's error code.
func (g grant) post(t *testing.T, file []byte) (status int, code string) {
	t.Helper()
	return g.form().post(t, file)
}

var httpClient = &http.Client{Timeout: 2 * time.Minute}

// sender sends files as a program that uses our client does. It repeats nothing, unless it has to.
var sender = &library.Client{HTTP: httpClient, Attempts: map[bool]int{false: 1, true: 8}[onBadDay]}

// bearer stands in the place of a client's user if its password is a token.
const bearer = "(bearer)"

// isGuest reports whether the client holds a link for guests in the place of a password.
func (c client) isGuest() bool { return strings.HasPrefix(c.password, api.LinkPrefix) }

// do sends a request; with Basic credentials when the client has a user, or with its token.
func (c client) do(t *testing.T, method, path string, edit ...func(*http.Request)) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, c.base+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case c.user == "":
	case c.user == bearer, strings.HasPrefix(c.password, "pstn_"), c.isGuest(), strings.HasPrefix(c.password, "eyJ"): // a token, a key for scripts, or a link for guests
		req.Header.Set("Authorization", "Bearer "+c.password)
	default:
		req.SetBasicAuth(c.user, c.password)
	}
	for _, edit := range edit {
		edit(req)
	}
	a := send(t, req)
	c.checkDocumented(t, req, a)
	return a
}

func send(t *testing.T, req *http.Request) answer {
	t.Helper()
	resp, err := httpClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, body}
}

// presignedURL gets a form for the client's own mail, with further query parameters as name, value pairs.
func (c client) presignedURL(t *testing.T, parameters ...string) form {
	t.Helper()
	query := url.Values{"mail": {c.user}}
	for i := 0; i < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	a := c.do(t, http.MethodGet, "presignedurl?"+query.Encode())
	if a.status != http.StatusOK {
		t.Fatalf("GET presignedurl?%s: got %d %s, want 200", query.Encode(), a.status, a.body)
	}
	var f form
	if err := json.Unmarshal(a.body, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// upload posts a file of a size with the form's fields, the file last, and returns the status and S3's error code.
// Fields given as name, value pairs come after the file.
func (f form) upload(t *testing.T, file io.Reader, size int64, after ...string) (status int, code string) {
	t.Helper()
	var before []string
	for _, name := range slices.Sorted(maps.Keys(f.Fields)) {
		before = append(before, name, f.Fields[name])
	}
	return f.send(t, before, file, size, after)
}

// send posts a file of a size between fields given as name, value pairs.
func (f form) send(t *testing.T, before []string, file io.Reader, size int64, after []string) (status int, code string) {
	t.Helper()
	var around bytes.Buffer
	w := multipart.NewWriter(&around)
	for i := 0; i < len(before); i += 2 {
		_ = w.WriteField(before[i], before[i+1])
	}
	_, _ = w.CreateFormFile("file", "intro.mp4")
	head := around.Len()
	for i := 0; i < len(after); i += 2 {
		_ = w.WriteField(after[i], after[i+1])
	}
	_ = w.Close() // a buffer takes everything
	whole := around.Bytes()

	body := io.MultiReader(bytes.NewReader(whole[:head]), io.LimitReader(file, size), bytes.NewReader(whole[head:]))
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, f.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(len(whole)) + size
	req.Header.Set("Content-Type", w.FormDataContentType())
	// S3 may answer before it has read a body that is too large.
	req.Header.Set("Expect", "100-continue")
	a := send(t, req)
	var fault struct{ Code string }
	_ = xml.Unmarshal(a.body, &fault)
	return a.status, fault.Code
}

// post is upload for a file in memory.
func (f form) post(t *testing.T, file []byte) (status int, code string) {
	t.Helper()
	return f.upload(t, bytes.NewReader(file), int64(len(file)))
}
