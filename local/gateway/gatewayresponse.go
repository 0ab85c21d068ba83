package gateway

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"postern/internal/cfn"
)

// A gatewayResponse is the answer to failures of one type.
type gatewayResponse struct {
	status    int // 0: the failure's own or the type's
	header    http.Header
	body      format
	exception string
}

// newGatewayResponses makes the response of every type: the template's own, else its DEFAULT_4XX or DEFAULT_5XX, else API
// Gateway's.
func newGatewayResponses(given map[string]cfn.GatewayResponse) (map[string]gatewayResponse, error) {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, ok := responseTypes[name]; !ok || name == noStage {
			errs = append(errs, fmt.Errorf("%s: %q is not a type of gateway response", given[name].LogicalID, name))
		} else if _, err := newGatewayResponse(name, given[name]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", given[name].LogicalID, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	made := make(map[string]gatewayResponse, len(responseTypes))
	for name, kind := range responseTypes {
		source, ok := given[name]
		if !ok && name != noStage {
			source = given[fmt.Sprintf("DEFAULT_%dXX", kind.status/100)]
		}
		response, err := newGatewayResponse(name, source)
		if err != nil {
			return nil, err
		}
		made[name] = response
	}
	return made, nil
}

func newGatewayResponse(name string, source cfn.GatewayResponse) (gatewayResponse, error) {
	header, err := staticHeaders(source.Parameters, "gatewayresponse.header.")
	if err != nil {
		return gatewayResponse{}, err
	}
	text, err := bodyTemplate(source.Templates)
	if err != nil {
		return gatewayResponse{}, err
	}
	if len(source.Templates) == 0 {
		text = defaultTemplate(name)
	}
	body, err := compile(text, responseVariable)
	if err != nil {
		return gatewayResponse{}, fmt.Errorf("response template: %w", err)
	}
	response := gatewayResponse{header: header, body: body, exception: responseTypes[name].exception}
	if source.StatusCode != "" {
		response.status, err = strconv.Atoi(source.StatusCode)
		if err != nil || response.status < 200 || response.status > 599 {
			return gatewayResponse{}, fmt.Errorf("status code %q: want 200 to 599", source.StatusCode)
		}
	}
	return response, nil
}

func defaultTemplate(name string) string {
	if name == "ACCESS_DENIED" {
		return `{"Message":$context.error.messageString}`
	}
	return `{"message":$context.error.messageString}`
}

// refuse answers a request that failed.
func (g *gateway) refuse(x *exchange, f *failure) answer {
	response := g.responses[f.responseType]
	a := answer{
		status: response.status,
		header: response.header.Clone(),
		body:   response.body.render(x),
	}
	if a.status == 0 {
		a.status = f.status
	}
	if a.status == 0 {
		a.status = responseTypes[f.responseType].status
	}
	a.header.Set("X-Amzn-Errortype", response.exception)
	if a.header.Get("Content-Type") == "" {
		a.header.Set("Content-Type", jsonType)
	}
	return a
}

// A failure is a request that API Gateway answers itself.
type failure struct {
	responseType string
	status       int    // 0: the type's own
	message      string // empty: null
	validation   string // what the request validator found
}

// noStage is the type for a path outside the API. No gateway response can change it.
const noStage = ""

// A responseType is a kind of gateway response: its status code and the x-amzn-ErrorType header.
// Source: "Gateway response types for API Gateway".
type responseType struct {
	status    int
	exception string
}

var responseTypes = map[string]responseType{
	"ACCESS_DENIED":                  {403, "AccessDeniedException"},
	"API_CONFIGURATION_ERROR":        {500, "InternalServerErrorException"},
	"AUTHORIZER_CONFIGURATION_ERROR": {500, "AuthorizerConfigurationException"},
	"AUTHORIZER_FAILURE":             {500, "AuthorizerFailureException"},
	"BAD_REQUEST_BODY":               {400, "BadRequestException"},
	"BAD_REQUEST_PARAMETERS":         {400, "BadRequestException"},
	"DEFAULT_4XX":                    {400, "BadRequestException"},
	"DEFAULT_5XX":                    {500, "InternalServerErrorException"},
	"EXPIRED_TOKEN":                  {403, "ExpiredTokenException"},
	"INTEGRATION_FAILURE":            {504, "InternalServerErrorException"},
	"INTEGRATION_TIMEOUT":            {504, "InternalServerErrorException"},
	"INVALID_API_KEY":                {403, "ForbiddenException"},
	"INVALID_SIGNATURE":              {403, "InvalidSignatureException"},
	"MISSING_AUTHENTICATION_TOKEN":   {403, "MissingAuthenticationTokenException"},
	"QUOTA_EXCEEDED":                 {429, "LimitExceededException"},
	"REQUEST_TOO_LARGE":              {413, "RequestTooLargeException"},
	"RESOURCE_NOT_FOUND":             {404, "NotFoundException"},
	"THROTTLED":                      {429, "TooManyRequestsException"},
	"UNAUTHORIZED":                   {401, "UnauthorizedException"},
	"UNSUPPORTED_MEDIA_TYPE":         {415, "UnsupportedMediaTypeException"},
	"WAF_FILTERED":                   {403, "ForbiddenException"},
	noStage:                          {403, "ForbiddenException"},
}
