package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

// badGateway is the failure of a function whose answer is missing or malformed.
var badGateway = failure{responseType: "DEFAULT_5XX", status: http.StatusBadGateway, message: "Internal server error"}

// invoke lets the route's function answer the request.
func (g *gateway) invoke(x *exchange) (answer, *failure) {
	event, err := g.proxyEvent(x)
	if err != nil {
		g.report(x, "the function was not invoked", err)
		return answer{}, &failure{responseType: "API_CONFIGURATION_ERROR", message: "Internal server error"}
	}
	if len(event) > maxPayload {
		return answer{}, &failure{responseType: "REQUEST_TOO_LARGE", message: "Request Too Long"}
	}
	ctx, cancel := context.WithTimeout(x.request.Context(), x.route.timeout)
	defer cancel()
	payload, err := g.call(ctx, x.route.function, event, &x.integration)
	reported := FunctionError(nil)
	switch {
	case err == nil:
		return g.proxyAnswer(x, payload)
	case errors.As(err, &reported):
		g.report(x, "the function failed", errors.New(reported.ErrorType()))
		return answer{}, &badGateway
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return answer{}, &failure{responseType: "INTEGRATION_TIMEOUT", message: "Endpoint request timed out"}
	default:
		g.report(x, "the function could not be invoked", err)
		return answer{}, &failure{responseType: "API_CONFIGURATION_ERROR", message: "Internal server error"}
	}
}

func (g *gateway) proxyAnswer(x *exchange, payload []byte) (answer, *failure) {
	a, err := parseAnswer(payload)
	if err != nil {
		g.report(x, "the function's answer is malformed", err)
		return answer{}, &badGateway
	}
	a.header.Set("X-Amzn-Trace-Id", x.traceID())
	return a, nil
}

// call invokes a function and records the result in c.
func (g *gateway) call(ctx context.Context, function string, event []byte, c *call) ([]byte, error) {
	start := g.options.Now()
	answer, err := g.invoker.Invoke(ctx, function, event)
	*c = call{made: true, latency: g.options.Now().Sub(start), status: "200"}
	if reported := FunctionError(nil); errors.As(err, &reported) {
		c.err = reported.ErrorType()
	} else if err != nil {
		c.status, c.err = "500", "the function gave no answer"
	}
	return answer, err
}

// report logs a fault that the caller did not cause. That a caller left is not a fault.
func (g *gateway) report(x *exchange, message string, err error) {
	if x.request.Context().Err() == nil {
		g.options.ErrorLog.Error(message, "route", x.route.HTTPMethod+" "+x.route.Resource, "requestId", x.id, "error", err)
	}
}

// A call is an invocation of a function, for the access log.
type call struct {
	made    bool
	latency time.Duration
	status  string
	err     string
}

// parseAnswer reads a function's answer. Every member is optional; unknown members are refused.
// Source: "Output format of a Lambda function for proxy integration".
func parseAnswer(payload []byte) (answer, error) {
	p := &struct {
		StatusCode        int                      `json:"statusCode"`
		Headers           map[string]headerValue   `json:"headers"`
		MultiValueHeaders map[string][]headerValue `json:"multiValueHeaders"`
		Body              string                   `json:"body"`
		// The API has no binary media types, so an encoded body is sent as it is.
		IsBase64Encoded bool `json:"isBase64Encoded"`
	}{StatusCode: http.StatusOK}
	if len(payload) > maxBody {
		return answer{}, fmt.Errorf("it is larger than %d bytes", maxBody)
	}
	if err := decodeStrictly(payload, &p); err != nil {
		return answer{}, err
	}
	if p == nil {
		return answer{}, errors.New("it is null")
	}
	a := answer{status: p.StatusCode, header: http.Header{"Content-Type": {jsonType}}, body: p.Body}
	if a.status < 200 || a.status > 599 {
		return answer{}, fmt.Errorf("its status code is %d, want 200 to 599", a.status)
	}
	// Of a header in both, only the multiple values count.
	headers := map[string][]headerValue{}
	maps.Copy(headers, p.MultiValueHeaders)
	for name, value := range p.Headers {
		if !hasHeader(p.MultiValueHeaders, name) {
			headers[name] = []headerValue{value}
		}
	}
	return a, a.setHeaders(headers)
}

func hasHeader(headers map[string][]headerValue, name string) bool {
	for other := range headers {
		if strings.EqualFold(name, other) {
			return true
		}
	}
	return false
}

// A headerValue is a string, number or boolean in a function's answer.
type headerValue string

// UnmarshalJSON reads any of the three.
func (v *headerValue) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case '{', '[', 'n':
		return errors.New("a header is not a string, number or boolean")
	case '"':
		return json.Unmarshal(b, (*string)(v))
	}
	*v = headerValue(b)
	return nil
}
