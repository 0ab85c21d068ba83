package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// The site's files are texts, which the checker does not know by itself.
func init() {
	for _, mediaType := range []string{"text/html", "text/javascript", "text/css", "image/svg+xml"} {
		openapi3filter.RegisterBodyDecoder(mediaType, openapi3filter.PlainBodyDecoder)
	}
}

// A document is docs/openapi.json. Every answer of the API must be as it says.
type document struct {
	schemas openapi3.Schemas
	router  routers.Router
}

var openDocument = sync.OnceValues(func() (*document, error) {
	read, err := openapi3.NewLoader().LoadFromFile(filepath.Join(root, "docs", "openapi.json"))
	if err != nil {
		return nil, fmt.Errorf("reading the API document: %w", err)
	}
	read.Servers = nil // the address is the test's
	router, err := legacy.NewRouter(read)
	if err != nil {
		return nil, fmt.Errorf("reading the API document: %w", err)
	}
	return &document{read.Components.Schemas, router}, nil
})

// checkDocumented fails the test if the document does not describe the answer to a request. Tests that alter the template
// or a function alter answers too, so that only their faults are checked.
func (c client) checkDocumented(t *testing.T, req *http.Request, a answer) {
	t.Helper()
	if c.base != demo.base && a.status < http.StatusInternalServerError {
		return
	}
	d, err := openDocument()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.check(c.base, req, a); err != nil {
		t.Errorf("%s %s: the answer is not as docs/openapi.json has it: %v", req.Method, req.URL.Path, err)
	}
}

// check compares an answer of the API at base with the operation of its request or, if there is none, with the schema of
// errors. It ignores preflights, which the document does not describe, and answers from elsewhere than below base.
func (d *document) check(base string, req *http.Request, a answer) error {
	at, err := url.Parse(base)
	if err != nil {
		return err
	}
	// As it was sent: an encoded slash is part of a path parameter.
	below, ok := strings.CutPrefix(path.Clean(req.URL.EscapedPath()), strings.TrimSuffix(at.Path, "/")+"/")
	if !ok || req.Method == http.MethodOptions {
		return nil
	}
	if len(a.body) > 0 && !bytes.HasSuffix(a.body, []byte("\n")) {
		return fmt.Errorf("the body %.80q does not end with a line end", a.body)
	}
	sent := req.Clone(context.Background())
	sent.URL.Path, sent.URL.RawPath = "/"+below, ""
	route, parameters, err := d.router.FindRoute(sent)
	if err != nil {
		return d.checkUnknown(a)
	}
	input := &openapi3filter.RequestValidationInput{
		Request: sent, Route: route, PathParams: parameters,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if a.status < http.StatusBadRequest {
		if err := checkRequest(input); err != nil {
			return fmt.Errorf("the request is accepted: %w", err)
		}
	}
	if a.status == http.StatusNoContent && len(a.body) != 0 {
		return fmt.Errorf("an answer of %d has the body %q", a.status, a.body)
	}
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
}

// checkRequest checks that the document allows a request that the API accepted.
func checkRequest(input *openapi3filter.RequestValidationInput) error {
	body, err := sentBody(input.Request)
	if err != nil {
		return err
	}
	input.Request.Body = io.NopCloser(bytes.NewReader(body))
	input.Options.ExcludeRequestBody = int64(len(body)) != input.Request.ContentLength
	return openapi3filter.ValidateRequest(context.Background(), input)
}

// sentBody returns the body of a request that was sent. A body that a test set by hand cannot be read a second time: its
// length then differs from the request's.
func sentBody(req *http.Request) ([]byte, error) {
	if req.GetBody == nil {
		return nil, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}

// checkUnknown compares the answer to an unknown route with what the document says of such routes.
func (d *document) checkUnknown(a answer) error {
	if a.status != http.StatusNotFound {
		return fmt.Errorf("no such route, but the answer is %d", a.status)
	}
	var body any
	if err := json.Unmarshal(a.body, &body); err != nil {
		return err
	}
	return d.schemas["ErrorBody"].Value.VisitJSON(body)
}

// TestUndocumentedAnswersAreFound alters answers of the API, and wants the document to refuse them.
func TestUndocumentedAnswersAreFound(t *testing.T) {
	d, err := openDocument()
	if err != nil {
		t.Fatal(err)
	}
	form := "presignedurl?mail=" + url.QueryEscape(demo.user)
	anonymous := newClient(demo.base, "")
	member := func(name string, value any) func(*answer) {
		return func(a *answer) {
			var body map[string]any
			if err := json.Unmarshal(a.body, &body); err != nil {
				t.Fatal(err)
			}
			if body[name] = value; value == nil {
				delete(body, name)
			}
			text, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			a.body = fmt.Appendf(nil, "%s\n", text)
		}
	}
	set := func(name, value string) func(*answer) {
		return func(a *answer) { a.header.Set(name, value) }
	}
	status := func(status int) func(*answer) {
		return func(a *answer) { a.status = status }
	}
	for _, test := range []struct {
		name   string
		client client
		path   string
		alter  func(*answer)
	}{
		{"an extra member", demo, form, member("bucket", "x")},
		{"a field that is not a string", demo, form, member("fields", map[string]any{"key": 1})},
		{"no line end", demo, form, func(a *answer) { a.body = bytes.TrimSpace(a.body) }},
		{"no key", demo, form, member("key", nil)},
		{"a key with a mail", demo, form, member("key", "videos/"+demo.user+"/1.mp4")},
		{"a time that is not in UTC", demo, form, member("expires", "2026-03-14T15:24:26+01:00")},
		{"another status", demo, form, status(http.StatusCreated)},
		{"another type", demo, form, set("Content-Type", "text/html")},
		{"an error with an extra member", anonymous, form, member("stack", "x")},
		{"an error with another status's code", anonymous, form, member("code", "forbidden")},
		{"an error without a request id", anonymous, form, member("requestId", nil)},
		{"a 401 without a challenge", anonymous, form, func(a *answer) { a.header.Del("WWW-Authenticate") }},
		{"an undocumented status", anonymous, form, status(http.StatusTeapot)},
		{"an unknown route that answers", demo, "buckets", status(http.StatusOK)},
		{"an unknown route with a body of its own", demo, "buckets", member("code", "teapot")},
		{"another health", anonymous, "health", member("status", "down")},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := test.client.do(t, http.MethodGet, test.path)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, demo.base+test.path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.check(demo.base, req, a); err != nil {
				t.Fatalf("unaltered: %v", err)
			}
			test.alter(&a)
			if d.check(demo.base, req, a) == nil {
				t.Errorf("%d %s is accepted", a.status, a.body)
			}
		})
	}
}
