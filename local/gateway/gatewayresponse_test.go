package gateway_test

import (
	"net/http"
	"testing"

	"postern/internal/cfn"
)

func TestGatewayResponses(t *testing.T) {
	const body = `{"message":$context.error.messageString,"code":"x","type":"$context.error.responseType","requestId":"$context.requestId","text":"$context.error.message"}`
	jsonBody := func(text string) map[string]string { return map[string]string{"application/json": text} }
	for _, test := range []struct {
		name      string
		responses map[string]cfn.GatewayResponse
		request   *http.Request
		functions *functions
		status    int
		body      string
		header    string // value of X-Own
	}{
		{
			"own type",
			map[string]cfn.GatewayResponse{"MISSING_AUTHENTICATION_TOKEN": {
				StatusCode: "404", Templates: jsonBody(body), Parameters: map[string]string{"gatewayresponse.header.X-Own": "'a \"b\" c'"},
			}},
			get("/api/unknown"), honest(), 404,
			`{"message":"Missing Authentication Token","code":"x","type":"MISSING_AUTHENTICATION_TOKEN","requestId":"11111111-2222-4333-8444-555555555555","text":"Missing Authentication Token"}`, `a "b" c`,
		},
		{
			"own type with headers alone",
			map[string]cfn.GatewayResponse{"MISSING_AUTHENTICATION_TOKEN": {Parameters: map[string]string{"gatewayresponse.header.X-Own": "'a'"}}},
			get("/api/unknown"), honest(), 403, missingToken, "a",
		},
		{
			"default of 4XX",
			map[string]cfn.GatewayResponse{"DEFAULT_4XX": {Templates: jsonBody("4 $context.error.messageString"), Parameters: map[string]string{"gatewayresponse.header.X-Own": "'4'"}}},
			get("/api/presignedurl"), honest(), 400, `4 "Missing required request parameters: [mail]"`, "4",
		},
		{
			"default of 4XX with a status code",
			map[string]cfn.GatewayResponse{"DEFAULT_4XX": {StatusCode: "418"}},
			get("/api/presignedurl"), honest(), 418, `{"message":"Missing required request parameters: [mail]"}`, "",
		},
		{
			"own type before the default",
			map[string]cfn.GatewayResponse{
				"DEFAULT_4XX":            {Templates: jsonBody("default")},
				"BAD_REQUEST_PARAMETERS": {Templates: jsonBody("own $context.error.validationErrorString")},
			},
			get("/api/presignedurl"), honest(), 400, "own Missing required request parameters: [mail]", "",
		},
		{
			"default of 4XX does not hold for 5XX",
			map[string]cfn.GatewayResponse{"DEFAULT_4XX": {Templates: jsonBody("4")}},
			post(""), with("Handler", failing(errNotRun)), 500, internalError, "",
		},
		{
			"default of 5XX keeps 502",
			map[string]cfn.GatewayResponse{"DEFAULT_5XX": {Templates: jsonBody(body)}},
			post(""), with("Handler", answering("null")), 502,
			`{"message":"Internal server error","code":"x","type":"DEFAULT_5XX","requestId":"11111111-2222-4333-8444-555555555555","text":"Internal server error"}`, "",
		},
		{
			"default of 5XX for an authorizer, whose message is null",
			map[string]cfn.GatewayResponse{"DEFAULT_5XX": {Templates: jsonBody(`{"message":$context.error.messageString}`)}},
			get(presignedURL), with("Authorizer", answering("null")), 500, `{"message":null}`, "",
		},
		{
			"what the authorizer says of its refusal",
			map[string]cfn.GatewayResponse{"ACCESS_DENIED": {Templates: jsonBody(`{"message":"$context.authorizer.message","none":"$context.authorizer.none"}`)}},
			get(presignedURL), with("Authorizer", answering(`{"principalId":"p","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"Deny","Resource":"*"}]},"context":{"message":"not you"}}`)),
			403, `{"message":"not you","none":""}`, "",
		},
		{
			"nothing changes what is outside of the API",
			map[string]cfn.GatewayResponse{"DEFAULT_4XX": {StatusCode: "418", Templates: jsonBody("4")}},
			get("/outside"), honest(), 403, forbidden, "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := api()
			a.Responses = test.responses
			w := serve(handler(t, a, test.functions), test.request)
			expect(t, w, test.status, test.body)
			if got := w.Header().Get("X-Own"); got != test.header {
				t.Errorf("got X-Own %q, want %q", got, test.header)
			}
		})
	}
}
