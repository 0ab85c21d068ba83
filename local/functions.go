package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"

	"postern/internal/cfn"
	"postern/local/iam"
	"postern/local/queue"
	"postern/local/runtime"
	"postern/local/services"
)

// Functions are the stack's functions, with what feeds them besides the API.
type functions struct {
	runtime *runtime.Runtime
	pollers []*queue.Poller
	stop    context.CancelFunc
	feeding sync.WaitGroup
}

// startFunctions makes the stack's functions ready to be invoked and starts to feed them: from the queues, as the
// template's event source mappings say, and with what lies in the bucket from an earlier run.
func startFunctions(stack *cfn.Stack, b *backends, log io.Writer) (*functions, error) {
	environment, err := environments(stack, b)
	if err != nil {
		return nil, err
	}
	r, err := runtime.New(runtime.Config{Functions: stack.Functions, Region: stack.Region, Environment: environment, Log: log})
	if err != nil {
		return nil, err
	}
	if b.chaos != nil {
		b.chaos.OnKill(killer(stack, r))
	}
	ctx, stop := context.WithCancel(context.Background())
	f := &functions{runtime: r, stop: stop}
	if err := f.poll(stack, b, log); err != nil {
		f.close()
		return nil, err
	}
	f.feeding.Go(func() { requeue(ctx, b.s3, log) })
	return f, nil
}

func (f *functions) poll(stack *cfn.Stack, b *backends, log io.Writer) error {
	for _, source := range stack.EventSources {
		q, ok := b.queues.Find(source.Queue)
		if !ok {
			return fmt.Errorf("event source %s: there is no queue %s", source.LogicalID, source.Queue)
		}
		f.pollers = append(f.pollers, queue.StartPoller(queue.PollerConfig{
			Source: source, Queue: q, Role: roleOf(stack, source.Function), Policies: b.policies, Invoker: f.runtime,
			Region: stack.Region, Processes: runtime.DefaultProcesses, Log: log,
		}))
	}
	return nil
}

// close takes no more messages, stops the functions, and returns when nothing of either is left.
func (f *functions) close() {
	f.stop()
	for _, p := range f.pollers {
		p.Close()
	}
	f.runtime.Close()
	for _, p := range f.pollers {
		p.Wait()
	}
	f.feeding.Wait()
}

// roleOf is the role of a function, both by logical id.
func roleOf(stack *cfn.Stack, function string) string {
	for _, f := range stack.Functions {
		if f.LogicalID == function {
			return f.Role
		}
	}
	return ""
}

// requeue has what lies in the bucket inspected anew.
func requeue(ctx context.Context, s3 *services.S3, log io.Writer) {
	keys, err := s3.Requeue(ctx)
	switch {
	case errors.Is(err, context.Canceled):
	case err != nil:
		_, _ = fmt.Fprintf(log, "local: %v\n", err)
	case keys > 0:
		_, _ = fmt.Fprintf(log, "local: %d objects of the bucket are queued for inspection\n", keys)
	}
}

// environments are the functions' variables by logical id: where the services are, and the credentials of their roles.
func environments(stack *cfn.Stack, b *backends) (map[string]map[string]string, error) {
	byRole := make(map[string]iam.Credentials)
	all := make(map[string]map[string]string)
	for _, f := range stack.Functions {
		credentials, ok := byRole[f.Role]
		if !ok {
			var err error
			if credentials, err = b.issuer.Issue(f.Role); err != nil {
				return nil, err
			}
			byRole[f.Role] = credentials
		}
		all[f.LogicalID] = credentials.Environment()
		maps.Copy(all[f.LogicalID], map[string]string{
			"AWS_ENDPOINT_URL_S3":              b.s3.URL,
			"AWS_ENDPOINT_URL_DYNAMODB":        b.aws.URL,
			"AWS_ENDPOINT_URL_SECRETS_MANAGER": b.aws.URL,
			"AWS_ENDPOINT_URL_SQS":             b.aws.URL,
			"AWS_ENDPOINT_URL_EVENTBRIDGE":     b.aws.URL,
		})
	}
	return all, nil
}
