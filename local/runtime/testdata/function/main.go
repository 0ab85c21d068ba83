// Command function is a Lambda function that does what its event says, for the tests of the runtime.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do   string
	Size int
	For  time.Duration
}

func main() {
	switch os.Getenv("INIT") {
	case "exit":
		os.Exit(3)
	case "hang":
		time.Sleep(time.Hour)
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, event event) (any, error) {
	deadline, _ := ctx.Deadline()
	lc, _ := lambdacontext.FromContext(ctx)
	switch event.Do {
	case "describe":
		return map[string]any{
			"pid": os.Getpid(), "env": os.Environ(), "left": time.Until(deadline), "id": lc.AwsRequestID, "arn": lc.InvokedFunctionArn,
		}, nil
	case "sleep":
		time.Sleep(event.For)
		return os.Getpid(), nil
	case "hang":
		time.Sleep(time.Hour)
	case "print and hang":
		fmt.Println("hanging")
		time.Sleep(time.Hour)
	case "child":
		child := exec.Command("/bin/sleep", "3600")
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			return nil, err
		}
		return child.Process.Pid, nil
	case "panic":
		panic("boom")
	case "exit":
		os.Exit(1)
	case "fail":
		return nil, errors.New("Unauthorized")
	case "big":
		return strings.Repeat("x", event.Size), nil
	case "print":
		fmt.Print("one\ntwo\x1b[31m\nrest")
		fmt.Fprintln(os.Stderr, " and more")
	case "flood":
		fmt.Println(strings.Repeat("y", event.Size))
	case "steal":
		return steal()
	}
	return event, nil
}

// steal asks for an invocation, though this process has one to answer, and with a made-up token; then it answers an
// invocation that it was not given.
func steal() ([]int, error) {
	own := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	host, _, _ := strings.Cut(own, "/")
	var statuses []int
	for _, address := range []string{own, host + "/AAAA", host} {
		response, err := http.Get("http://" + address + "/2018-06-01/runtime/invocation/next")
		if err != nil {
			return nil, err
		}
		response.Body.Close()
		statuses = append(statuses, response.StatusCode)
	}
	url := "http://" + own + "/2018-06-01/runtime/invocation/00000000-0000-4000-8000-000000000000/response"
	response, err := http.Post(url, "application/json", bytes.NewBufferString(`"forged"`))
	if err != nil {
		return nil, err
	}
	response.Body.Close()
	return append(statuses, response.StatusCode), nil
}
