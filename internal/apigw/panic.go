package apigw

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// PanicError is a recovered panic as an error that may be logged: the runtime's own text or the type of the value,
// which may hold personal data and is left out, and the stack.
func PanicError(value any) error {
	text := fmt.Sprintf("%T", value)
	if fault, ok := value.(runtime.Error); ok {
		text = fault.Error()
	}
	return fmt.Errorf("panic: %s\n%s", text, debug.Stack())
}
