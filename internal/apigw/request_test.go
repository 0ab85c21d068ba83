package apigw_test

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"postern/api"
	"postern/internal/apigw"
)

const id = "0190f3b2c4d57e8f90a1b2c3d4e5f607.mp4"

// idEvent is an event of a route of one upload.
func idEvent(method, id string) events.APIGatewayProxyRequest {
	e := event(nil)
	e.Resource, e.HTTPMethod = "/uploads/{id}", method
	e.PathParameters = map[string]string{"id": id}
	return e
}

// patchEvent is an event of PATCH /uploads/{id}, which is Conditional.
func patchEvent(body string, ifMatch ...string) events.APIGatewayProxyRequest {
	e := idEvent(http.MethodPatch, id)
	e.Body = body
	e.MultiValueHeaders = map[string][]string{"Content-Type": {"application/json"}}
	if len(ifMatch) > 0 {
		e.MultiValueHeaders["If-Match"] = ifMatch
	}
	return e
}

// received returns the request that a handler of the event's route gets of it.
func received[B, A any](t *testing.T, event events.APIGatewayProxyRequest) apigw.Request[B] {
	t.Helper()
	var got *apigw.Request[B]
	response, _ := call(t, func(_ context.Context, request apigw.Request[B]) (answer A, err error) {
		got = &request
		return answer, nil
	}, event)
	if got == nil {
		t.Fatalf("the handler was not reached: %d %s", response.StatusCode, response.Body)
	}
	return *got
}

func receivedPatch(t *testing.T, event events.APIGatewayProxyRequest) apigw.Request[api.UploadPatch] {
	t.Helper()
	return received[api.UploadPatch, api.Upload](t, event)
}

func TestIfMatch(t *testing.T) {
	for _, test := range []struct {
		name  string
		given []string
		want  *int64
	}{
		{"none", nil, nil},
		{"any", []string{"*"}, nil},
		{"version", []string{`"3"`}, new(int64(3))},
		{"no record", []string{`"0"`}, new(int64(0))},
		{"largest", []string{`"9223372036854775807"`}, new(int64(9223372036854775807))},
	} {
		got := receivedPatch(t, patchEvent(`{"title":"a"}`, test.given...)).IfMatch
		if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
	e := patchEvent(`{"title":"a"}`)
	e.MultiValueHeaders["if-match"] = []string{`"4"`}
	if got := receivedPatch(t, e).IfMatch; got == nil || *got != 4 {
		t.Errorf("name in lower case: got %v, want 4", got)
	}
}

func TestRefusedIfMatch(t *testing.T) {
	const allowed = `: must be one version in quotes, such as "3", or *, given once`
	long := strings.Repeat("x", 9000)
	for _, test := range []struct {
		given   []string
		message string
	}{
		{[]string{""}, `If-Match "" is not a version`},
		{[]string{"3"}, `If-Match "3" is not a version`},
		{[]string{`"`}, `If-Match "\"" is not a version`},
		{[]string{`""`}, `If-Match "\"\"" is not a version`},
		{[]string{`"3`}, `If-Match "\"3" is not a version`},
		{[]string{`3"`}, `If-Match "3\"" is not a version`},
		{[]string{`""3""`}, `If-Match "\"\"3\"\"" is not a version`},
		{[]string{`'3'`}, `If-Match "'3'" is not a version`},
		{[]string{`W/"3"`}, `If-Match "W/\"3\"" is not a version`},
		{[]string{`"3", "4"`}, `If-Match "\"3\", \"4\"" is not a version`},
		{[]string{`"3",`}, `If-Match "\"3\"," is not a version`},
		{[]string{`"3" `}, `If-Match "\"3\" " is not a version`},
		{[]string{`"*"`}, `If-Match "\"*\"" is not a version`},
		{[]string{`*, "3"`}, `If-Match "*, \"3\"" is not a version`},
		{[]string{`"03"`}, `If-Match "\"03\"" is not a version`},
		{[]string{`"+3"`}, `If-Match "\"+3\"" is not a version`},
		{[]string{`"-1"`}, `If-Match "\"-1\"" is not a version`},
		{[]string{`"-0"`}, `If-Match "\"-0\"" is not a version`},
		{[]string{`"3.0"`}, `If-Match "\"3.0\"" is not a version`},
		{[]string{`"0x3"`}, `If-Match "\"0x3\"" is not a version`},
		{[]string{`"1_0"`}, `If-Match "\"1_0\"" is not a version`},
		{[]string{`"٣"`}, `If-Match "\"٣\"" is not a version`},
		{[]string{`"9223372036854775808"`}, `If-Match "\"9223372036854775808\"" is not a version`},
		{[]string{"\"3\"\r\nx: y"}, `If-Match "\"3\"\r\nx: y" is not a version`},
		{[]string{long}, `If-Match "` + long[:64] + `"… is not a version`},
		{[]string{`"3"`, `"3"`}, "If-Match is given 2 times"},
		{[]string{"*", "*"}, "If-Match is given 2 times"},
	} {
		response, log := refused(t, patchEvent(`{"title":"a"}`, test.given...))
		if want := failure(test.message+allowed, "invalid_request"); response.StatusCode != http.StatusBadRequest || response.Body != want || log != "" {
			t.Errorf("%q: got %d %s, log %q\nwant 400 %s", test.given, response.StatusCode, response.Body, log, want)
		}
	}
	e := patchEvent(`{"title":"a"}`, `"3"`)
	e.MultiValueHeaders["if-match"] = []string{`"3"`}
	if response, _ := refused(t, e); response.StatusCode != http.StatusBadRequest {
		t.Errorf("in two cases: got %d %s, want 400", response.StatusCode, response.Body)
	}
}

// A route that is not Conditional does not look at the header.
func TestIfMatchOfARouteWithoutCondition(t *testing.T) {
	e := idEvent(http.MethodGet, id)
	e.MultiValueHeaders = map[string][]string{"If-Match": {"x", `"3"`}}
	if got := received[apigw.None, api.Upload](t, e).IfMatch; got != nil {
		t.Errorf("got %d, want none", *got)
	}
}

// FuzzIfMatch: what is read as a version is written as that version, and nothing else is.
func FuzzIfMatch(f *testing.F) {
	for _, seed := range []string{"*", `"3"`, `"03"`, `W/"3"`, `"3", "4"`, `"9223372036854775808"`, "\"\xff\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		var got *apigw.Request[api.UploadPatch]
		response, log := call(t, func(_ context.Context, request apigw.Request[api.UploadPatch]) (api.Upload, error) {
			got = &request
			return api.Upload{}, nil
		}, patchEvent(`{"title":"a"}`, header))
		switch {
		case log != "" || !slices.Contains([]int{200, 400}, response.StatusCode) || len(response.Body) > 700:
			t.Errorf("%q: got %d %s, log %q", header, response.StatusCode, response.Body, log)
		case got != nil && got.IfMatch == nil && header != "*":
			t.Errorf("%q is read as any version", header)
		case got != nil && got.IfMatch != nil && header != `"`+strconv.FormatInt(*got.IfMatch, 10)+`"`:
			t.Errorf("%q is read as version %d", header, *got.IfMatch)
		}
	})
}

func TestPath(t *testing.T) {
	for raw, want := range map[string]string{
		id:                id,
		"":                "",
		"a%2eb":           "a.b",
		"a%2Fb":           "a/b",
		"a+b":             "a+b", // in a path, a plus is a plus
		"a%20b":           "a b",
		"%252e":           "%2e", // once
		"%C3%A9%00%0D%0A": "é\x00\r\n",
		"%ff":             "\xff",
		"%":               "%",
		"%zz":             "%zz",
		id + "%":          id + "%",
		id + "%2":         id + "%2",
	} {
		got := received[apigw.None, api.Upload](t, idEvent(http.MethodGet, raw)).Path["id"]
		if got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
		if raw != id && api.IsID(got) {
			t.Errorf("%q is an id", raw)
		}
	}
}

func TestNoContent(t *testing.T) {
	response, log := call(t, func(context.Context, apigw.Request[apigw.None]) (apigw.None, error) { return apigw.None{}, nil }, idEvent(http.MethodDelete, id))
	if response.StatusCode != http.StatusNoContent || response.Body != "" || log != "" {
		t.Errorf("got %d %q, log %q, want 204 without a body", response.StatusCode, response.Body, log)
	}
}
