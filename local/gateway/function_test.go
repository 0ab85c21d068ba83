package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/local/gateway"
)

const internalError = `{"message":"Internal server error"}`

func TestFunctionAnswers(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		status       int
		body         string
		header       http.Header // of those that the test is about
	}{
		{"all members", `{"statusCode":201,"headers":{"X-A":"1"},"multiValueHeaders":{"X-B":["2","3"]},"body":"hi","isBase64Encoded":false}`, 201, "hi", http.Header{"X-A": {"1"}, "X-B": {"2", "3"}}},
		{"nothing", `{}`, 200, "", http.Header{"Content-Type": {"application/json"}}},
		{"nulls", `{"statusCode":204,"headers":null,"multiValueHeaders":null,"body":null}`, 204, "", nil},
		{"content type", `{"headers":{"content-type":"text/xml"},"body":"<a/>"}`, 200, "<a/>", http.Header{"Content-Type": {"text/xml"}}},
		{"scalars", `{"headers":{"X-A":1,"X-B":true,"X-C":1.50}}`, 200, "", http.Header{"X-A": {"1"}, "X-B": {"true"}, "X-C": {"1.50"}}},
		{"both kinds of header", `{"headers":{"x-a":"1"},"multiValueHeaders":{"X-A":["2"]}}`, 200, "", http.Header{"X-A": {"2"}}},
		{"encoded body without binary media types", `{"body":"aGk=","isBase64Encoded":true}`, 200, "aGk=", nil},
		{"failure of its own", `{"statusCode":500,"body":"{\"message\":\"internal error\"}"}`, 500, `{"message":"internal error"}`, http.Header{"X-Amzn-Errortype": nil}},
		{"bodiless status with a body", `{"statusCode":304,"body":"x"}`, 304, "", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := serve(handler(t, api(), with("Handler", answering(test.answer))), post(""))
			expect(t, w, test.status, test.body)
			for name, want := range test.header {
				if diff := cmp.Diff(want, w.Header()[name]); diff != "" {
					t.Errorf("header %s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func TestMalformedAnswers(t *testing.T) {
	for _, answer := range []string{
		``, `null`, `"text"`, `7`, `[]`, `{`, `{}{}`, `{"statusCode":200} x`,
		`{"statusCode":"200"}`, `{"statusCode":200.5}`, `{"statusCode":99}`, `{"statusCode":101}`, `{"statusCode":600}`, `{"statusCode":-1}`,
		`{"statusCode":200,"body":{}}`, `{"statusCode":200,"body":1}`, `{"statusCode":200,"isBase64Encoded":"no"}`,
		`{"statusCode":200,"headers":[]}`, `{"statusCode":200,"headers":{"A":null}}`, `{"statusCode":200,"headers":{"A":{}}}`,
		`{"statusCode":200,"headers":{"A":["b"]}}`, `{"statusCode":200,"multiValueHeaders":{"A":"b"}}`,
		`{"statusCode":200,"headers":{"A":"b\r\nSet-Cookie: c"}}`, `{"statusCode":200,"headers":{"A b":"c"}}`, `{"statusCode":200,"headers":{"":"c"}}`,
		`{"statusCode":200,"cookies":[]}`, `{"message":"hi"}`,
	} {
		w := serve(handler(t, api(), with("Handler", answering(answer))), post(""))
		if w.Code != 502 || w.Body.String() != internalError {
			t.Errorf("answer %s: got %d %s, want 502 %s", answer, w.Code, w.Body, internalError)
		}
		if got := w.Header().Get("X-Amzn-Errortype"); got != "InternalServerErrorException" {
			t.Errorf("answer %s: got x-amzn-ErrorType %q", answer, got)
		}
	}
}

func TestRemappedHeaders(t *testing.T) {
	answer := `{"statusCode":401,"body":"","headers":{"WWW-Authenticate":"Basic","server":"me","Date":"now","Content-Length":"9",
		"Connection":"close","Authorization":"a","x-amzn-RequestId":"forged","Transfer-Encoding":"chunked","Location":"/kept"}}`
	w := serve(handler(t, api(), with("Handler", answering(answer))), post(""))
	want := http.Header{
		"Content-Length":                   {"0"},
		"Content-Type":                     {"application/json"},
		"Location":                         {"/kept"},
		"X-Amz-Apigw-Id":                   {"MTExMTExMTEtMjI="},
		"X-Amzn-Remapped-Authorization":    {"a"},
		"X-Amzn-Remapped-Connection":       {"close"},
		"X-Amzn-Remapped-Content-Length":   {"9"},
		"X-Amzn-Remapped-Date":             {"now"},
		"X-Amzn-Remapped-Server":           {"me"},
		"X-Amzn-Remapped-Www-Authenticate": {"Basic"},
		"X-Amzn-Remapped-X-Amzn-Requestid": {"forged"},
		"X-Amzn-Requestid":                 {"11111111-2222-4333-8444-555555555555"},
		"X-Amzn-Trace-Id":                  {"Root=1-695735a5-111111112222433384445555"},
	}
	if diff := cmp.Diff(want, w.Header()); diff != "" {
		t.Errorf("the headers (-want +got):\n%s", diff)
	}
}

func TestFunctionFailures(t *testing.T) {
	for _, test := range []struct {
		name   string
		err    error
		status int
	}{
		{"error", reported{"errorString", "something"}, 502},
		{"the authorizer's word", reported{"errorString", "Unauthorized"}, 502},
		{"crash", reported{"Runtime.ExitError", "exit status 2"}, 502},
		{"timeout of its own", fmt.Errorf("invoking: %w", reported{"Sandbox.Timedout", "timed out"}), 502},
		{"not run", errNotRun, 500},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := serve(handler(t, api(), with("Handler", failing(test.err))), post(""))
			expect(t, w, test.status, internalError)
		})
	}
}

func TestIntegrationTimeout(t *testing.T) {
	a := api()
	a.Methods[4].Integration.Timeout = 20 * time.Millisecond
	w := serve(handler(t, a, with("Handler", hanging)), post(""))
	expect(t, w, 504, `{"message":"Endpoint request timed out"}`)
}

func TestSizes(t *testing.T) {
	const mib = 1 << 20
	big := strings.Repeat("a", 10*mib)
	for _, test := range []struct {
		name    string
		request *http.Request
		status  int
		body    string
	}{
		{"body over 10 MiB", post(big + "a"), 413, `{"message":"HTTP content length exceeded 10485760 bytes."}`},
		{"body over 10 MiB of unknown length", newRequest(http.MethodPost, "/api/open", struct{ *strings.Reader }{strings.NewReader(big + "a")}), 413, `{"message":"HTTP content length exceeded 10485760 bytes."}`},
		{"body of 10 MiB, too much for a function", post(big), 413, `{"message":"Request Too Long"}`},
		{"body of 6 MiB, too much with the event around it", post(big[:6*mib]), 413, `{"message":"Request Too Long"}`},
		{"body of 5 MiB", post(big[:5*mib]), 200, "{}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := honest()
			expect(t, serve(handler(t, api(), f), test.request), test.status, test.body)
			if invoked := f.invoked("Handler") != nil; invoked != (test.status == 200) {
				t.Errorf("the function was invoked: %v", invoked)
			}
		})
	}
	t.Run("answer over 10 MiB", func(t *testing.T) {
		f := with("Handler", answering(`{"body":"`+big+`"}`))
		expect(t, serve(handler(t, api(), f), post("")), 502, internalError)
	})
}

// A body that says it is too large is not read at all.
func TestAnnouncedSize(t *testing.T) {
	r := newRequest(http.MethodPost, "/api/open", iotest.ErrReader(errors.New("the body is read")))
	r.ContentLength = 10<<20 + 1
	expect(t, serve(handler(t, api(), honest()), r), 413, `{"message":"HTTP content length exceeded 10485760 bytes."}`)
}

func TestBrokenBody(t *testing.T) {
	r := newRequest(http.MethodPost, "/api/open", iotest.ErrReader(errors.New("the connection broke")))
	expect(t, serve(handler(t, api(), honest()), r), 400, `{"message":"Bad Request"}`)
}

// A caller who leaves ends the wait for the function.
func TestDisconnect(t *testing.T) {
	started, ended := make(chan struct{}), make(chan error, 1)
	f := with("Handler", func(ctx context.Context, _ []byte) ([]byte, error) {
		close(started)
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	})
	a := api()
	a.Methods[4].Integration.Timeout = 29 * time.Second
	var log bytes.Buffer
	o := options()
	o.ErrorLog = slog.New(slog.NewTextHandler(&log, nil))
	h, err := gateway.New(a, f, o)
	if err != nil {
		t.Fatal(err)
	}
	returned := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		close(returned)
	}))
	defer server.Close()

	ctx, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/api/open", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-started
		leave()
	}()
	response, err := http.DefaultClient.Do(request)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the request to be canceled", err)
	}
	if response != nil {
		_ = response.Body.Close()
	}
	select {
	case <-returned:
	case <-time.After(10 * time.Second):
		t.Fatal("the handler still waits, 10 s after the caller left")
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the invocation's context ended with %v, want canceled", err)
	}
	if log.Len() != 0 {
		t.Errorf("a caller who left is logged as an error: %s", &log)
	}
}

// Over a real connection a HEAD has no body, and a 204 no length.
func TestConnection(t *testing.T) {
	a := api()
	a.Methods = append(a.Methods, mocked("HEAD", "/health", "200", "body"))
	server := httptest.NewServer(handler(t, a, honest()))
	defer server.Close()
	for _, test := range []struct {
		method, path string
		status       int
		length       int64
	}{
		{http.MethodHead, "/api/health", 200, 4},
		{http.MethodOptions, "/api/presignedurl", 204, 0},
		{http.MethodHead, "/api/unknown", 403, 42},
	} {
		request, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != test.status || response.ContentLength != test.length {
			t.Errorf("%s %s: got %d with length %d, want %d with %d", test.method, test.path, response.StatusCode, response.ContentLength, test.status, test.length)
		}
	}
}

func BenchmarkProxy(b *testing.B) {
	h, err := newHandler(api(), honest())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if w := serve(h, request()); w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}
