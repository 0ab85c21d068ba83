package apigw

import (
	"context"
	"time"
)

// WithMargin moves a context's deadline forward by margin: Lambda kills a function at its deadline, and what gives up
// before can still be logged and answered.
func WithMargin(ctx context.Context, margin time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}
