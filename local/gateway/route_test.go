package gateway_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	missingToken = `{"message":"Missing Authentication Token"}`
	forbidden    = `{"message":"Forbidden"}`
)

func TestRoutes(t *testing.T) {
	for _, test := range []struct {
		method, target string
		status         int
		body           string
	}{
		{"GET", "/api/health", 200, `{"status":"ok"}`},
		{"GET", "/api/health/", 200, `{"status":"ok"}`},
		{"GET", "/api/health?x=1", 200, `{"status":"ok"}`},
		{"GET", "/api/", 200, "root"},
		{"GET", "/api", 200, "root"},
		{"OPTIONS", "/api/presignedurl", 204, ""},
		{"GET", "/api/uploads/mine", 200, "mine"},
		{"GET", "/api/uploads/other", 200, "{}"},
		{"POST", "/api/uploads/mine/parts", 200, "{}"},
		{"GET", "/api/any", 200, "get"},
		{"DELETE", "/api/any", 200, "{}"},

		{"GET", "/api/unknown", 403, missingToken},
		{"POST", "/api/health", 403, missingToken},
		{"HEAD", "/api/health", 403, missingToken},
		{"OPTIONS", "/api/health", 403, missingToken},
		{"OPTIONS", "/api/unknown", 403, missingToken},
		{"BREW", "/api/health", 403, missingToken},
		{"GET", "/api//health", 403, missingToken},
		{"GET", "/api/health//", 403, missingToken},
		{"GET", "/api/health/more", 403, missingToken},
		{"GET", "/api/Health", 403, missingToken},
		{"GET", "/api/%68ealth", 403, missingToken},
		{"GET", "/api/../api/health", 403, missingToken},
		{"GET", "/api/uploads", 403, missingToken},
		{"GET", "/api/uploads//", 403, missingToken},
		{"POST", "/api/uploads//parts", 403, missingToken},
		{"GET", "/api/uploads/a/b", 403, missingToken},

		{"GET", "/", 403, forbidden},
		{"GET", "/apis/health", 403, forbidden},
		{"GET", "/health", 403, forbidden},
		{"GET", "/API/health", 403, forbidden},
	} {
		t.Run(test.method+" "+test.target, func(t *testing.T) {
			w := serve(handler(t, api(), honest()), newRequest(test.method, test.target, nil))
			expect(t, w, test.status, test.body)
		})
	}
}

// Values of path parameters arrive as they were sent.
func TestPathParameters(t *testing.T) {
	for target, want := range map[string]string{
		"/api/uploads/a.mp4":           "a.mp4",
		"/api/uploads/a%2Fb%20c%00":    "a%2Fb%20c%00",
		"/api/uploads/%C3%A9%FF":       "%C3%A9%FF",
		"/api/uploads/a+b":             "a+b",
		"/api/uploads/a%2fb/":          "a%2fb",
		"/api/uploads/%7Bid%7D":        "%7Bid%7D",
		"/api/uploads/%252E%252E?id=x": "%252E%252E",
	} {
		f := honest()
		expect(t, serve(handler(t, api(), f), newRequest(http.MethodGet, target, nil)), 200, "{}")
		var event struct{ PathParameters map[string]string }
		if err := json.Unmarshal(f.invoked("Handler")[0], &event); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"id": want}, event.PathParameters); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	h := handler(t, api(), honest())
	for target, want := range map[string]http.Header{
		"/api/health": {
			"Access-Control-Allow-Origin": {"*"},
			"Content-Length":              {"15"},
			"Content-Type":                {"application/json"},
			"X-Amz-Apigw-Id":              {"MTExMTExMTEtMjI="},
			"X-Amzn-Requestid":            {"11111111-2222-4333-8444-555555555555"},
		},
		"/api/unknown": {
			"Content-Length":   {"42"},
			"Content-Type":     {"application/json"},
			"X-Amz-Apigw-Id":   {"MTExMTExMTEtMjI="},
			"X-Amzn-Errortype": {"MissingAuthenticationTokenException"},
			"X-Amzn-Requestid": {"11111111-2222-4333-8444-555555555555"},
		},
		"/api/uploads/a": {
			"Content-Length":   {"2"},
			"Content-Type":     {"application/json"},
			"X-Amz-Apigw-Id":   {"MTExMTExMTEtMjI="},
			"X-Amzn-Requestid": {"11111111-2222-4333-8444-555555555555"},
			"X-Amzn-Trace-Id":  {"Root=1-695735a5-111111112222433384445555"},
		},
	} {
		w := serve(h, newRequest(http.MethodGet, target, nil))
		if diff := cmp.Diff(want, w.Header()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
	}
}
