package gateway_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

// unmarshal reads an event, which must be one JSON object.
func unmarshal(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("the event is not a JSON object: %v", err)
	}
	return v
}

// request is a request with everything an event shows.
func request() *http.Request {
	r := get("/api/presignedurl?mail=a%2Bb%40example.com&type=one&type=two%20words")
	r.Host = "127.0.0.1:8080"
	r.RemoteAddr = "192.0.2.7:4711"
	r.Header.Set("User-Agent", "curl/8.5.0")
	r.Header["Accept"] = []string{"text/html", "*/*"}
	r.Header.Set("Connection", "keep-alive")
	r.Header.Set("X-Forwarded-For", "198.51.100.1")
	return r
}

func wantEvent() map[string]any {
	type object = map[string]any
	return object{
		"resource":   "/presignedurl",
		"path":       "/presignedurl",
		"httpMethod": "GET",
		"headers": object{
			"Accept":            "*/*",
			"Authorization":     "Basic dTpw",
			"Host":              "127.0.0.1:8080",
			"User-Agent":        "curl/8.5.0",
			"X-Amzn-Trace-Id":   "Root=1-695735a5-111111112222433384445555",
			"X-Forwarded-For":   "198.51.100.1, 192.0.2.7",
			"X-Forwarded-Port":  "8080",
			"X-Forwarded-Proto": "http",
		},
		"multiValueHeaders": object{
			"Accept":            []any{"text/html", "*/*"},
			"Authorization":     []any{"Basic dTpw"},
			"Host":              []any{"127.0.0.1:8080"},
			"User-Agent":        []any{"curl/8.5.0"},
			"X-Amzn-Trace-Id":   []any{"Root=1-695735a5-111111112222433384445555"},
			"X-Forwarded-For":   []any{"198.51.100.1, 192.0.2.7"},
			"X-Forwarded-Port":  []any{"8080"},
			"X-Forwarded-Proto": []any{"http"},
		},
		"queryStringParameters":           object{"mail": "a+b@example.com", "type": "two words"},
		"multiValueQueryStringParameters": object{"mail": []any{"a+b@example.com"}, "type": []any{"one", "two words"}},
		"requestContext": object{
			"accountId":         "000000000000",
			"apiId":             "abcdefghij",
			"domainName":        "127.0.0.1:8080",
			"domainPrefix":      "127",
			"extendedRequestId": "MTExMTExMTEtMjI=",
			"httpMethod":        "GET",
			"identity": object{
				"accessKey": nil, "accountId": nil, "caller": nil, "cognitoAuthenticationProvider": nil,
				"cognitoAuthenticationType": nil, "cognitoIdentityId": nil, "cognitoIdentityPoolId": nil,
				"principalOrgId": nil, "user": nil, "userArn": nil,
				"sourceIp":  "192.0.2.7",
				"userAgent": "curl/8.5.0",
			},
			"path":             "/api/presignedurl",
			"protocol":         "HTTP/1.1",
			"requestId":        "11111111-2222-4333-8444-555555555555",
			"requestTime":      "02/Jan/2026:03:04:05 +0000",
			"requestTimeEpoch": 1767323045678.0,
			"resourceId":       "abc123",
			"resourcePath":     "/presignedurl",
			"stage":            "api",
		},
	}
}

func TestAuthorizerEvent(t *testing.T) {
	f := honest()
	expect(t, serve(handler(t, api(), f), request()), 200, "{}")
	want := wantEvent()
	want["type"] = "REQUEST"
	want["methodArn"] = "arn:aws:execute-api:eu-west-1:000000000000:abcdefghij/api/GET/presignedurl"
	want["pathParameters"] = map[string]any{}
	want["stageVariables"] = map[string]any{}
	if diff := cmp.Diff(want, unmarshal(t, f.invoked("Authorizer")[0])); diff != "" {
		t.Errorf("the authorizer's event (-want +got):\n%s", diff)
	}
}

func TestProxyEvent(t *testing.T) {
	f := honest()
	expect(t, serve(handler(t, api(), f), request()), 200, "{}")
	want := wantEvent()
	want["pathParameters"] = nil
	want["stageVariables"] = nil
	want["body"] = nil
	want["isBase64Encoded"] = false
	want["requestContext"].(map[string]any)["authorizer"] = map[string]any{
		"principalId": "someone", "integrationLatency": 0.0, "owner": "0123456789abcdef0123", "maxSize": "5", "trusted": "true",
	}
	if diff := cmp.Diff(want, unmarshal(t, f.invoked("Handler")[0])); diff != "" {
		t.Errorf("the function's event (-want +got):\n%s", diff)
	}
}

// Functions read events with these types: every member must have the shape they expect.
func TestEventsFitTheirTypes(t *testing.T) {
	f := honest()
	expect(t, serve(handler(t, api(), f), request()), 200, "{}")
	var proxy events.APIGatewayProxyRequest
	if err := json.Unmarshal(f.invoked("Handler")[0], &proxy); err != nil {
		t.Errorf("the function's event: %v", err)
	}
	var authorizer events.APIGatewayCustomAuthorizerRequestTypeRequest
	if err := json.Unmarshal(f.invoked("Authorizer")[0], &authorizer); err != nil {
		t.Errorf("the authorizer's event: %v", err)
	}
	if got := proxy.RequestContext.Authorizer["owner"]; got != "0123456789abcdef0123" {
		t.Errorf("got the owner %v", got)
	}
	if got := authorizer.MultiValueQueryStringParameters["type"]; len(got) != 2 {
		t.Errorf("the authorizer sees %d values of a doubled parameter, want 2", len(got))
	}
}

func TestEventWithoutAnything(t *testing.T) {
	f := honest()
	r := newRequest(http.MethodPost, "/api/open", nil)
	expect(t, serve(handler(t, api(), f), r), 200, "{}")
	event := unmarshal(t, f.invoked("Handler")[0])
	for _, name := range []string{"queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables", "body"} {
		if value, ok := event[name]; !ok || value != nil {
			t.Errorf("%s is %v, want null", name, value)
		}
	}
	if _, ok := event["requestContext"].(map[string]any)["authorizer"]; ok {
		t.Error("a route without an authorizer has requestContext.authorizer")
	}
}

func TestQuery(t *testing.T) {
	type values = map[string]any
	for query, want := range map[string]values{
		"a=b+c":                 {"a": []any{"b c"}},
		"a=b%2Bc":               {"a": []any{"b+c"}},
		"a=1&a=2&b=3":           {"a": []any{"1", "2"}, "b": []any{"3"}},
		"a=1;b=2":               {"a": []any{"1"}, "b": []any{"2"}},
		"a":                     {"a": []any{""}},
		"a=b=c":                 {"a": []any{"b=c"}},
		"&&a=1&":                {"a": []any{"1"}},
		"%61+b=%63":             {"a b": []any{"c"}},
		"a=%C3%A9":              {"a": []any{"é"}},
		"a=%FF%FEb":             {"a": []any{"\uFFFDb"}},
		"%ff=1":                 {"\uFFFD": []any{"1"}},
		"a=%":                   {"a": []any{"%"}},
		"a=%4":                  {"a": []any{"%4"}},
		"a=%zz":                 {"a": []any{"%zz"}},
		"a=%00%0d%0A":           {"a": []any{"\x00\r\n"}},
		"a=<script>&b={\"x\":1": {"a": []any{"<script>"}, "b": []any{`{"x":1`}},
	} {
		f := honest()
		r := newRequest(http.MethodPost, "/api/open", nil)
		r.URL.RawQuery = query
		expect(t, serve(handler(t, api(), f), r), 200, "{}")
		got := unmarshal(t, f.invoked("Handler")[0])["multiValueQueryStringParameters"]
		if diff := cmp.Diff(any(want), got); diff != "" {
			t.Errorf("?%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestBody(t *testing.T) {
	for body, want := range map[string]any{
		"":               nil,
		`{"a":"\u0000"}`: `{"a":"\u0000"}`,
		"a\x00b":         "a\x00b",
		"\xff\xfe":       "\uFFFD",
		"é":              "é",
	} {
		f := honest()
		expect(t, serve(handler(t, api(), f), post(body)), 200, "{}")
		event := unmarshal(t, f.invoked("Handler")[0])
		if event["body"] != want || event["isBase64Encoded"] != false {
			t.Errorf("body %q arrives as %q, encoded %v", body, event["body"], event["isBase64Encoded"])
		}
	}
}

// No request may make the gateway panic, or make an event that is not JSON.
func FuzzRequest(f *testing.F) {
	f.Add("/presignedurl", "mail=a%2Bb@example.com&%ff=%", "Basic \xff", "body")
	f.Add("/uploads/%00%2f", "a=%zz;b", "", "\xff\x00")
	f.Add("//", "&;=", "\x01", "")
	f.Fuzz(func(t *testing.T, path, query, header, body string) {
		functions := honest()
		r := newRequest(http.MethodPost, "/api/open", bytes.NewReader([]byte(body)))
		r.URL.RawQuery = query
		r.Header["Authorization"] = []string{header}
		expect(t, serve(handler(t, api(), functions), r), 200, "{}")
		unmarshal(t, functions.invoked("Handler")[0])

		r.Method, r.URL.Path = http.MethodGet, "/api"+path
		serve(handler(t, api(), functions), r)
	})
}
