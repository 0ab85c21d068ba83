package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// maxInvocation is the largest event of an invocation whose answer is waited for, in bytes.
// Source: AWS Lambda Developer Guide, "Lambda quotas".
const maxInvocation = 6 << 20

// invokeCommand invokes a function with an event.
type invokeCommand struct {
	Function string `arg:"" help:"Function to invoke: authorizer, presign, manage, inspect or site."`
	Event    string `placeholder:"FILE" help:"File of the event, which is JSON; - is stdin. Default: {}."`
	Yes      bool   `help:"Do not ask. Needed when stdin is not a terminal."`
}

// Help is the long text of --help.
func (invokeCommand) Help() string {
	return `Invokes a function of a deployed stage, prints its answer, and on stderr the end of what it logged. It ends with 1 if the function fails.

A function believes what the event tells of its caller, as API Gateway would tell it: whoever may invoke one acts as anybody. So it asks
first. It needs cloudformation:ListStackResources on the stack and lambda:InvokeFunction on the function, which nobody needs otherwise.`
}

// Run invokes the function.
func (c invokeCommand) Run(ctx context.Context, at location, console console) error {
	if err := at.choose(ctx); err != nil {
		return err
	}
	if at.Stage == localStage {
		return usageError("the local run's functions are invoked by its API and its queue alone: call the API, or debug the function in a test (CONTRIBUTING.md)")
	}
	if _, ok := terminalOf(console.in); !c.Yes && (!ok || c.Event == "-") {
		return usageError("an invocation acts as whomever its event names: say --yes, since stdin cannot be asked")
	}
	event, err := c.event(console.in)
	if err != nil {
		return err
	}
	loaded, err := at.awsConfig(ctx)
	if err != nil {
		return fmt.Errorf("finding stage %s: %w", at.Stage, err)
	}
	name, err := at.functionName(ctx, loaded, c.Function)
	if err != nil {
		return err
	}
	if !c.Yes {
		if err := console.confirm(ctx, fmt.Sprintf("Invoke %s of stage %s, as whomever the event names?", c.Function, at.Stage)); err != nil {
			return err
		}
	}
	answer, err := lambda.NewFromConfig(loaded).Invoke(ctx, &lambda.InvokeInput{FunctionName: &name, Payload: event, LogType: types.LogTypeTail})
	if err != nil {
		return fmt.Errorf("invoking %s: %w", c.Function, explain(err))
	}
	if log, err := base64.StdEncoding.DecodeString(aws.ToString(answer.LogResult)); err == nil {
		console.note(printableLines(string(log)))
	}
	if err := console.printf("%s\n", printableLines(string(answer.Payload))); err != nil {
		return err
	}
	if answer.FunctionError != nil {
		return fmt.Errorf("function %s failed: what it logged is above", c.Function)
	}
	return nil
}

// event reads the event.
func (c invokeCommand) event(stdin io.Reader) ([]byte, error) {
	in := stdin
	switch c.Event {
	case "":
		return []byte("{}"), nil
	case "-":
	default:
		file, err := os.Open(c.Event)
		if err != nil {
			return nil, fmt.Errorf("opening the event: %w", err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	event, err := io.ReadAll(io.LimitReader(in, maxInvocation+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the event: %w", err)
	case len(event) > maxInvocation:
		return nil, errors.New("the event is too large: must be at most 6 MiB")
	case !json.Valid(event):
		return nil, errors.New("the event must be JSON")
	}
	return event, nil
}

// functionName returns the name that AWS knows a function of the stage by.
func (l location) functionName(ctx context.Context, loaded aws.Config, wanted string) (string, error) {
	resources, err := l.resources(ctx, loaded)
	if err != nil {
		return "", err
	}
	var names []string
	for _, resource := range resources {
		if aws.ToString(resource.ResourceType) != "AWS::Lambda::Function" {
			continue
		}
		name := strings.ToLower(readable(aws.ToString(resource.LogicalResourceId)))
		if strings.EqualFold(name, wanted) {
			return aws.ToString(resource.PhysicalResourceId), nil
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return "", usageError(fmt.Sprintf("no function %q in stack %s: must be one of %s", wanted, l.stackName(), strings.Join(names, ", ")))
}
