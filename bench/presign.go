package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"postern/internal/cfn"
)

// measureInit starts both functions until they ask for their first invocation.
func measureInit(ctx context.Context, bench *workbench) (comparison, error) {
	presign, empty, err := bench.functions(ctx, putEvent)
	if err != nil {
		return comparison{}, err
	}
	start := func(f function) func() (time.Duration, error) {
		return func() (time.Duration, error) { return f.cpu(ctx, 0) }
	}
	a, b, err := inTurn(ctx, bench.times(31, 15), start(presign), start(empty))
	return comparison{
		"start to the first /next: CPU time", duration,
		side{"presign", seconds(a), 0},
		side{"empty lambda.Start, same flags", seconds(b), 0},
		1.1,
	}, err
}

// window is how many invocations of one function are measured in a row. The machine hardly changes in so short a time.
const window = 200

// measureInvoke has presign sign what it mostly signs.
func measureInvoke(ctx context.Context, bench *workbench) (comparison, error) {
	return bench.comparePresign(ctx, "presign, a PUT", putEvent)
}

// measureForm has presign sign a form.
func measureForm(ctx context.Context, bench *workbench) (comparison, error) {
	return bench.comparePresign(ctx, "presign, a form", formEvent)
}

func (b *workbench) comparePresign(ctx context.Context, name, event string) (comparison, error) {
	presign, empty, err := b.functions(ctx, event)
	if err != nil {
		return comparison{}, err
	}
	return b.compareInvocations(ctx, name, presign, empty)
}

// compareInvocations gives a function and the empty one their event. Both processes live all the while, on the same processor.
func (b *workbench) compareInvocations(ctx context.Context, name string, measured, empty function) (comparison, error) {
	ours, err := measured.warm(ctx)
	if err != nil {
		return comparison{}, err
	}
	defer ours.end()
	reference, err := empty.warm(ctx)
	if err != nil {
		return comparison{}, err
	}
	defer reference.end()
	working, nothing, err := inTurn(ctx, b.times(200, 10), ours.invocation(window), reference.invocation(window))
	return comparison{
		fmt.Sprintf("warm invocation, mean of %d: CPU time", window), duration,
		side{name, seconds(working), 0},
		side{"empty lambda.Start, same event", seconds(nothing), 0},
		1.3,
	}, err
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

// measureZip packs both functions as they are deployed.
func measureZip(_ context.Context, bench *workbench) (comparison, error) {
	var sizes []float64
	for _, name := range []string{"presign", "empty"} {
		content, err := os.ReadFile(bench.program("linux_arm64", name))
		if err != nil {
			return comparison{}, notBuilt(err)
		}
		zipped, err := zippedSize(content)
		if err != nil {
			return comparison{}, err
		}
		sizes = append(sizes, zipped)
	}
	return comparison{
		"zip for linux_arm64: size", size,
		side{"presign", series{sizes[0]}, 3e6},
		side{"empty lambda.Start, same flags", series{sizes[1]}, 0},
		0,
	}, nil
}

// zippedSize returns the size of a zip of one program, in bytes. Like the CDK CLI, it compresses as much as deflate can.
func zippedSize(program []byte) (float64, error) {
	var written bytes.Buffer
	archive := zip.NewWriter(&written)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	entry, err := archive.Create("bootstrap")
	if err != nil {
		return 0, err
	}
	_, err = entry.Write(program)
	err = errors.Join(err, archive.Close())
	return float64(written.Len()), err
}

// Events of presign's tests: that of a PUT, which is what it signs by default, and that of a form.
const (
	putEvent  = "put.json"
	formEvent = "event.json"
)

// functions returns presign, whose answer to an event must hold a signature, and the empty function. Both get the environment
// that the stack gives presign.
func (b *workbench) functions(ctx context.Context, event string) (presign, empty function, err error) {
	assembly, err := b.localAssembly(ctx)
	if err != nil {
		return presign, empty, err
	}
	env, err := presignEnvironment(assembly)
	if err != nil {
		return presign, empty, err
	}
	text, err := os.ReadFile(filepath.Join(b.root, "lambda", "presign", "testdata", event))
	if err != nil {
		return presign, empty, fmt.Errorf("reading the event: %w", err)
	}
	var payload bytes.Buffer // without spaces around its members, as API Gateway sends it
	if err := json.Compact(&payload, text); err != nil {
		return presign, empty, fmt.Errorf("reading the event: %w", err)
	}
	ours, err := b.unpack("presign")
	if err != nil {
		return presign, empty, err
	}
	reference, err := b.unpack("empty")
	return function{program: ours, env: env, event: payload.Bytes(), check: isSigned},
		function{program: reference, env: env, event: payload.Bytes(), check: isNull}, err
}

// program returns the path of a function that make bench has built, for a target.
func (b *workbench) program(target, name string) string {
	return filepath.Join(b.root, "dist", target, ".bin", name)
}

// unpack copies a function to a new file. A linker writes a program here and there, so that its first start takes longer.
func (b *workbench) unpack(name string) (program string, err error) {
	content, err := os.ReadFile(b.program("host", name))
	if err != nil {
		return "", notBuilt(err)
	}
	program = filepath.Join(b.temp, name)
	if err := os.Remove(program); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return program, os.WriteFile(program, content, 0o700)
}

func notBuilt(err error) error {
	return fmt.Errorf("reading a function (make bench builds it): %w", err)
}

// presignEnvironment returns presign's environment, as NAME=value: what the template says, and what Lambda adds. The
// credentials are those of AWS's examples; the session token is as long as a role's.
func presignEnvironment(assembly string) ([]string, error) {
	stack, err := cfn.Load(assembly)
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	for _, f := range stack.Functions {
		if !strings.HasPrefix(f.LogicalID, "Presign") {
			continue
		}
		env := []string{
			"AWS_REGION=" + stack.Region,
			"AWS_ACCESS_KEY_ID=ASIAIOSFODNN7EXAMPLE",
			"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
			"AWS_SESSION_TOKEN=" + strings.Repeat("IQoJb3JpZ2luX2VjEXAMPLE/", 40),
			"AWS_LAMBDA_FUNCTION_NAME=" + f.Name,
			"AWS_LAMBDA_LOG_FORMAT=" + f.LogFormat,
		}
		for name, value := range f.Environment {
			env = append(env, name+"="+value)
		}
		return env, nil
	}
	return nil, errors.New("the template has no function Presign")
}

func isSigned(response []byte) error {
	if !bytes.HasPrefix(response, []byte(`{"statusCode":20`)) || !bytes.Contains(bytes.ToLower(response), []byte("x-amz-signature")) {
		return fmt.Errorf("presign answered %.300q, want a signature", response)
	}
	return nil
}

func isNull(response []byte) error {
	if string(response) != "null" {
		return fmt.Errorf("the empty function answered %.300q, want null", response)
	}
	return nil
}
