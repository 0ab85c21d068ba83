package runtime_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/cfn"
	"postern/local/runtime"
)

// code is the folder that holds the compiled bootstrap of testdata/function.
var code string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "runtime")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	build := exec.CommandContext(context.Background(), "go", "build", "-tags", "lambda.norpc", "-o", filepath.Join(dir, "bootstrap"), "./testdata/function")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("building the test function: %v\n%s", err, out))
	}
	code = dir
	_ = os.Setenv("DEVELOPERS_SECRET", "hidden")
	return m.Run()
}

// A journal is a log that can be read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// awaitLine waits until the log has the line.
func (j *journal) awaitLine(t *testing.T, want string) {
	t.Helper()
	for range 100 {
		if slices.Contains(strings.Split(j.String(), "\n"), want) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("the log lacks %q:\n%s", want, j)
}

func function(timeout time.Duration, init string) cfn.Function {
	return cfn.Function{
		LogicalID: "Fn", Name: "fn", ARN: "arn:aws:lambda:eu-west-1:123456789012:function:fn", Code: code,
		Handler: "bootstrap", Timeout: timeout, MemorySize: 128, LogGroup: "/aws/lambda/fn", LogFormat: "JSON", LogLevel: "INFO",
		Environment: map[string]string{"INIT": init, "GREETING": "hello world"},
	}
}

func start(t *testing.T, config runtime.Config, f cfn.Function) (*runtime.Runtime, *journal) {
	t.Helper()
	log := &journal{}
	config.Functions = []cfn.Function{f}
	config.Region = "eu-west-1"
	config.Log = log
	r, err := runtime.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r, log
}

type description struct {
	PID  int
	Env  []string
	Left time.Duration
	ID   string
	ARN  string
}

func invoke[T any](t *testing.T, r *runtime.Runtime, event string) T {
	t.Helper()
	var got T
	response, err := r.Invoke(t.Context(), "Fn", []byte(event))
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	if err := json.Unmarshal(response, &got); err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	return got
}

func TestInvoke(t *testing.T) {
	r, _ := start(t, runtime.Config{}, function(5*time.Second, ""))
	got := invoke[map[string]any](t, r, `{"Do":"echo","Size":7}`)
	if diff := cmp.Diff(got, map[string]any{"Do": "echo", "Size": 7.0, "For": 0.0}); diff != "" {
		t.Error(diff)
	}
	first := invoke[description](t, r, `{"Do":"describe"}`)
	second := invoke[description](t, r, `{"Do":"describe"}`)
	if first.PID != second.PID {
		t.Errorf("processes %d and %d: a warm process is not reused", first.PID, second.PID)
	}
	if first.ID == second.ID || !regexp.MustCompile(`^[0-9a-f-]{36}$`).MatchString(first.ID) {
		t.Errorf("request ids %q and %q: not two UUIDs", first.ID, second.ID)
	}
	if want := "arn:aws:lambda:eu-west-1:123456789012:function:fn"; first.ARN != want {
		t.Errorf("ARN %q, want %q", first.ARN, want)
	}
	if first.Left <= 4*time.Second || first.Left > 5*time.Second {
		t.Errorf("%v until the deadline, want a little less than 5 s", first.Left)
	}
}

func TestEnvironment(t *testing.T) {
	additions := map[string]map[string]string{"Fn": {"AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}}
	r, _ := start(t, runtime.Config{Environment: additions}, function(5*time.Second, ""))
	got := make(map[string]string)
	for _, entry := range invoke[description](t, r, `{"Do":"describe"}`).Env {
		name, value, _ := strings.Cut(entry, "=")
		switch name {
		case "AWS_LAMBDA_RUNTIME_API":
			value = regexp.MustCompile(`:\d+/[A-Z2-7]{26}$`).ReplaceAllString(value, ":port/token")
		case "AWS_LAMBDA_LOG_STREAM_NAME", "_X_AMZN_TRACE_ID":
			value = regexp.MustCompile(`\b[0-9a-f]{2,}\b`).ReplaceAllString(value, "N")
		}
		got[name] = value
	}
	want := map[string]string{
		"PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC", "_HANDLER": "bootstrap",
		"LAMBDA_TASK_ROOT": code, "LAMBDA_RUNTIME_DIR": code, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1",
		"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:port/token", "AWS_LAMBDA_FUNCTION_NAME": "fn", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/fn", "AWS_LAMBDA_LOG_STREAM_NAME": "N/N/N/[$LATEST]N",
		"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO",
		"_X_AMZN_TRACE_ID": "Root=1-N-N;Parent=N;Sampled=0", "INIT": "", "GREETING": "hello world",
		"AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

func TestFailures(t *testing.T) {
	const id = `[0-9a-f-]{36}`
	tests := []struct {
		name, init, event string
		wantType          string
		wantMessage       string // a regular expression
	}{
		{"error", "", `{"Do":"fail"}`, "errorString", `^Unauthorized$`},
		{"panic", "", `{"Do":"panic"}`, "string", `^boom$`},
		{"exit", "", `{"Do":"exit"}`, "Runtime.ExitError", `^RequestId: ` + id + ` Error: Runtime exited with error: exit status 1$`},
		{"hang", "", `{"Do":"hang"}`, "Sandbox.Timedout", `^` + id + ` Task timed out after 0.50 seconds$`},
		{"malformed event", "", `[]`, "UnmarshalTypeError", `cannot unmarshal`},
		{"response too large", "", `{"Do":"big","Size":6291555}`, "Function.ResponseSizeTooLarge", `^Response payload size exceeded maximum allowed payload size \(6291556 bytes\).$`},
		{"init exit", "exit", `{}`, "Runtime.ExitError", `^RequestId: ` + id + ` Error: Runtime exited with error: exit status 3$`},
		{"init hang", "hang", `{}`, "Sandbox.Timedout", `^` + id + ` Task timed out after 1.00 seconds$`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			// Only what hangs is given little time: the rest may be slow on a busy machine.
			timeout, initTimeout := 30*time.Second, 30*time.Second
			if strings.HasSuffix(test.name, "hang") {
				timeout, initTimeout = 500*time.Millisecond, time.Second
			}
			r, _ := start(t, runtime.Config{InitTimeout: initTimeout}, function(timeout, test.init))
			_, err := r.Invoke(t.Context(), "Fn", []byte(test.event))
			failure, ok := errors.AsType[*runtime.FunctionError](err)
			if !ok {
				t.Fatalf("got %v, want a function error", err)
			}
			if failure.ErrorType() != test.wantType || !regexp.MustCompile(test.wantMessage).MatchString(failure.ErrorMessage()) {
				t.Errorf("got %s %q, want %s %q", failure.ErrorType(), failure.ErrorMessage(), test.wantType, test.wantMessage)
			}
			if test.init == "" {
				// The failure costs at most its process, never the function.
				invoke[map[string]any](t, r, `{"Do":"echo"}`)
			}
		})
	}
}

func TestSizes(t *testing.T) {
	r, _ := start(t, runtime.Config{}, function(10*time.Second, ""))
	if got := len(invoke[string](t, r, `{"Do":"big","Size":6291554}`)); got != 6291554 {
		t.Errorf("got a response of %d bytes, want 6291554", got)
	}
	event := func(size int) []byte {
		return append([]byte(`{"Do":"echo"}`), bytes.Repeat([]byte(" "), size-13)...)
	}
	if _, err := r.Invoke(t.Context(), "Fn", event(runtime.MaxRequest)); err != nil {
		t.Errorf("a request of the largest size: %v", err)
	}
	_, err := r.Invoke(t.Context(), "Fn", event(runtime.MaxRequest+1))
	if _, ok := errors.AsType[*runtime.RequestTooLargeError](err); !ok {
		t.Errorf("a request of one byte more: got %v, want a RequestTooLargeError", err)
	}
}

func TestConcurrency(t *testing.T) {
	const processes, invocations = 3, 6
	r, _ := start(t, runtime.Config{Processes: processes}, function(10*time.Second, ""))
	pids := make(chan int, invocations)
	began := time.Now()
	for range invocations {
		go func() {
			response, _ := r.Invoke(context.Background(), "Fn", []byte(`{"Do":"sleep","For":500000000}`))
			var pid int
			_ = json.Unmarshal(response, &pid) // a failure counts as process 0
			pids <- pid
		}()
	}
	count := make(map[int]int)
	for range invocations {
		count[<-pids]++
	}
	if len(count) != processes || count[0] != 0 {
		t.Errorf("invocations by process: %v, want %d processes and no failure", count, processes)
	}
	if took := time.Since(began); took < time.Second {
		t.Errorf("took %v: more than one invocation a process at a time", took)
	}
}

// Reserved concurrency bounds the processes of its function.
func TestReservedConcurrency(t *testing.T) {
	reserved := function(10*time.Second, "")
	reserved.Concurrency = 1
	r, _ := start(t, runtime.Config{Processes: 3}, reserved)
	pids := make(chan string, 4)
	for range cap(pids) {
		go func() {
			pid, _ := r.Invoke(context.Background(), "Fn", []byte(`{"Do":"sleep","For":1000000}`))
			pids <- string(pid)
		}()
	}
	seen := map[string]bool{}
	for range cap(pids) {
		seen[<-pids] = true
	}
	if len(seen) != 1 || seen[""] {
		t.Errorf("invocations were served by %v, want one process", seen)
	}
}

func TestWaitingEndsWithContext(t *testing.T) {
	r, _ := start(t, runtime.Config{Processes: 1}, function(2*time.Second, ""))
	go func() { _, _ = r.Invoke(context.Background(), "Fn", []byte(`{"Do":"sleep","For":1500000000}`)) }()
	time.Sleep(300 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := r.Invoke(ctx, "Fn", []byte(`{}`)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", err)
	}
	// The function that had begun still serves.
	invoke[map[string]any](t, r, `{"Do":"echo"}`)
}

func TestProcessesAreApart(t *testing.T) {
	r, _ := start(t, runtime.Config{}, function(5*time.Second, ""))
	if diff := cmp.Diff(invoke[[]int](t, r, `{"Do":"steal"}`), []int{403, 403, 404, 400}); diff != "" {
		t.Error(diff)
	}
}

func TestLog(t *testing.T) {
	r, log := start(t, runtime.Config{}, function(500*time.Millisecond, ""))
	invoke[any](t, r, `{"Do":"print"}`)
	for _, line := range []string{"[fn] one", "[fn] two·[31m", "[fn] rest and more"} {
		log.awaitLine(t, line)
	}
	invoke[any](t, r, `{"Do":"flood","Size":16385}`)
	log.awaitLine(t, "[fn] y")
	if got := len(regexp.MustCompile(`(?m)^\[fn\] (y{2,})$`).FindStringSubmatch(log.String())[1]); got != 16384 {
		t.Errorf("the longest line has %d bytes, want 16384", got)
	}
	_, _ = r.Invoke(t.Context(), "Fn", []byte(`{"Do":"hang"}`))
	if !regexp.MustCompile(`(?m)^\[fn\] Sandbox.Timedout: [0-9a-f-]{36} Task timed out after 0.50 seconds`).MatchString(log.String()) {
		t.Errorf("the log lacks the timeout")
	}
}

func TestNoProcessIsLeft(t *testing.T) {
	r, _ := start(t, runtime.Config{Grace: 200 * time.Millisecond}, function(time.Minute, ""))
	child := invoke[int](t, r, `{"Do":"child"}`)
	idle := invoke[description](t, r, `{"Do":"describe"}`).PID
	cut := make(chan error)
	for range 2 {
		go func() {
			_, err := r.Invoke(context.Background(), "Fn", []byte(`{"Do":"hang"}`))
			cut <- err
		}()
	}
	time.Sleep(300 * time.Millisecond)
	began := time.Now()
	r.Close()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("closing took %v", took)
	}
	for range 2 {
		if err := <-cut; !errors.Is(err, runtime.ErrClosed) {
			t.Errorf("a running invocation got %v, want %v", err, runtime.ErrClosed)
		}
	}
	if _, err := r.Invoke(t.Context(), "Fn", nil); !errors.Is(err, runtime.ErrClosed) {
		t.Errorf("an invocation after closing got %v, want %v", err, runtime.ErrClosed)
	}
	for name, pid := range map[string]int{"function": idle, "child of a function": child} {
		if isAlive(pid) {
			t.Errorf("the process of a %s is left", name)
		}
	}
}

// isAlive tells a process that runs from one that is gone, or waits for init to notice that it is.
func isAlive(pid int) bool {
	for range 50 {
		state, _ := exec.CommandContext(context.Background(), "ps", "-o", "state=", "-p", fmt.Sprint(pid)).Output()
		if syscall.Kill(pid, 0) != nil || strings.HasPrefix(string(state), "Z") {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}

func TestKill(t *testing.T) {
	// With one process at a time, an invocation does not get another because the one before asks late.
	r, log := start(t, runtime.Config{Processes: 1}, function(time.Minute, ""))
	idle := invoke[int](t, r, `{"Do":"sleep"}`)
	r.Kill("Fn")
	r.Kill("Other")
	if second := invoke[int](t, r, `{"Do":"sleep"}`); second != idle {
		t.Error("a process without an invocation was killed")
	}
	result := make(chan error)
	go func() {
		_, err := r.Invoke(t.Context(), "Fn", []byte(`{"Do":"print and hang"}`))
		result <- err
	}()
	log.awaitLine(t, "[fn] hanging")
	r.Kill("Fn")
	failure, ok := errors.AsType[*runtime.FunctionError](<-result)
	if !ok || failure.ErrorType() != "Runtime.ExitError" || !strings.HasSuffix(failure.ErrorMessage(), "signal: killed") {
		t.Errorf("got %v, want an exit by a signal", failure)
	}
	if second := invoke[int](t, r, `{"Do":"sleep"}`); second == idle {
		t.Error("the process is there that was killed")
	}
}

func TestCloseLetsInvocationsFinish(t *testing.T) {
	r, _ := start(t, runtime.Config{Grace: 5 * time.Second}, function(time.Minute, ""))
	done := make(chan error)
	go func() {
		_, err := r.Invoke(context.Background(), "Fn", []byte(`{"Do":"sleep","For":500000000}`))
		done <- err
	}()
	time.Sleep(200 * time.Millisecond)
	go r.Close()
	if err := <-done; err != nil {
		t.Errorf("a running invocation got %v, want its answer", err)
	}
}

func TestNewRefuses(t *testing.T) {
	tests := map[string]struct {
		change func(*cfn.Function)
		want   string
	}{
		"no bootstrap": {func(f *cfn.Function) { f.Code = "/nowhere" }, "function Fn: its code folder /nowhere has no compiled bootstrap"},
		"no timeout":   {func(f *cfn.Function) { f.Timeout = 0 }, "function Fn: its timeout is 0s: it must be positive"},
		"reserved variable": {
			func(f *cfn.Function) { f.Environment = map[string]string{"AWS_REGION": "x"} },
			"function Fn: environment variable AWS_REGION is reserved by Lambda",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := function(time.Second, "")
			test.change(&f)
			_, err := runtime.New(runtime.Config{Functions: []cfn.Function{f}})
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestNotAProgram(t *testing.T) {
	f := function(time.Second, "")
	f.Code = t.TempDir()
	if err := os.WriteFile(filepath.Join(f.Code, "bootstrap"), []byte("not a program"), 0o755); err != nil {
		t.Fatal(err)
	}
	r, _ := start(t, runtime.Config{}, f)
	_, err := r.Invoke(t.Context(), "Fn", []byte(`{}`))
	if failure, ok := errors.AsType[*runtime.FunctionError](err); !ok || failure.Type != "Runtime.InvalidEntrypoint" {
		t.Errorf("got %v, want a Runtime.InvalidEntrypoint", err)
	}
}
