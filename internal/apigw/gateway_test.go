package apigw_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/upload"
)

// marker stands for what belongs to a person: it may be in an answer to that person and nowhere else.
const marker = "planted-secret"

func event(query map[string][]string) events.APIGatewayProxyRequest {
	return events.APIGatewayProxyRequest{
		Resource:                        "/presignedurl",
		HTTPMethod:                      "GET",
		MultiValueQueryStringParameters: query,
		RequestContext: events.APIGatewayProxyRequestContext{
			RequestID:  "request-1",
			Authorizer: contextOf(caller),
		},
	}
}

var mail = []string{marker + "@example.com"}

// call sends an event through the gateway of its route's function, with a handler of its route, and returns the answer
// and what was logged.
func call[B, A any](t *testing.T, handler func(context.Context, apigw.Request[B]) (A, error), event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, string) {
	t.Helper()
	return send(t, event, handlersOf(functionOf(event), event, apigw.Handle(handler)))
}

// refused sends an event that is to reach no handler: one would answer with a success. It returns the answer and what was logged.
func refused(t *testing.T, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, string) {
	t.Helper()
	return send(t, event, handlersOf(functionOf(event), event, apigw.Handler{}))
}

// zero is a handler that answers with the zero value.
func zero[B, A any]() apigw.Handler {
	return apigw.Handle(func(context.Context, apigw.Request[B]) (answer A, err error) { return answer, nil })
}

// handlersOf has the handlers of a function: a given one for the event's route, unless it is empty, and zero for the others.
func handlersOf(function contract.Function, event events.APIGatewayProxyRequest, handler apigw.Handler) map[string]apigw.Handler {
	handlers := map[contract.Function]map[string]apigw.Handler{
		contract.Presign: {
			"GET /presignedurl":             zero[apigw.None, api.PresignedForm](),
			"POST /uploads":                 zero[api.UploadOrBatch, api.GrantOrGrants](),
			"POST /uploads/{id}/parts":      zero[api.PartsRequest, api.PartsGrant](),
			"POST /uploads/{id}/parts/list": zero[api.PartsListRequest, api.PartsListGrant](),
			"POST /uploads/{id}/complete":   zero[api.CompleteRequest, api.CompleteGrant](),
			"POST /links":                   zero[api.LinkRequest, api.Link](),
			"GET /link":                     zero[apigw.None, api.GuestLink](),
		},
		contract.Manage: {
			"GET /uploads":               zero[apigw.None, api.UploadList](),
			"GET /uploads/{id}":          zero[apigw.None, api.Upload](),
			"PATCH /uploads/{id}":        zero[api.UploadPatch, api.Upload](),
			"DELETE /uploads/{id}":       zero[apigw.None, apigw.None](),
			"GET /uploads/{id}/download": zero[apigw.None, api.Download](),
			"GET /usage":                 zero[apigw.None, api.Usage](),
			"POST /keys":                 zero[api.ScriptKeyRequest, api.ScriptKey](),
			"GET /keys":                  zero[apigw.None, api.ScriptKeyList](),
			"DELETE /keys/{keyId}":       zero[apigw.None, apigw.None](),
			"DELETE /links":              zero[apigw.None, apigw.None](),
			"DELETE /links/{linkId}":     zero[apigw.None, apigw.None](),
		},
	}[function]
	name := event.HTTPMethod + " " + event.Resource
	if _, ok := handlers[name]; ok && !reflect.ValueOf(handler).IsZero() {
		handlers[name] = handler
	}
	return handlers
}

func send(t *testing.T, event events.APIGatewayProxyRequest, handlers map[string]apigw.Handler) (events.APIGatewayProxyResponse, string) {
	t.Helper()
	var log bytes.Buffer
	gateway, err := apigw.New(functionOf(event), handlers, nil, slog.New(slog.NewJSONHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	response := gateway.Handle(t.Context(), event)
	checkInvoke(t, functionOf(event), handlers, event)
	headers := maps.Clone(contract.Headers)
	if response.StatusCode == http.StatusNoContent {
		delete(headers, "Content-Type")
	}
	if empty := response.Body == ""; empty != (response.StatusCode == http.StatusNoContent) || !empty && !json.Valid([]byte(response.Body)) {
		t.Errorf("status %d with body %q, want JSON or 204 and none", response.StatusCode, response.Body)
	}
	if diff := cmp.Diff(response.Headers, headers); diff != "" {
		t.Errorf("headers (-got +want)\n%s", diff)
	}
	if strings.Contains(log.String(), marker) {
		t.Errorf("the log holds personal data: %s", &log)
	}
	return response, log.String()
}

// functionOf is the function that gets an event: presign, unless it is for one of manage's routes.
func functionOf(event events.APIGatewayProxyRequest) contract.Function {
	if route, ok := contract.RouteOf(event.Resource, event.HTTPMethod); ok && route.Function == contract.Manage {
		return contract.Manage
	}
	return contract.Presign
}

func failure(message, code string) string {
	body, _ := json.Marshal(message)
	return fmt.Sprintf(`{"message":%s,"code":%q,"requestId":"request-1"}`+"\n", body, code)
}

func TestHandlerGetsWhatIsChecked(t *testing.T) {
	var got apigw.Request[apigw.None]
	handler := func(_ context.Context, request apigw.Request[apigw.None]) (api.PresignedForm, error) {
		got = request
		return api.PresignedForm{ID: "42"}, nil
	}
	response, log := call(t, handler, event(map[string][]string{"mail": mail, "type": {""}}))
	if response.StatusCode != http.StatusOK || !strings.Contains(response.Body, `"id":"42"`) || log != "" {
		t.Errorf("got %d %s, log %q", response.StatusCode, response.Body, log)
	}
	want := apigw.Request[apigw.None]{Caller: caller, Query: map[string]string{"mail": mail[0], "type": ""}, ID: "request-1"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("request (-got +want)\n%s", diff)
	}
}

func TestRefusedBeforeTheHandler(t *testing.T) {
	long := strings.Repeat("x", 9000)
	noOwner := caller
	noOwner.Owner = ""
	for _, test := range []struct {
		name   string
		event  events.APIGatewayProxyRequest
		change func(*events.APIGatewayProxyRequest)
		status int
		body   string
	}{
		{"no query", event(nil), nil, 400, failure("query parameter mail or subject is missing: one of them names the user", "invalid_request")},
		{
			"mail and subject", event(map[string][]string{"mail": mail, "subject": {"a"}}), nil, 400,
			failure("query parameters mail and subject are both given: must be one of them", "invalid_request"),
		},
		{
			"subject doubled", event(map[string][]string{"subject": {"a", "b"}}), nil, 400,
			failure("query parameter subject is given 2 times: must be given once", "invalid_request"),
		},
		{
			"doubled", event(map[string][]string{"mail": {"a@x.com", "b@x.com"}}), nil, 400,
			failure("query parameter mail is given 2 times: must be given once", "invalid_request"),
		},
		{
			"doubled, equal", event(map[string][]string{"mail": mail, "type": {"a", "a"}}), nil, 400,
			failure("query parameter type is given 2 times: must be given once", "invalid_request"),
		},
		{
			"no value at all", event(map[string][]string{"mail": {}}), nil, 400,
			failure("query parameter mail is given 0 times: must be given once", "invalid_request"),
		},
		{
			"unknown", event(map[string][]string{"mail": mail, "owner": {"x"}}), nil, 400,
			failure(`query parameter "owner" is not known: must be one of mail, subject, filename, type`, "invalid_request"),
		},
		{
			"other case", event(map[string][]string{"Mail": mail}), nil, 400,
			failure(`query parameter "Mail" is not known: must be one of mail, subject, filename, type`, "invalid_request"),
		},
		{
			"unknown, hostile", event(map[string][]string{"a\r\n\x00\xff": {"x"}}), nil, 400,
			failure(`query parameter "a\r\n\x00\xff" is not known: must be one of mail, subject, filename, type`, "invalid_request"),
		},
		{
			"not UTF-8", event(map[string][]string{"mail": mail, "filename": {"caf\xe9.mp4"}}), nil, 400,
			failure(`query parameter filename is not UTF-8: must be percent-encoded UTF-8`, "invalid_request"),
		},
		{
			"not UTF-8, as API Gateway hands it on", event(map[string][]string{"mail": {"\ufffd@x.com"}}), nil, 400,
			failure(`query parameter mail is not UTF-8: must be percent-encoded UTF-8`, "invalid_request"),
		},
		{
			"unknown, long", event(map[string][]string{long: {"x"}}), nil, 400,
			failure(`query parameter "`+long[:64]+`"… is not known: must be one of mail, subject, filename, type`, "invalid_request"),
		},
		{
			"other method", event(map[string][]string{"mail": mail}), func(e *events.APIGatewayProxyRequest) { e.HTTPMethod = "POST" }, 404,
			failure("no such route", "not_found"),
		},
		{
			"other resource", event(map[string][]string{"mail": mail}), func(e *events.APIGatewayProxyRequest) { e.Resource = "/" + marker }, 404,
			failure("no such route", "not_found"),
		},
		{
			"another function's route", event(nil), func(e *events.APIGatewayProxyRequest) { e.Resource = "/health" }, 404,
			failure("no such route", "not_found"),
		},
		{
			"mail that the authorizer could not read", event(map[string][]string{"mail": {"a b@x.com"}}),
			func(e *events.APIGatewayProxyRequest) { e.RequestContext.Authorizer = contextOf(noOwner) }, 400,
			failure(`mail "a b@x.com" is not a mail address: must be name@domain in ASCII, at most 254 bytes (+ is written %2B)`, "invalid_request"),
		},
	} {
		if test.change != nil {
			test.change(&test.event)
		}
		response, log := refused(t, test.event)
		if response.StatusCode != test.status || response.Body != test.body || log != "" {
			t.Errorf("%s: got %d %s, log %q\nwant %d %s", test.name, response.StatusCode, response.Body, log, test.status, test.body)
		}
	}
}

func TestCallerComesFromTheAuthorizerAlone(t *testing.T) {
	for name, change := range map[string]func(*events.APIGatewayProxyRequest){
		"no authorizer": func(e *events.APIGatewayProxyRequest) { e.RequestContext.Authorizer = nil },
		"caller in headers": func(e *events.APIGatewayProxyRequest) {
			e.RequestContext.Authorizer = nil
			e.Headers = map[string]string{"owner": caller.Owner, "role": "service", "maxSize": "1", "quota": "1"}
		},
		"malformed owner": func(e *events.APIGatewayProxyRequest) {
			e.RequestContext.Authorizer = map[string]any{"owner": marker, "role": "user", "maxSize": "1", "quota": "1"}
		},
	} {
		e := event(map[string][]string{"mail": mail})
		change(&e)
		response, log := refused(t, e)
		if want := failure("internal error", "internal_error"); response.StatusCode != http.StatusInternalServerError || response.Body != want {
			t.Errorf("%s: got %d %s, want 500 %s", name, response.StatusCode, response.Body, want)
		}
		if strings.Count(log, "\n") != 1 || !strings.Contains(log, "reading the caller") {
			t.Errorf("%s: log %q, want one line that says why", name, log)
		}
	}
}

func TestErrorsOfAHandler(t *testing.T) {
	for _, test := range []struct {
		name   string
		err    error
		status int
		body   string
		log    string // part of the one line; empty: none
	}{
		{"invalid", &upload.Error{Code: api.InvalidRequest, Message: marker}, 400, failure(marker, "invalid_request"), ""},
		{"forbidden", &upload.Error{Code: api.Forbidden, Message: "m"}, 403, failure("m", "forbidden"), ""},
		{"not found", &upload.Error{Code: api.NotFound, Message: "m"}, 404, failure("m", "not_found"), ""},
		{"conflict", &upload.Error{Code: api.Conflict, Message: "m"}, 409, failure("m", "conflict"), ""},
		{"precondition", &upload.Error{Code: api.PreconditionFailed, Message: "m"}, 412, failure("m", "precondition_failed"), ""},
		{"type", &upload.Error{Code: api.UnsupportedMediaType, Message: "m"}, 415, failure("m", "unsupported_media_type"), ""},
		{"size", &upload.Error{Code: api.PayloadTooLarge, Message: "m"}, 413, failure("m", "payload_too_large"), ""},
		{"wrapped", fmt.Errorf("choosing: %w", &upload.Error{Code: api.InvalidRequest, Message: "m"}), 400, failure("m", "invalid_request"), ""},
		{"code without a status", &upload.Error{Code: "other", Message: "m"}, 500, failure("internal error", "internal_error"), "request failed"},
		{"fault", errors.New("the signer broke"), 500, failure("internal error", "internal_error"), "the signer broke"},
	} {
		handler := func(context.Context, apigw.Request[apigw.None]) (form api.PresignedForm, err error) {
			return form, test.err
		}
		response, log := call(t, handler, event(map[string][]string{"mail": mail}))
		if response.StatusCode != test.status || response.Body != test.body {
			t.Errorf("%s: got %d %s, want %d %s", test.name, response.StatusCode, response.Body, test.status, test.body)
		}
		checkLog(t, test.name, log, test.log)
	}
}

func TestPanicsOfAHandler(t *testing.T) {
	type handler = func(context.Context, apigw.Request[apigw.None]) (api.PresignedForm, error)
	for _, test := range []struct {
		name    string
		handler handler
		log     string
	}{
		{"text", func(context.Context, apigw.Request[apigw.None]) (api.PresignedForm, error) { panic(marker) }, "panic: string"},
		{"error", func(context.Context, apigw.Request[apigw.None]) (api.PresignedForm, error) { panic(errors.New(marker)) }, "panic: *errors.errorString"},
		{"runtime", func(_ context.Context, r apigw.Request[apigw.None]) (api.PresignedForm, error) {
			return api.PresignedForm{URL: r.Query["mail"][len(r.Query):1]}, nil
		}, "panic: runtime error: slice bounds out of range [2:1]"},
		{"answer that is not JSON", func(context.Context, apigw.Request[apigw.None]) (api.PresignedForm, error) { return noJSON, nil }, "a year outside of 0 to 9999"},
	} {
		response, log := call(t, test.handler, event(map[string][]string{"mail": mail, "type": {"a"}}))
		if want := failure("internal error", "internal_error"); response.StatusCode != http.StatusInternalServerError || response.Body != want {
			t.Errorf("%s: got %d %s, want 500 %s", test.name, response.StatusCode, response.Body, want)
		}
		checkLog(t, test.name, log, test.log)
	}
}

// noJSON is a form that encoding/json refuses.
var noJSON = api.PresignedForm{Expires: api.Time{Time: time.Date(10000, time.January, 1, 0, 0, 0, 0, time.UTC)}}

func checkLog(t *testing.T, name, log, want string) {
	t.Helper()
	if want == "" {
		if log != "" {
			t.Errorf("%s: log %q, want none", name, log)
		}
		return
	}
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, want) ||
		!strings.Contains(log, `"route":"GET /presignedurl","apiRequestId":"request-1"`) {
		t.Errorf("%s: log %q, want one line with route, request and %q", name, log, want)
	}
}

func TestNewWantsAHandlerForEachRoute(t *testing.T) {
	all := handlersOf(contract.Presign, events.APIGatewayProxyRequest{}, apigw.Handler{})
	form, grant := all["GET /presignedurl"], all["POST /uploads"]
	for name, changes := range map[string]map[string]apigw.Handler{
		"empty":                      {"GET /presignedurl": {}},
		"one more":                   {"GET /other": form},
		"another function's route":   {"GET /health": form},
		"exchanged":                  {"GET /presignedurl": grant, "POST /uploads": form},
		"another body":               {"POST /uploads": zero[api.UploadPatch, api.GrantOrGrants]()},
		"a body where there is none": {"GET /presignedurl": zero[api.UploadRequest, api.PresignedForm]()},
		"another answer":             {"GET /presignedurl": zero[apigw.None, api.UploadGrant]()},
		"no answer":                  {"GET /presignedurl": zero[apigw.None, apigw.None]()},
	} {
		handlers := maps.Clone(all)
		maps.Copy(handlers, changes)
		if _, err := apigw.New(contract.Presign, handlers, nil, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s: New succeeded, want an error", name)
		}
	}
	for missing := range all {
		handlers := maps.Clone(all)
		delete(handlers, missing)
		if _, err := apigw.New(contract.Presign, handlers, nil, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("no %s: New succeeded, want an error", missing)
		}
	}
	if _, err := apigw.New(contract.Presign, all, nil, slog.New(slog.DiscardHandler)); err != nil {
		t.Error(err)
	}
}
