// Package apigw turns API Gateway's events into calls of typed handlers, and what they return into answers. What holds
// for every route is here, once: who the caller is, which query and body are understood, what an error looks like.
package apigw

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/function"
	"postern/internal/upload"
)

// A Handler answers one route. Handle makes one.
type Handler struct {
	// fits reports whether the route has the body and the answer that the handler has.
	fits func(contract.Route) bool
	// serve returns the JSON of the answer to an event of the route, or nothing if it has none.
	serve func(context.Context, *events.APIGatewayProxyRequest, contract.Route) ([]byte, error)
}

// None is the body of a route that reads none, and the answer of one that has none.
type None struct{}

// Handle makes a Handler of a function. B is the type of the route's body, A of its answer. An *upload.Error that handle
// returns is shown to the client. Any other error, and a panic, is logged and becomes a bare internal error: it must hold
// no personal data.
func Handle[B, A any](handle func(context.Context, Request[B]) (A, error)) Handler {
	return HandleWith(handle, encode[A])
}

// HandleWith is Handle with an encoder of the answer in the place of encoding/json.
func HandleWith[B, A any](handle func(context.Context, Request[B]) (A, error), encode func(A) ([]byte, error)) Handler {
	return Handler{
		fits: func(route contract.Route) bool { return isType[B](route.Request) && isType[A](route.Response) },
		serve: func(ctx context.Context, event *events.APIGatewayProxyRequest, route contract.Route) ([]byte, error) {
			request, err := read[B](event, route)
			if err != nil {
				return nil, err
			}
			answer, err := handle(ctx, request)
			if err != nil || route.Response == nil {
				return nil, err
			}
			return encode(answer)
		},
	}
}

// isType reports whether the zero value of a route's body or answer is of type T. A missing one is None.
func isType[T any](zero any) bool {
	if zero == nil {
		zero = None{}
	}
	_, ok := zero.(T)
	return ok
}

// A Gateway is the guarded path between API Gateway's events and a function's handlers.
type Gateway struct {
	function contract.Function
	handlers map[string]Handler
	throttle *Throttle
	log      *slog.Logger
}

// New returns the gateway of a function. Handlers are keyed by method and path as in the route table, such as
// "GET /presignedurl". It is an error when the function's routes and the handlers differ, in their types too. A throttle that
// is nil bounds nothing.
func New(function contract.Function, handlers map[string]Handler, throttle *Throttle, log *slog.Logger) (*Gateway, error) {
	var errs []error
	routes := map[string]bool{}
	for _, route := range contract.Routes {
		if route.Function != function {
			continue
		}
		routes[name(route)] = true
		switch handler := handlers[name(route)]; {
		case handler.serve == nil:
			errs = append(errs, fmt.Errorf("no handler for route %s", name(route)))
		case !handler.fits(route):
			errs = append(errs, fmt.Errorf("the handler for route %s is of another body or answer", name(route)))
		}
	}
	for handler := range handlers {
		if !routes[handler] {
			errs = append(errs, fmt.Errorf("no route for handler %s", handler))
		}
	}
	return &Gateway{function, handlers, throttle, log}, errors.Join(errs...)
}

func name(route contract.Route) string { return route.Method + " " + route.Path }

// Invoke answers an event of a REST API's proxy integration, from JSON to JSON, and makes a Gateway a lambda.Handler. It
// reads no more of an event than is used and writes each byte of an answer once: package lambda's general way around a
// function takes longer than our handlers. It fails for what is not such an event, and for nothing else: every other fault is
// an answer.
func (g *Gateway) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	event, err := decodeEvent(payload)
	if err != nil {
		return nil, err
	}
	return encodeResponse(g.answer(ctx, event)), nil
}

// answer answers an event. It never panics: every fault is an answer.
func (g *Gateway) answer(ctx context.Context, event *events.APIGatewayProxyRequest) answer {
	var success answer
	err := function.Guard(func() (err error) {
		success.status, success.body, err = g.serve(ctx, event)
		return err
	})
	if err == nil {
		return success
	}
	if errors.Is(err, errThrottled) {
		refusal := fail(http.StatusTooManyRequests, api.TooManyRequests, errThrottled.Error(), event)
		refusal.headers = contract.RetryHeaders(retryAfter)
		return refusal
	}
	if refusal, ok := errors.AsType[*upload.Error](err); ok && statuses[refusal.Code] != 0 {
		return fail(statuses[refusal.Code], refusal.Code, refusal.Message, event)
	}
	g.log.ErrorContext(ctx, "request failed", "route", event.HTTPMethod+" "+event.Resource,
		"apiRequestId", event.RequestContext.RequestID, "error", err.Error())
	return fail(http.StatusInternalServerError, api.InternalError, "internal error", event)
}

// serve returns the status of a success and the JSON of the handler's answer.
func (g *Gateway) serve(ctx context.Context, event *events.APIGatewayProxyRequest) (int, []byte, error) {
	route, ok := contract.RouteOf(event.Resource, event.HTTPMethod)
	if !ok || route.Function != g.function {
		return 0, nil, &upload.Error{Code: api.NotFound, Message: "no such route"}
	}
	if err := g.throttle.admit(event); err != nil {
		return 0, nil, err
	}
	body, err := g.handlers[name(route)].serve(ctx, event, route)
	return cmp.Or(route.Status, http.StatusOK), body, err
}
