package gateway

import (
	"context"
	"errors"
	"net/http"
)

// badGateway is the failure for a function that did not answer as it must.
var badGateway = failure{responseType: "DEFAULT_5XX", status: http.StatusBadGateway, message: "Internal server error"}

// invoke has the route's function answer the request.
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
