package function

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// WithMargin moves a context's deadline forward by margin. Lambda kills a function at its deadline: what gives up before
// can still be logged and answered.
func WithMargin(ctx context.Context, margin time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}

// Guard calls part and returns its error. A panic becomes an error that may be logged: it holds the stack and the
// runtime's own text. Of any other value it holds the type, since the value may be personal data.
func Guard(part func() error) (err error) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		text := fmt.Sprintf("%T", value)
		if fault, ok := value.(runtime.Error); ok {
			text = fault.Error()
		}
		err = fmt.Errorf("panic: %s\n%s", text, debug.Stack())
	}()
	return part()
}

// WallClock returns the time without its monotonic part, which stands still while Lambda freezes the process.
func WallClock() time.Time { return time.Now().Round(0) }
