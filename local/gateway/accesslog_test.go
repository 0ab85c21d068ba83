package gateway_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/local/gateway"
)

func TestAccessLog(t *testing.T) {
	const format = `{"requestId":"$context.requestId","method":"$context.httpMethod","path":"$context.path","resource":"$context.resourcePath",` +
		`"status":$context.status,"length":"$context.responseLength","time":"$context.requestTime","agent":"$context.identity.userAgent",` +
		`"error":"$context.error.responseType","message":$context.error.messageString,"principal":"$context.authorizer.principalId","owner":"$context.authorizer.owner",` +
		`"authorizer":"$context.authorizer.status","integration":"$context.integration.status","stage":"$context.stage","ip":"$context.identity.sourceIp"}`
	type object = map[string]any
	line := func(changes object) object {
		all := object{
			"requestId": "11111111-2222-4333-8444-555555555555", "method": "GET", "path": "/api/presignedurl", "resource": "/presignedurl",
			"status": 200.0, "length": "2", "time": "02/Jan/2026:03:04:05 +0000", "agent": "-",
			"error": "-", "message": "-", "principal": "someone", "owner": "0123456789abcdef0123",
			"authorizer": "200", "integration": "200", "stage": "api", "ip": "192.0.2.1",
		}
		for name, value := range changes {
			all[name] = value
		}
		return all
	}
	forger := get(presignedURL)
	forger.Header.Set("User-Agent", "a\",\"status\":200}\n{\"b")
	for _, test := range []struct {
		name    string
		request *http.Request
		want    object
	}{
		{"answered", get(presignedURL), line(nil)},
		{"refused", newRequest(http.MethodGet, presignedURL, nil), line(object{
			"status": 401.0, "length": "26", "error": "UNAUTHORIZED", "message": "Unauthorized",
			"principal": "-", "owner": "-", "authorizer": "-", "integration": "-",
		})},
		{"no route", get("/api/%22?secret=1"), line(object{
			"path": "/api/%22", "resource": "-", "status": 403.0, "length": "42", "error": "MISSING_AUTHENTICATION_TOKEN",
			"message": "Missing Authentication Token", "principal": "-", "owner": "-", "authorizer": "-", "integration": "-",
		})},
		{"forged line", forger, line(object{"agent": "a\",\"status\":200}\n{\"b"})},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			a := api()
			a.AccessLog = format
			o := options()
			o.AccessLog = &log
			h, err := gateway.New(a, honest(), o)
			if err != nil {
				t.Fatal(err)
			}
			serve(h, test.request)
			if got := strings.Count(log.String(), "\n"); got != 1 {
				t.Errorf("got %d lines, want 1: %s", got, &log)
			}
			var got object
			// A dash stands for what is not known, also outside of quotes: AWS does the same.
			if err := json.Unmarshal(bytes.ReplaceAll(log.Bytes(), []byte(`:-,`), []byte(`:"-",`)), &got); err != nil {
				t.Fatalf("the line is not JSON: %v: %s", err, &log)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the line (-want +got):\n%s", diff)
			}
			if strings.Contains(log.String(), "secret") || strings.Contains(log.String(), "example.com") {
				t.Errorf("the line shows the query: %s", &log)
			}
		})
	}
}

func TestNoAccessLog(t *testing.T) {
	var log bytes.Buffer
	o := options()
	o.AccessLog = &log
	h, err := gateway.New(api(), honest(), o)
	if err != nil {
		t.Fatal(err)
	}
	serve(h, get(presignedURL))
	if log.Len() != 0 {
		t.Errorf("an API without an access log format logs %q", &log)
	}
}

// The error log says why, and nothing of what a request or an answer held.
func TestErrorLog(t *testing.T) {
	const secret = "hunter2"
	for name, test := range map[string]struct {
		functions *functions
		want      string
	}{
		"function error":       {with("Handler", failing(reported{"Runtime.ExitError", secret})), "the function failed"},
		"malformed answer":     {with("Handler", answering(`{"statusCode":"`+secret+`"}`)), "the function's answer is malformed"},
		"not run":              {with("Handler", failing(errNotRun)), "the function could not be invoked"},
		"authorizer error":     {with("Authorizer", failing(reported{"errorString", secret})), "the authorizer failed"},
		"authorizer's answer":  {with("Authorizer", answering(`{"principalId":"`+secret+`"}`)), "the authorizer's answer is malformed"},
		"authorizer's context": {with("Authorizer", answering(`{"principalId":"a","policyDocument":{},"context":{"a":["`+secret+`"]}}`)), "the authorizer's answer is malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			o := options()
			o.ErrorLog = slog.New(slog.NewTextHandler(&log, nil))
			h, err := gateway.New(api(), test.functions, o)
			if err != nil {
				t.Fatal(err)
			}
			r := get("/api/presignedurl?mail=" + secret)
			r.Header.Set("Authorization", secret)
			serve(h, r)
			if got := log.String(); !strings.Contains(got, test.want) || !strings.Contains(got, "GET /presignedurl") || strings.Contains(got, secret) {
				t.Errorf("got the log %q, want one that says %q and not %q", got, test.want, secret)
			}
		})
	}
}

func TestRefusalsAreNoErrors(t *testing.T) {
	var log bytes.Buffer
	o := options()
	o.ErrorLog = slog.New(slog.NewTextHandler(&log, nil))
	h, err := gateway.New(api(), with("Authorizer", failing(reported{"errorString", "Unauthorized"})), o)
	if err != nil {
		t.Fatal(err)
	}
	serve(h, get(presignedURL))
	serve(h, get("/api/unknown"))
	if log.Len() != 0 {
		t.Errorf("a wrong password is logged as an error: %s", &log)
	}
}
