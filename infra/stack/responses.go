package stack

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/jsii-runtime-go"

	"postern/api"
	"postern/infra/stage"
	"postern/internal/contract"
)

// Challenges ask for the credentials that the authorizer reads.
// Source: RFC 7617, section 2.1, and RFC 6750, section 3.
const (
	basicChallenge  = `Basic realm="postern", charset="UTF-8"`
	bearerChallenge = `Bearer realm="postern"`
)

// challenges returns the header that asks for the credentials that a stage takes. It is empty if it takes none.
// Source: RFC 9110, section 11.6.1.
func challenges(s stage.Stage) map[string]string {
	var all []string
	if s.Basic {
		all = append(all, basicChallenge)
	}
	if len(s.Issuers) > 0 {
		all = append(all, bearerChallenge)
	}
	if len(all) == 0 {
		return nil
	}
	return map[string]string{"WWW-Authenticate": strings.Join(all, ", ")}
}

// An authorizer that fails has refused nobody: it could not reach the users table, the secret or an issuer's keys, or too many
// run. API Gateway answers such a fault by one of two types, so they are alike: the caller may try again after so many seconds.
const (
	retryAuthorizer = 10
	notJudged       = `"who calls cannot be checked now: try again later"`
)

// messageOfAWS stands for API Gateway's own message, a JSON string with its quotes.
const messageOfAWS = "$context.error.messageString"

// messageOfAuthorizer stands for why the authorizer denies the request, which says so in its context. Each of its denials
// does, in characters that JSON need not escape.
const messageOfAuthorizer = `"$context.authorizer.message"`

// A gatewayResponse is an answer of API Gateway itself.
type gatewayResponse struct {
	kind    string            // response type
	status  string            // empty: the type's own
	code    api.Code          // member "code" of the body
	message string            // JSON of member "message"
	headers map[string]string // besides the standard ones
}

// gatewayResponses gives API Gateway's own errors the members that every error of the API has.
//
// A route that does not exist is answered as a request to AWS that lacks a signature, or has a wrong one, whose message
// repeats the header: 403 says nothing true there, so status and message are ours. No method here takes AWS signatures.
// Source: API Gateway Developer Guide, "Gateway response types for API Gateway".
var gatewayResponses = []gatewayResponse{
	{kind: "BAD_REQUEST_PARAMETERS", code: api.InvalidRequest, message: messageOfAWS},
	{kind: "BAD_REQUEST_BODY", code: api.InvalidRequest, message: messageOfAWS},
	{kind: "UNAUTHORIZED", code: api.Unauthorized, message: messageOfAWS},
	{kind: "ACCESS_DENIED", code: api.Forbidden, message: messageOfAuthorizer},
	{kind: "MISSING_AUTHENTICATION_TOKEN", status: "404", code: api.NotFound, message: `"no such route"`},
	{kind: "INVALID_SIGNATURE", status: "404", code: api.NotFound, message: `"no such route"`},
	{kind: "EXPIRED_TOKEN", status: "404", code: api.NotFound, message: `"no such route"`},
	{kind: "RESOURCE_NOT_FOUND", code: api.NotFound, message: `"no such route"`},
	{kind: "REQUEST_TOO_LARGE", code: api.PayloadTooLarge, message: messageOfAWS},
	{kind: "UNSUPPORTED_MEDIA_TYPE", code: api.UnsupportedMediaType, message: messageOfAWS},
	{kind: "THROTTLED", code: api.TooManyRequests, message: messageOfAWS, headers: contract.RetryHeaders(1)},
	{kind: "QUOTA_EXCEEDED", code: api.TooManyRequests, message: messageOfAWS},
	{kind: "WAF_FILTERED", code: api.Forbidden, message: `"the firewall refuses the request"`}, // by a rule of the account's own
	{kind: "DEFAULT_4XX", code: api.InvalidRequest, message: `"the request is refused"`},
	{kind: "API_CONFIGURATION_ERROR", code: api.InternalError, message: `"internal error"`},
	{kind: "AUTHORIZER_CONFIGURATION_ERROR", status: "503", code: api.InternalError, message: notJudged, headers: contract.RetryHeaders(retryAuthorizer)},
	{kind: "AUTHORIZER_FAILURE", status: "503", code: api.InternalError, message: notJudged, headers: contract.RetryHeaders(retryAuthorizer)},
	{kind: "INTEGRATION_FAILURE", code: api.InternalError, message: `"internal error"`},
	{kind: "INTEGRATION_TIMEOUT", code: api.InternalError, message: `"internal error"`},
	{kind: "DEFAULT_5XX", code: api.InternalError, message: `"internal error"`},
}

func addGatewayResponses(api awsapigateway.RestApi, s stage.Stage) {
	for _, response := range gatewayResponses {
		response = response.of(s)
		parameters := quoted("", standardHeaders())
		maps.Copy(*parameters, *quoted("", response.headers))
		var status *string
		if response.status != "" {
			status = jsii.String(response.status)
		}
		api.AddGatewayResponse(jsii.String(response.kind), &awsapigateway.GatewayResponseOptions{
			Type:            awsapigateway.ResponseType_Of(jsii.String(response.kind)),
			StatusCode:      status,
			ResponseHeaders: parameters,
			Templates:       &map[string]*string{"application/json": jsii.String(response.body())},
		})
	}
}

// of returns the response as a stage has it: a refusal asks for the credentials that the stage takes.
func (r gatewayResponse) of(s stage.Stage) gatewayResponse {
	if r.kind == "UNAUTHORIZED" {
		r.headers = challenges(s)
	}
	return r
}

// standardHeaders returns the headers of every answer. API Gateway takes the content type from the response template.
func standardHeaders() map[string]string {
	headers := maps.Clone(contract.Headers)
	delete(headers, "Content-Type")
	return headers
}

// body returns the response template. It is JSON once API Gateway has replaced its variables, and ends with a line end as
// the functions' answers do.
func (r gatewayResponse) body() string {
	code, _ := json.Marshal(r.code)
	return `{"message":` + r.message + `,"code":` + string(code) + `,"requestId":"$context.requestId"}` + "\n"
}

// quoted returns headers as the parameters of an API Gateway response: prefixed names, static values in single quotes.
func quoted(prefix string, headers map[string]string) *map[string]*string {
	parameters := make(map[string]*string, len(headers))
	for name, value := range headers {
		parameters[prefix+name] = jsii.String("'" + value + "'")
	}
	return &parameters
}
