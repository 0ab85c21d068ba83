package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// measureInit starts both functions up to their first question for an invocation.
func measureInit(ctx context.Context, bench *workbench) ([]comparison, error) {
	presign, empty, err := functions(ctx, bench)
	if err != nil {
		return nil, err
	}
	a, b, err := inTurn(ctx, bench.times(31, 15), start(ctx, presign), start(ctx, empty))
	if err != nil {
		return nil, err
	}
	return []comparison{{
		"start to the first /next: CPU time", duration,
		side{"presign", seconds(a), 0},
		side{"empty lambda.Start, same flags", seconds(b), 0},
		1.1,
	}}, nil
}

func start(ctx context.Context, f function) func() (time.Duration, error) {
	return func() (time.Duration, error) { return f.cpu(ctx, 0) }
}

// window is how many invocations of one function are measured before it is the other's turn: in so short a time the
// machine is the same for both.
const window = 200

// measureInvoke gives both functions the same event. Both live all the while, on one processor.
func measureInvoke(ctx context.Context, bench *workbench) ([]comparison, error) {
	presign, empty, err := functions(ctx, bench)
	if err != nil {
		return nil, err
	}
	ours, err := presign.warm(ctx)
	if err != nil {
		return nil, err
	}
	defer ours.end()
	reference, err := empty.warm(ctx)
	if err != nil {
		return nil, err
	}
	defer reference.end()
	a, b, err := inTurn(ctx, bench.times(200, 10), ours.invocation(window), reference.invocation(window))
	if err != nil {
		return nil, err
	}
	return []comparison{{
		fmt.Sprintf("warm invocation, mean of %d: CPU time", window), duration,
		side{"presign, a form", seconds(a), 0},
		side{"empty lambda.Start, same event", seconds(b), 0},
		1.3,
	}}, nil
}

// warm starts the function and invokes it until it counts as warm.
func (f function) warm(ctx context.Context) (*process, error) {
	const invocations = 1000
	p, err := f.start(ctx)
	if err != nil {
		return nil, err
	}
	return p, p.invoke(invocations)
}

// functions are presign, which has to answer the event with a form, and the empty one. Both have the environment that the
// stack gives presign.
func functions(ctx context.Context, bench *workbench) (presign, empty function, err error) {
	assembly, err := bench.localAssembly(ctx)
	if err != nil {
		return presign, empty, err
	}
	env, err := presignEnvironment(assembly)
	if err != nil {
		return presign, empty, err
	}
	event, err := readEvent(filepath.Join(bench.root, "lambda", "presign", "testdata", "event.json"))
	if err != nil {
		return presign, empty, fmt.Errorf("reading the event: %w", err)
	}
	built, err := bench.build(ctx, "host")
	presign = function{built.presign, env, event, isForm}
	empty = function{built.empty, env, event, isNull}
	return presign, empty, err
}

// readEvent reads an event and takes out the spaces around its members, which API Gateway's events do not have.
func readEvent(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var event bytes.Buffer
	err = json.Compact(&event, text)
	return event.Bytes(), err
}

func isForm(response []byte) error {
	if !bytes.HasPrefix(response, []byte(`{"statusCode":200,`)) || !bytes.Contains(response, []byte("x-amz-signature")) {
		return fmt.Errorf("presign answered %.300q, want a form", response)
	}
	return nil
}

func isNull(response []byte) error {
	if string(response) != "null" {
		return fmt.Errorf("the empty function answered %.300q, want null", response)
	}
	return nil
}
