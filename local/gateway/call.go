package gateway

import (
	"context"
	"errors"
	"time"
)

// call invokes a function and notes how that went.
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

// report logs a fault that is not the caller's. A caller who left is none.
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
