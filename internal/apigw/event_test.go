package apigw_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/contract"
)

// reference is what encoding/json reads of an event. It reports false for what is not an event, a member that is read and
// given twice among it.
func reference(payload []byte) (events.APIGatewayProxyRequest, bool) {
	var e events.APIGatewayProxyRequest
	var requestContext json.RawMessage
	valid := utf8.Valid(payload) && json.Valid(payload) && members(payload, func(name string, value json.RawMessage, given int) bool {
		target, ok := map[string]any{
			"resource": &e.Resource, "httpMethod": &e.HTTPMethod, "body": &e.Body, "isBase64Encoded": &e.IsBase64Encoded,
			"multiValueHeaders": &map[string]json.RawMessage{}, "multiValueQueryStringParameters": &e.MultiValueQueryStringParameters,
			"pathParameters": &e.PathParameters, "requestContext": &requestContext,
		}[name]
		if !ok {
			return true
		}
		if given > 1 || json.Unmarshal(value, target) != nil {
			return false
		}
		switch name {
		case "multiValueHeaders":
			e.MultiValueHeaders = map[string][]string{}
			return members(value, func(name string, value json.RawMessage, _ int) bool {
				if !strings.EqualFold(name, "Content-Type") && !strings.EqualFold(name, "If-Match") {
					return true
				}
				var values []string
				err := json.Unmarshal(value, &values)
				e.MultiValueHeaders[name] = append(e.MultiValueHeaders[name], values...)
				return err == nil
			})
		case "multiValueQueryStringParameters", "pathParameters":
			return members(value, once)
		}
		return true
	})
	e.RequestContext.Authorizer = map[string]any{}
	valid = valid && members(requestContext, func(name string, value json.RawMessage, given int) bool {
		switch name {
		case "requestId":
			return given == 1 && json.Unmarshal(value, &e.RequestContext.RequestID) == nil
		case "authorizer":
			return given == 1 && members(value, func(name string, value json.RawMessage, given int) bool {
				var text string
				if value[0] == '"' && json.Unmarshal(value, &text) == nil {
					e.RequestContext.Authorizer[name] = text
				}
				return given == 1
			})
		}
		return true
	})
	return e, valid
}

func once(_ string, _ json.RawMessage, given int) bool { return given == 1 }

// members calls read with each member of an object and how often its name has been given, until it returns false. It
// reports whether the text is an object, null or nothing, of which all was read.
func members(text []byte, read func(name string, value json.RawMessage, given int) bool) bool {
	decoder := json.NewDecoder(bytes.NewReader(text))
	start, err := decoder.Token()
	if err != nil || start != json.Delim('{') {
		return len(text) == 0 || err == nil && start == nil
	}
	given := map[string]int{}
	for decoder.More() {
		token, err := decoder.Token()
		var value json.RawMessage
		if err != nil || decoder.Decode(&value) != nil {
			return false
		}
		name := token.(string)
		given[name]++
		if !read(name, value, given[name]) {
			return false
		}
	}
	return true
}

// checkDecoding holds Invoke to Handle, which is given what encoding/json reads.
func checkDecoding(t *testing.T, gateway *apigw.Gateway, payload []byte) {
	t.Helper()
	shown := payload[:min(len(payload), 300)]
	response, err := gateway.Invoke(t.Context(), payload)
	e, valid := reference(payload)
	if (err == nil) != valid {
		t.Errorf("%s: Invoke: %v, want an error: %t", shown, err, !valid)
	}
	if err != nil || !valid {
		return
	}
	var got events.APIGatewayProxyResponse
	if err := json.Unmarshal(response, &got); err != nil {
		t.Fatalf("%s: %v\n%s", shown, err, response)
	}
	if diff := cmp.Diff(got, gateway.Handle(t.Context(), e)); diff != "" {
		t.Errorf("%s: Invoke and Handle (-Invoke +Handle)\n%s", shown, diff)
	}
}

// said is all that a handler may know, as JSON.
func said[B any](request apigw.Request[B]) string {
	text, err := json.Marshal(request)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// newEcho is a gateway whose handlers answer with all that they know.
func newEcho(t testing.TB) *apigw.Gateway {
	t.Helper()
	gateway, err := apigw.New(contract.Presign, map[string]apigw.Handler{
		"GET /presignedurl": apigw.Handle(func(_ context.Context, request apigw.Request[apigw.None]) (api.PresignedForm, error) {
			return api.PresignedForm{URL: said(request)}, nil
		}),
		"POST /uploads": apigw.Handle(func(_ context.Context, request apigw.Request[api.UploadOrBatch]) (api.GrantOrGrants, error) {
			return api.GrantOrGrants{UploadGrant: &api.UploadGrant{URL: said(request)}}, nil
		}),
		"POST /uploads/{id}/parts":      zero[api.PartsRequest, api.PartsGrant](),
		"POST /uploads/{id}/parts/list": zero[api.PartsListRequest, api.PartsListGrant](),
		"POST /uploads/{id}/complete":   zero[api.CompleteRequest, api.CompleteGrant](),
		"POST /links":                   zero[api.LinkRequest, api.Link](),
		"GET /link":                     zero[apigw.None, api.GuestLink](),
	}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return gateway
}

const (
	granted        = `{"resource":"/presignedurl","httpMethod":"GET","multiValueQueryStringParameters":{"mail":["a@example.com"]},"requestContext":{"authorizer":`
	authorizerJSON = `{"principalId":"0123456789abcdef0123","owner":"0123456789abcdef0123","role":"user","maxSize":"1","quota":"1","remaining":"1","fileQuota":"1","remainingFiles":"1","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}`
	otherJSON      = `{"owner":"fedcba9876543210fedc","role":"user","maxSize":"1","quota":"1","remaining":"1","fileQuota":"1","remainingFiles":"1","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}`
)

// hostile are events as nobody but an attacker would write them, and whether they are taken.
var hostile = map[string]bool{
	`{"requestContext":{"authorizer":` + authorizerJSON + `}}`:                                                    true,
	`{"requestContext":{"authorizer":` + authorizerJSON + `,"authorizer":` + otherJSON + `}}`:                     false,
	`{"requestContext":{"authorizer":` + authorizerJSON + `,"\u0061uthorizer":` + otherJSON + `}}`:                false,
	`{"requestContext":{"authorizer":null,"authorizer":` + otherJSON + `}}`:                                       false,
	`{"requestContext":{"authorizer":` + authorizerJSON + `},"requestContext":{"authorizer":` + otherJSON + `}}`:  false,
	`{"requestContext":{"authorizer":` + authorizerJSON + `},"requestContext":null}`:                              false,
	`{"requestContext":{"authorizer":{"owner":"0123456789abcdef0123","owner":"fedcba9876543210fedc"}}}`:           false,
	`{"requestContext":{"authorizer":{"owner":"0123456789abcdef0123","owner":7}}}`:                                false,
	`{"requestContext":{"authorizer":{"owner":"0123456789abcdef0123","\u006fwner":"fedcba9876543210fedc"}}}`:      false,
	`{"requestContext":{"authorizer":` + authorizerJSON + `},"RequestContext":{"authorizer":` + otherJSON + `}}`:  true,
	`{"requestContext":{"authorizer":{"owner":["0123456789abcdef0123"],"role":{},"maxSize":1e999,"quota":true}}}`: true,
	`{"requestContext":{"requestId":"a","requestId":"b"}}`:                                                        false,
	granted + authorizerJSON + `}}`:                                                                             true,
	granted + strings.Replace(authorizerJSON, `"1"`, "1", 1) + `}}`:                                             true,
	granted + strings.Replace(authorizerJSON, `"user"`, "true", 1) + `}}`:                                       true,
	granted + strings.Replace(authorizerJSON, `"user"`, `"\u0075s\ud800"`, 1) + `}}`:                            true,
	granted + `{"Owner":"fedcba9876543210fedc",` + authorizerJSON[1:] + `}}`:                                    true,
	`{"requestContext":{"requestId":7}}`:                                                                        false,
	`{"requestContext":null,"pathParameters":null,"multiValueHeaders":null,"body":null,"isBase64Encoded":null}`: true,
	`{"requestContext":"{}"}`:                                                                                   false,
	`{"resource":"/presignedurl","resource":"/uploads"}`:                                                        false,
	`{"resource":"/presignedurl","httpMethod":["GET"]}`:                                                         false,
	`{"httpMethod":"GET","http\u004dethod":"GET"}`:                                                              false,
	`{"body":"a","body":"b"}`:                                                                                   false,
	`{"body":7}`:                                                                                                false,
	`{"isBase64Encoded":"true"}`:                                                                                false,
	`{"isBase64Encoded":0}`:                                                                                     false,
	`{"pathParameters":{"id":"a","id":"b"}}`:                                                                    false,
	`{"pathParameters":{"id":7}}`:                                                                               false,
	`{"pathParameters":[]}`:                                                                                     false,
	`{"multiValueQueryStringParameters":{"mail":["a"],"mail":["b"]}}`:                                           false,
	`{"multiValueQueryStringParameters":{"mail":["a",7]}}`:                                                      false,
	`{"multiValueQueryStringParameters":{"mail":[null],"a":null,"b":[],"\ud83d\ude00":["\ud83d\ude00"]}}`:       true,
	`{"resource":"/presignedurl","httpMethod":"GET","multiValueQueryStringParameters":{"\ud800":["\udc00\ud800a\n"]}}`: true,
	`{"multiValueHeaders":{"Cookie":7,"Accept":{"a":[]}}}`:                                                             true,
	`{"multiValueHeaders":{"IF-MATCH":{}}}`:                                                                            false,
	`{"requestTimeEpoch":1e999999,"n":-0.1e-7,"m":` + strings.Repeat("9", 5000) + `}`:                                  true,
	`{"a":01}`:           false,
	`{"a":"\x"}`:         false,
	"{\"a\":\"\n\"}":     false,
	"{\"a\":\"\xff\"}":   false,
	`{"a":nul}`:          false,
	`{"a":[1,]}`:         false,
	`{"resource":"a"}{}`: false,
	`{"resource":"a",}`:  false,
	"\ufeff{}":           false,
	`{"a":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`:                                            true,
	`{"a":` + strings.Repeat("[", 9000) + strings.Repeat("]", 8999) + `}`:                                            false,
	`{"a":` + strings.Repeat(`{"a":`, 3<<20):                                                                         false,
	`{"a":` + strings.Repeat("[", 3<<20) + strings.Repeat("]", 3<<20) + `}`:                                          false,
	`{"resource":"/uploads","httpMethod":"POST","body":"` + strings.Repeat("[", 6<<20) + `"}`:                        true,
	`{"resource":"/uploads","httpMethod":"POST","isBase64Encoded":true,"body":"` + strings.Repeat("A", 6<<20) + `"}`: true,
}

func TestHostileEvents(t *testing.T) {
	gateway := newEcho(t)
	for payload, want := range hostile {
		if _, err := gateway.Invoke(t.Context(), []byte(payload)); (err == nil) != want {
			t.Errorf("%.300s: got %v, want it taken: %t", payload, err, want)
		}
		checkDecoding(t, gateway, []byte(payload))
	}
}

// A text that nests as deep as gjson is given is no more than is refused, not the end of the process.
func TestDeepEvents(t *testing.T) {
	gateway := newEcho(t)
	for _, opening := range []string{"[", `{"a":`} {
		if _, err := gateway.Invoke(t.Context(), []byte(strings.Repeat(opening, 128<<10/len(opening)))); err == nil {
			t.Errorf("%s, often: Invoke succeeded", opening)
		}
	}
}

// FuzzEvent: whatever Lambda hands over, it is read as encoding/json reads it, and the answer is one that the API
// documents.
func FuzzEvent(f *testing.F) {
	for _, e := range []events.APIGatewayProxyRequest{event(map[string][]string{"mail": mail}), bodyEvent(goodBody), patchEvent(`{"labels":["a"]}`, `"3"`), {}} {
		seed, err := json.Marshal(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Add([]byte(`{"resource":"/uploads/{id}","httpMethod":"DELETE","pathParameters":{"id":"%zz"},"requestContext":{"authorizer":{"principalId":"0123456789abcdef0123","owner":"0123456789abcdef0123","role":"user","maxSize":"1","quota":"1","remaining":"1","fileQuota":"1","remainingFiles":"1","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}}}`))
	f.Add([]byte(`{"resource":"/uploads","httpMethod":"POST","isBase64Encoded":true,"body":"%%%","requestContext":{"authorizer":{"owner":7}}}`))
	for payload := range hostile {
		if len(payload) < 1000 {
			f.Add([]byte(payload))
		}
	}
	gateway := newEcho(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		checkDecoding(t, gateway, b)
		var e events.APIGatewayProxyRequest
		if json.Unmarshal(b, &e) != nil {
			return
		}
		response, _ := send(t, e, handlersOf(functionOf(e), e, apigw.Handler{}))
		if !slices.Contains([]int{200, 201, 204, 400, 403, 404, 413, 415, 500}, response.StatusCode) || len(response.Body) > 2000 {
			t.Errorf("got %d %s", response.StatusCode, response.Body)
		}
	})
}
