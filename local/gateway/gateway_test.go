package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/internal/cfn"
	"postern/local/gateway"
)

// functions invokes Go functions by logical id, and keeps the events they got.
type functions struct {
	answer map[string]func(ctx context.Context, event []byte) ([]byte, error)

	mu     sync.Mutex
	events map[string][][]byte
}

func (f *functions) Invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	f.mu.Lock()
	if f.events == nil {
		f.events = map[string][][]byte{}
	}
	f.events[function] = append(f.events[function], event)
	f.mu.Unlock()
	return f.answer[function](ctx, event)
}

// invoked is the events that a function got so far.
func (f *functions) invoked(function string) [][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.events[function]
}

// answering is a function that always gives one answer.
func answering(answer string) func(context.Context, []byte) ([]byte, error) {
	return func(context.Context, []byte) ([]byte, error) { return []byte(answer), nil }
}

// failing is a function that always fails.
func failing(err error) func(context.Context, []byte) ([]byte, error) {
	return func(context.Context, []byte) ([]byte, error) { return nil, err }
}

// hanging is a function that never answers.
func hanging(ctx context.Context, _ []byte) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// allowing is an authorizer that allows the method it is asked about.
func allowing(_ context.Context, event []byte) ([]byte, error) {
	var request struct{ MethodArn string }
	if err := json.Unmarshal(event, &request); err != nil {
		return nil, err
	}
	return []byte(`{"principalId":"someone","policyDocument":{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["execute-api:Invoke"],"Resource":["` + request.MethodArn + `"]}]},
		"context":{"owner":"0123456789abcdef0123","maxSize":5,"trusted":true}}`), nil
}

// reported is an error that a function reports.
type reported struct{ kind, message string }

func (e reported) Error() string        { return e.kind + ": " + e.message }
func (e reported) ErrorType() string    { return e.kind }
func (e reported) ErrorMessage() string { return e.message }

var errNotRun = errors.New("no such process")

const ok = `{"statusCode":200,"body":"{}"}`

// honest are an authorizer that allows and a handler that answers.
func honest() *functions {
	return &functions{answer: map[string]func(context.Context, []byte) ([]byte, error){
		"Authorizer": allowing,
		"Handler":    answering(ok),
	}}
}

// with is honest functions, one of them replaced.
func with(function string, answer func(context.Context, []byte) ([]byte, error)) *functions {
	f := honest()
	f.answer[function] = answer
	return f
}

func proxied(method, resource string, authorizer *cfn.Authorizer) cfn.Method {
	return cfn.Method{
		LogicalID:   "Method" + method,
		HTTPMethod:  method,
		Resource:    resource,
		ResourceID:  "abc123",
		Authorizer:  authorizer,
		Integration: cfn.Integration{Type: "AWS_PROXY", Function: "Handler", Timeout: time.Second},
	}
}

func mocked(method, resource, status, body string) cfn.Method {
	return cfn.Method{
		LogicalID:  "Mock" + method,
		HTTPMethod: method,
		Resource:   resource,
		Integration: cfn.Integration{
			Type:             "MOCK",
			Passthrough:      "WHEN_NO_MATCH",
			RequestTemplates: map[string]string{"application/json": "{ statusCode: 200 }"},
			Responses: []cfn.IntegrationResponse{{
				StatusCode: status,
				Parameters: map[string]string{"method.response.header.Access-Control-Allow-Origin": "'*'"},
				Templates:  map[string]string{"application/json": body},
			}},
		},
		Responses: map[string]cfn.MethodResponse{
			status: {Parameters: map[string]bool{"method.response.header.Access-Control-Allow-Origin": true}},
		},
	}
}

// api is an API of the shape of this project's.
func api() cfn.API {
	authorizer := &cfn.Authorizer{
		LogicalID:       "RequestAuthorizer",
		Function:        "Authorizer",
		IdentitySources: []string{"method.request.header.Authorization"},
	}
	presignedURL := proxied("GET", "/presignedurl", authorizer)
	presignedURL.ValidateParameters = true
	presignedURL.Parameters = map[string]bool{
		"method.request.querystring.mail": true,
		"method.request.querystring.type": false,
	}
	return cfn.API{
		LogicalID: "Api",
		ID:        "abcdefghij",
		ARN:       "arn:aws:execute-api:eu-west-1:000000000000:abcdefghij",
		Stage:     "api",
		Methods: []cfn.Method{
			presignedURL,
			mocked("OPTIONS", "/presignedurl", "204", ""),
			mocked("GET", "/health", "200", `{"status":"ok"}`),
			mocked("GET", "/", "200", `root`),
			proxied("POST", "/open", nil),
			proxied("GET", "/uploads/{id}", nil),
			mocked("GET", "/uploads/mine", "200", `mine`),
			proxied("POST", "/uploads/{id}/parts", nil),
			proxied("ANY", "/any", nil),
			mocked("GET", "/any", "200", `get`),
		},
	}
}

func options() gateway.Options {
	return gateway.Options{
		Now:   func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC) },
		NewID: func() string { return "11111111-2222-4333-8444-555555555555" },
	}
}

func handler(t *testing.T, api cfn.API, f *functions) http.Handler {
	t.Helper()
	h, err := gateway.New(api, f, options())
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return h
}

// get makes a GET request with credentials.
func get(target string) *http.Request {
	r := newRequest(http.MethodGet, target, nil)
	r.Header.Set("Authorization", "Basic dTpw")
	return r
}

// post makes a POST request to the route that anybody may call.
func post(body string) *http.Request {
	return newRequest(http.MethodPost, "/api/open", strings.NewReader(body))
}

func newRequest(method, target string, body io.Reader) *http.Request {
	return httptest.NewRequestWithContext(context.Background(), method, target, body)
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// expect compares an answer's status and body.
func expect(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || w.Body.String() != body {
		t.Errorf("got %d %s, want %d %s", w.Code, w.Body, status, body)
	}
}
