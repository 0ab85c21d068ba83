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
)

// functions are the stack's functions, with what feeds them besides the API.
type functions struct {
	runtime *runtime.Runtime
	pollers []*queue.Poller
	stop    context.CancelFunc
	feeding sync.WaitGroup
}

// startFunctions makes the stack's functions ready to be invoked. It starts to feed them from the queues, as the template's
// event source mappings say.
func startFunctions(stack *cfn.Stack, s *services, log io.Writer) (*functions, error) {
	environment, err := environments(stack, s)
	if err != nil {
		return nil, err
	}
	r, err := runtime.New(runtime.Config{Functions: stack.Functions, Region: stack.Region, Environment: environment, Log: log})
	if err != nil {
		return nil, err
	}
	if s.chaos != nil {
		s.chaos.OnKill(func(role string) { kill(stack, r, role) })
	}
	ctx, stop := context.WithCancel(context.Background())
	f := &functions{runtime: r, stop: stop}
	if err := f.poll(stack, s, log); err != nil {
		f.close()
		return nil, err
	}
	f.feeding.Go(func() { requeue(ctx, s, log) })
	return f, nil
}

func (f *functions) poll(stack *cfn.Stack, s *services, log io.Writer) error {
	for _, source := range stack.EventSources {
		q, ok := s.queues.Find(source.Queue)
		if !ok {
			return fmt.Errorf("event source %s: there is no queue %s", source.LogicalID, source.Queue)
		}
		f.pollers = append(f.pollers, queue.StartPoller(queue.PollerConfig{
			Source: source, Queue: q, Role: roleOf(stack, source.Function), Policies: s.policies, Invoker: f.runtime,
			Region: stack.Region, Processes: runtime.DefaultProcesses, Log: log,
		}))
	}
	return nil
}

// close takes no more messages and stops the functions. It returns when nothing of either is left.
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

// kill kills a function of a role, in the middle of what it does.
func kill(stack *cfn.Stack, functions *runtime.Runtime, role string) {
	for _, f := range stack.Functions {
		if f.Role == role {
			functions.Kill(f.LogicalID)
		}
	}
}

// roleOf returns the role of a function, both as logical ids.
func roleOf(stack *cfn.Stack, function string) string {
	for _, f := range stack.Functions {
		if f.LogicalID == function {
			return f.Role
		}
	}
	return ""
}

// requeue asks for an inspection of what an earlier run may have stored without telling a queue: what came after the last
// change of its queues, and everything if it has not kept its tables and queues.
func requeue(ctx context.Context, s *services, log io.Writer) {
	keys, err := s.s3.Requeue(ctx, s.kept)
	switch {
	case errors.Is(err, context.Canceled):
	case err != nil:
		_, _ = fmt.Fprintf(log, "local: %v\n", err)
	case keys > 0:
		_, _ = fmt.Fprintf(log, "local: %d objects of the bucket are queued for inspection\n", keys)
	}
}

// environments returns the functions' variables by logical id: the addresses of the services and the credentials of their
// roles.
func environments(stack *cfn.Stack, s *services) (map[string]map[string]string, error) {
	byRole := make(map[string]iam.Credentials)
	all := make(map[string]map[string]string)
	for _, f := range stack.Functions {
		credentials, ok := byRole[f.Role]
		if !ok {
			var err error
			if credentials, err = s.issuer.Issue(f.Role); err != nil {
				return nil, err
			}
			byRole[f.Role] = credentials
		}
		all[f.LogicalID] = credentials.Environment()
		maps.Copy(all[f.LogicalID], map[string]string{
			"AWS_ENDPOINT_URL_S3":              s.s3.URL,
			"AWS_ENDPOINT_URL_DYNAMODB":        s.aws.URL,
			"AWS_ENDPOINT_URL_SECRETS_MANAGER": s.aws.URL,
			"AWS_ENDPOINT_URL_SQS":             s.aws.URL,
			"AWS_ENDPOINT_URL_EVENTBRIDGE":     s.aws.URL,
		})
	}
	return all, nil
}
