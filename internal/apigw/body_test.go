package apigw_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/apigw"
)

const goodBody = `{"filename":"clip.mp4","size":7}`

// bodyEvent is an event of POST /uploads, whose body is an api.UploadOrBatch.
func bodyEvent(body string) events.APIGatewayProxyRequest {
	e := event(nil)
	e.Resource, e.HTTPMethod, e.Body = "/uploads", http.MethodPost, body
	e.MultiValueHeaders = map[string][]string{"Content-Type": {"application/json"}}
	return e
}

func TestBodyOfARoute(t *testing.T) {
	whole := api.UploadRequest{
		Filename: "é \"\u2028🎬.mp4", Size: 9223372036854775807,
		Type: new("video/mp4"), Title: new(""), Checksum: new("c"), Via: new("put"),
	}
	for _, test := range []struct {
		name   string
		body   string
		change func(*events.APIGatewayProxyRequest)
		want   api.UploadRequest
	}{
		{"required fields", goodBody, nil, api.UploadRequest{Filename: "clip.mp4", Size: 7}},
		{"every field", `{"via":"put","checksum":"c","title":"","type":"video/mp4","size":9223372036854775807,"filename":"é \"\u2028\ud83c\udfac.mp4"}`, nil, whole},
		{"null is absent", `{"filename":"clip.mp4","size":7,"type":null,"title": null ,"checksum":null,"via":null}`, nil, api.UploadRequest{Filename: "clip.mp4", Size: 7}},
		{"space around", "\r\n\t " + `{ "filename" : "clip.mp4" , "size" : 7 }` + "\n", nil, api.UploadRequest{Filename: "clip.mp4", Size: 7}},
		{"empty and negative", `{"filename":"","size":-1}`, nil, api.UploadRequest{Size: -1}},
		{"base64", base64.StdEncoding.EncodeToString([]byte(goodBody)), func(e *events.APIGatewayProxyRequest) { e.IsBase64Encoded = true }, api.UploadRequest{Filename: "clip.mp4", Size: 7}},
		{"name of the header in lower case", goodBody, func(e *events.APIGatewayProxyRequest) {
			e.MultiValueHeaders = map[string][]string{"content-type": {"application/json"}}
		}, api.UploadRequest{Filename: "clip.mp4", Size: 7}},
		{"parameters", goodBody, func(e *events.APIGatewayProxyRequest) {
			e.MultiValueHeaders = map[string][]string{"Content-Type": {"Application/JSON; charset=utf-8"}}
		}, api.UploadRequest{Filename: "clip.mp4", Size: 7}},
		{"largest", goodBody + strings.Repeat(" ", 524288-len(goodBody)), nil, api.UploadRequest{Filename: "clip.mp4", Size: 7}},
	} {
		var got apigw.Request[api.UploadOrBatch]
		e := bodyEvent(test.body)
		if test.change != nil {
			test.change(&e)
		}
		response, log := call(t, func(_ context.Context, request apigw.Request[api.UploadOrBatch]) (api.GrantOrGrants, error) {
			got = request
			return api.GrantOrGrants{UploadGrant: &api.UploadGrant{ID: "42"}}, nil
		}, e)
		if response.StatusCode != http.StatusCreated || !strings.HasPrefix(response.Body, `{"id":"42",`) || log != "" {
			t.Errorf("%s: got %d %s, log %q, want 201", test.name, response.StatusCode, response.Body, log)
		}
		if diff := cmp.Diff(got, apigw.Request[api.UploadOrBatch]{
			Caller: caller, Query: map[string]string{}, Body: api.UploadOrBatch{UploadRequest: &test.want}, ID: "request-1",
		}); diff != "" {
			t.Errorf("%s: request (-got +want)\n%s", test.name, diff)
		}
	}
}

// A route that takes no body does not look at one.
func TestBodyOfARouteWithoutOne(t *testing.T) {
	e := event(map[string][]string{"mail": mail})
	e.Body = strings.Repeat("{", 600_000)
	received[apigw.None, api.PresignedForm](t, e)
}

func TestRefusedBodies(t *testing.T) {
	const (
		notObject = "body is not a JSON object: must be one JSON object"
		more      = "body goes on after its JSON object: must be one JSON object"
		known     = " is not known: must be one of filename, size, type, title, context, checksum, via, partSize, guest"
		number    = ": must be a whole number in digits, at most 9223372036854775807"
		text      = ": must be a string"
	)
	long := strings.Repeat("x", 9000)
	for _, test := range []struct{ name, body, message string }{
		{"empty", "", notObject},
		{"space", " \n", notObject},
		{"text", "filename=clip.mp4&size=7", notObject},
		{"null", "null", notObject},
		{"string", `"a"`, notObject},
		{"number", "7", notObject},
		{"array", "[" + goodBody + "]", notObject},
		{"cut off", goodBody[:len(goodBody)-1], notObject},
		{"cut off in a value", `{"filename":"cl`, notObject},
		{"comma at the end", `{"filename":"clip.mp4","size":7,}`, notObject},
		{"no comma", `{"filename":"clip.mp4" "size":7}`, notObject},
		{"name without quotes", `{filename:"clip.mp4","size":7}`, notObject},
		{"single quotes", `{'filename':'clip.mp4'}`, notObject},
		{"comment", `{"filename":"clip.mp4","size":7/**/}`, notObject},
		{"control character in a string", "{\"filename\":\"a\nb\",\"size\":7}", notObject},
		{"escape that is not one", `{"filename":"\x41","size":7}`, notObject},
		{"leading zero", `{"filename":"clip.mp4","size":07}`, notObject},
		{"hexadecimal", `{"filename":"clip.mp4","size":0x7}`, notObject},
		{"not a number", `{"filename":"clip.mp4","size":NaN}`, notObject},
		{"byte order mark", "\ufeff" + goodBody, notObject},
		{"deep", `{"filename":` + strings.Repeat("[", 500_000), notObject},
		{"two objects", goodBody + goodBody, more},
		{"two values", goodBody + " 7", more},
		{"rest", goodBody + "}", more},
		{"UTF-16", "{\x00\"\x00", notObject},
		{"not UTF-8", "{\"filename\":\"a\xff.mp4\",\"size\":7}", "body is not UTF-8"},
		{"surrogate in UTF-8", "{\"filename\":\"a\xed\xa0\x80.mp4\",\"size\":7}", "body is not UTF-8"},
		{"half a pair", `{"filename":"a\ud83c.mp4","size":7}`, `field filename has half a surrogate pair: must be a string of whole characters`},
		{"half a pair, reversed", `{"filename":"a\uDFAC\uD83C.mp4","size":7}`, `field filename has half a surrogate pair: must be a string of whole characters`},
		{"no fields", "{}", "field filename is missing"},
		{"one field", `{"filename":"clip.mp4"}`, "field size is missing"},
		{"unknown", `{"filename":"clip.mp4","size":7,"owner":"x"}`, `field "owner"` + known},
		{"other case", `{"Filename":"clip.mp4","size":7}`, `field "Filename"` + known},
		{"name of the struct", `{"filename":"clip.mp4","Size":7}`, `field "Size"` + known},
		{"empty name", `{"":1}`, `field ""` + known},
		{"unknown, hostile", `{"a\r\n\u0000":1}`, `field "a\r\n\x00"` + known},
		{"unknown, long", `{"` + long + `":1}`, `field "` + long[:64] + `"…` + known},
		{"prototype", `{"__proto__":{"size":7}}`, `field "__proto__"` + known},
		{"twice", `{"filename":"a.mp4","filename":"b.mp4","size":7}`, "field filename is given more than once: must be given once"},
		{"twice, equal", `{"size":7,"filename":"a.mp4","size":7}`, "field size is given more than once: must be given once"},
		{"twice, one escaped", `{"size":7,"\u0073ize":8,"filename":"a.mp4"}`, "field size is given more than once: must be given once"},
		{"twice, optional", `{"title":"a","title":"a"}`, "field title is given more than once: must be given once"},
		{"null for a field", `{"filename":null,"size":7}`, "field filename is missing"},
		{"null for a field that is given, too", `{"filename":null,"filename":"a.mp4","size":7}`, "field filename is given more than once: must be given once"},
		{"a field that is given, and null", `{"filename":"a.mp4","filename":null,"size":7}`, "field filename is given more than once: must be given once"},
		{"null for an unknown field", `{"filename":"clip.mp4","size":7,"owner":null}`, `field "owner"` + known},
		{"number for a string", `{"filename":7}`, "field filename is the number 7" + text},
		{"boolean for a string", `{"filename":true}`, "field filename is true" + text},
		{"array for a string", `{"title":["a"]}`, "field title is an array" + text},
		{"object for a string", `{"title":{"a":1}}`, "field title is an object" + text},
		{"null for a number", `{"filename":"a.mp4","size":null}`, "field size is missing"},
		{"string for a number", `{"size":"7"}`, "field size is a string" + number},
		{"fraction", `{"size":7.5}`, "field size is the number 7.5" + number},
		{"whole number with a fraction", `{"size":7.0}`, "field size is the number 7.0" + number},
		{"exponent", `{"size":7e3}`, "field size is the number 7e3" + number},
		{"over 64 bits", `{"size":9223372036854775808}`, "field size is the number 9223372036854775808" + number},
		{"many digits", `{"size":` + strings.Repeat("9", 9000) + `}`, "field size is the number " + strings.Repeat("9", 64) + "…" + number},
	} {
		response, log := refused(t, bodyEvent(test.body))
		if want := failure(test.message, "invalid_request"); response.StatusCode != http.StatusBadRequest || response.Body != want || log != "" {
			t.Errorf("%s: got %d %s, log %q\nwant 400 %s", test.name, response.StatusCode, response.Body, log, want)
		}
	}
}

func TestArraysOfStrings(t *testing.T) {
	for body, want := range map[string]api.UploadPatch{
		`{"title":""}`:                      {Title: new("")},
		`{"labels":[]}`:                     {Labels: &[]string{}},
		`{"labels":[ "a" , "" ]}`:           {Labels: &[]string{"a", ""}},
		`{"labels":["\ud83c\udfac\u0000"]}`: {Labels: &[]string{"🎬\x00"}},
		`{}`:                                {},
		`{"labels":null}`:                   {},
		`{"labels":null,"title":"a"}`:       {Title: new("a")},
	} {
		if diff := cmp.Diff(receivedPatch(t, patchEvent(body)).Body, want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", body, diff)
		}
	}
}

func TestRefusedArraysOfStrings(t *testing.T) {
	const array, text = ": must be an array of strings", ": must be a string"
	for body, message := range map[string]string{
		`{"labels":"a"}`:                      "field labels is a string" + array,
		`{"labels":7}`:                        "field labels is the number 7" + array,
		`{"labels":true}`:                     "field labels is true" + array,
		`{"labels":{"0":"a"}}`:                "field labels is an object" + array,
		`{"labels":["a","b",7 ]}`:             "field labels[2] is the number 7" + text,
		`{"labels":["a",null]}`:               "field labels[1] is null" + text,
		`{"labels":[["a"]]}`:                  "field labels[0] is an array" + text,
		`{"labels":[{}]}`:                     "field labels[0] is an object" + text,
		`{"labels":[false]}`:                  "field labels[0] is false" + text,
		`{"labels":["a","\ud83c"]}`:           "field labels[1] has half a surrogate pair: must be a string of whole characters",
		`{"labels":["a","b"],"labels":["a"]}`: "field labels is given more than once: must be given once",
		`{"labels":["a",]}`:                   "body is not a JSON object: must be one JSON object",
		`{"labels":["a"]}{}`:                  "body goes on after its JSON object: must be one JSON object",
		`{"tags":["a"]}`:                      `field "tags" is not known: must be one of title, description, labels`,
	} {
		response, log := refused(t, patchEvent(body))
		if want := failure(message, "invalid_request"); response.StatusCode != http.StatusBadRequest || response.Body != want || log != "" {
			t.Errorf("%s: got %d %s, log %q\nwant 400 %s", body, response.StatusCode, response.Body, log, want)
		}
	}
}

// An array of objects is decoded as strictly as the body itself, and a body has one of its shapes.
func TestBodiesOfTwoShapes(t *testing.T) {
	one := api.UploadRequest{Filename: "clip.mp4", Size: 7}
	for body, want := range map[string]api.UploadOrBatch{
		goodBody:                              {UploadRequest: &one},
		`{"uploads":[` + goodBody + `]}`:      {UploadBatch: &api.UploadBatch{Uploads: []api.UploadRequest{one}}},
		`{"\u0075ploads":[` + goodBody + `]}`: {UploadBatch: &api.UploadBatch{Uploads: []api.UploadRequest{one}}},
		`{"uploads":[]}`:                      {UploadBatch: &api.UploadBatch{Uploads: []api.UploadRequest{}}},
		`{"uploads":[` + goodBody + `,{"size":8,"title":"a","via":null,"filename":"b.mp4"}]}`: {UploadBatch: &api.UploadBatch{
			Uploads: []api.UploadRequest{one, {Filename: "b.mp4", Size: 8, Title: new("a")}},
		}},
	} {
		if diff := cmp.Diff(received[api.UploadOrBatch, api.GrantOrGrants](t, bodyEvent(body)).Body, want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", body, diff)
		}
	}
	const known = "must be one of filename, size, type, title, context, checksum, via, partSize, guest"
	for body, message := range map[string]string{
		`{"uploads":[],"filename":"clip.mp4","size":7}`:   `field "filename" is not known: must be one of uploads`,
		`{"filename":"clip.mp4","size":7,"uploads":[]}`:   `field "filename" is not known: must be one of uploads`,
		`{"filename":"clip.mp4","size":7,"uploads":null}`: `field "uploads" is not known: ` + known,
		`{"uploads":null}`:   `field "uploads" is not known: ` + known,
		`{"uploads":{}}`:     "field uploads is an object: must be an array of objects",
		`{"uploads":"a"}`:    "field uploads is a string: must be an array of objects",
		`{"uploads":["a"]}`:  "field uploads[0] is a string: must be an object",
		`{"uploads":[null]}`: "field uploads[0] is null: must be an object",
		`{"uploads":[[]]}`:   "field uploads[0] is an array: must be an object",
		`{"uploads":[` + goodBody + `,{"filename":"a.mp4"}]}`:         "field uploads[1].size is missing",
		`{"uploads":[` + goodBody + `,{"filename":"a","size":"7"}]}`:  "field uploads[1].size is a string: must be a whole number in digits, at most 9223372036854775807",
		`{"uploads":[{"filename":"a","size":7,"size":7}]}`:            "field uploads[0].size is given more than once: must be given once",
		`{"uploads":[{"filename":"\ud83c","size":7}]}`:                "field uploads[0].filename has half a surrogate pair: must be a string of whole characters",
		`{"uploads":[{"filename":"a","size":7,"owner":"x"}]}`:         `field "uploads[0].owner" is not known: ` + known,
		`{"uploads":[{"uploads":[]}]}`:                                `field "uploads[0].uploads" is not known: ` + known,
		`{"uploads":[` + goodBody + `],"uploads":[` + goodBody + `]}`: "field uploads is given more than once: must be given once",
	} {
		response, log := refused(t, bodyEvent(body))
		if want := failure(message, "invalid_request"); response.StatusCode != http.StatusBadRequest || response.Body != want || log != "" {
			t.Errorf("%s: got %d %s, log %q\nwant 400 %s", body, response.StatusCode, response.Body, log, want)
		}
	}
}

func TestRefusedSizes(t *testing.T) {
	for _, test := range []struct {
		name    string
		body    string
		base64  bool
		status  int
		message string
		code    string
	}{
		{"one byte more", goodBody + strings.Repeat(" ", 524289-len(goodBody)), false, 413, "body has 524289 bytes: must have at most 524288", "payload_too_large"},
		{"as large as an event", strings.Repeat("x", 6<<20), false, 413, "body has 6291456 bytes: must have at most 524288", "payload_too_large"},
		{"in base64", base64.StdEncoding.EncodeToString(make([]byte, 524289)), true, 413, "body has 524289 bytes: must have at most 524288", "payload_too_large"},
		{"no base64", goodBody, true, 400, "body is said to be base64 and is not", "invalid_request"},
	} {
		e := bodyEvent(test.body)
		e.IsBase64Encoded = test.base64
		response, log := refused(t, e)
		if want := failure(test.message, test.code); response.StatusCode != test.status || response.Body != want || log != "" {
			t.Errorf("%s: got %d %s, log %q\nwant %d %s", test.name, response.StatusCode, response.Body, log, test.status, want)
		}
	}
}

func TestRefusedContentTypes(t *testing.T) {
	const allowed = ": must be application/json, given once"
	for _, test := range []struct {
		name    string
		headers map[string][]string
		message string
	}{
		{"none", nil, "Content-Type is given 0 times" + allowed},
		{"empty", map[string][]string{"Content-Type": {""}}, `Content-Type "" is not supported` + allowed},
		{"form", map[string][]string{"Content-Type": {"application/x-www-form-urlencoded"}}, `Content-Type "application/x-www-form-urlencoded" is not supported` + allowed},
		{"multipart", map[string][]string{"Content-Type": {"multipart/form-data; boundary=x"}}, `Content-Type "multipart/form-data; boundary=x" is not supported` + allowed},
		{"text", map[string][]string{"Content-Type": {"text/plain"}}, `Content-Type "text/plain" is not supported` + allowed},
		{"beginning alike", map[string][]string{"Content-Type": {"application/jsonp"}}, `Content-Type "application/jsonp" is not supported` + allowed},
		{"ending alike", map[string][]string{"Content-Type": {"application/vnd.api+json"}}, `Content-Type "application/vnd.api+json" is not supported` + allowed},
		{"two in one", map[string][]string{"Content-Type": {"application/json, text/plain"}}, `Content-Type "application/json, text/plain" is not supported` + allowed},
		{"wildcard", map[string][]string{"Content-Type": {"*/*"}}, `Content-Type "*/*" is not supported` + allowed},
		{"malformed parameter", map[string][]string{"Content-Type": {"application/json; charset"}}, `Content-Type "application/json; charset" is not supported` + allowed},
		{"doubled", map[string][]string{"Content-Type": {"application/json", "application/json"}}, "Content-Type is given 2 times" + allowed},
		{"doubled in two cases", map[string][]string{"Content-Type": {"application/json"}, "content-type": {"application/json"}}, "Content-Type is given 2 times" + allowed},
		{"hostile", map[string][]string{"Content-Type": {"a\r\nb\x00" + strings.Repeat("x", 9000)}}, `Content-Type "a\r\nb\x00` + strings.Repeat("x", 59) + `"… is not supported` + allowed},
	} {
		e := bodyEvent(goodBody)
		e.MultiValueHeaders = test.headers
		response, log := refused(t, e)
		if want := failure(test.message, "unsupported_media_type"); response.StatusCode != http.StatusUnsupportedMediaType || response.Body != want || log != "" {
			t.Errorf("%s: got %d %s, log %q\nwant 415 %s", test.name, response.StatusCode, response.Body, log, want)
		}
	}
}

// An unknown caller learns nothing of its body.
func TestCallerComesBeforeTheBody(t *testing.T) {
	e := bodyEvent("{")
	e.RequestContext.Authorizer = nil
	response, log := refused(t, e)
	if want := failure("internal error", "internal_error"); response.StatusCode != http.StatusInternalServerError || response.Body != want || log == "" {
		t.Errorf("got %d %s, log %q, want 500 %s", response.StatusCode, response.Body, log, want)
	}
}

// FuzzBody: whatever the body, it is a short refusal, or it is JSON that encoding/json reads alike.
func FuzzBody(f *testing.F) {
	f.Add([]byte(goodBody))
	f.Add([]byte(`{"filename":"\ud83c\udfac","size":1e3,"title":null}`))
	f.Add([]byte(`{"size":7,"\u0073ize":8}`))
	f.Add([]byte("{\"filename\":\"\xff\"}{}"))
	f.Add([]byte(`{"uploads":[{"filename":"a.mp4","size":7},{"size":8,"filename":"b.mp4","title":null}]}`))
	f.Add([]byte(`{"filename":"a.mp4","uploads":[{}]}`))
	f.Add([]byte("{\"filename\":\"cl\xa4\xa4\",\"size\":7}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		e := bodyEvent(string(body))
		if !utf8.Valid(body) {
			// An event is JSON, which holds other bytes in base64 alone.
			e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
		}
		var got *api.UploadOrBatch
		response, log := call(t, func(_ context.Context, request apigw.Request[api.UploadOrBatch]) (api.GrantOrGrants, error) {
			got = &request.Body
			return api.GrantOrGrants{UploadGrant: &api.UploadGrant{}}, nil
		}, e)
		if log != "" || len(response.Body) > 1000 {
			t.Fatalf("got %d %s, log %q", response.StatusCode, response.Body, log)
		}
		if (response.StatusCode == http.StatusCreated) != (got != nil) {
			t.Fatalf("got %d %s, handler reached: %v", response.StatusCode, response.Body, got != nil)
		}
		if got == nil {
			return
		}
		var want api.UploadOrBatch
		if err := json.Unmarshal(body, &want); err != nil || !utf8.Valid(body) {
			t.Fatalf("reached the handler, but: %v", err)
		}
		if diff := cmp.Diff(*got, want); diff != "" {
			t.Errorf("body (-got +want)\n%s", diff)
		}
	})
}
