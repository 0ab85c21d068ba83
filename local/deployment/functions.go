package deployment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	goruntime "runtime"
	"sync"

	"postern/internal/cfn"
	"postern/local/iam"
	"postern/local/queue"
	"postern/local/runtime"
)

// feeds are what feeds functions besides the API.
type feeds struct {
	pollers   []*queue.Poller
	stop      context.CancelFunc
	requeuing sync.WaitGroup
}

// startFunctions makes the stack's functions ready to be invoked. It starts to feed them from the queues, as the template's
// event source mappings say.
func (d *Deployment) startFunctions(c Config) error {
	stack, log := c.Stack, c.Log
	environment, err := d.environments(stack, c.Variables)
	if err != nil {
		return err
	}
	fed := map[string]bool{}
	for _, source := range stack.EventSources {
		fed[source.Function] = true
	}
	d.Functions, err = runtime.New(runtime.Config{
		Functions: stack.Functions, Region: stack.Region, Environment: environment, Background: fed, Log: log,
	})
	if err != nil {
		return err
	}
	if d.Chaos != nil {
		d.Chaos.OnKill(func(role string) { kill(stack, d.Functions, role) })
	}
	ctx, stop := context.WithCancel(context.Background())
	d.feeds = &feeds{stop: stop}
	for _, source := range stack.EventSources {
		q, ok := d.queues.Find(source.Queue)
		if !ok {
			return fmt.Errorf("event source %s: there is no queue %s", source.LogicalID, source.Queue)
		}
		d.feeds.pollers = append(d.feeds.pollers, queue.StartPoller(queue.PollerConfig{
			Source: source, Queue: q, Role: roleOf(stack, source.Function), Policies: d.Policies, Invoker: d.Functions,
			Region: stack.Region, Processes: d.fedProcesses(), Log: log,
		}))
	}
	d.feeds.requeuing.Go(func() { d.requeue(ctx, log) })
	return nil
}

// fedProcesses returns how many processes of a function a queue may feed at once. They share the processors with S3 and the
// tables, where on AWS each has its own: more of them would only hold up each other and the uploads. What goes wrong on purpose
// has them wait instead.
func (d *Deployment) fedProcesses() int {
	if d.Chaos != nil {
		return runtime.DefaultProcesses
	}
	return min(runtime.DefaultProcesses, max(2, goruntime.NumCPU()))
}

// close takes no more messages and stops the functions. It returns when nothing of either is left.
func (f *feeds) close(functions *runtime.Runtime) {
	f.stop()
	for _, p := range f.pollers {
		p.Close()
	}
	functions.Close()
	for _, p := range f.pollers {
		p.Wait()
	}
	f.requeuing.Wait()
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
func (d *Deployment) requeue(ctx context.Context, log io.Writer) {
	keys, err := d.S3.Requeue(ctx, d.kept)
	switch {
	case errors.Is(err, context.Canceled):
	case err != nil:
		_, _ = fmt.Fprintf(log, "local: %v\n", err)
	case keys > 0:
		_, _ = fmt.Fprintf(log, "local: %d objects of the bucket are queued for inspection\n", keys)
	}
}

// environments returns the functions' variables by logical id: the addresses of the services and the credentials of their
// roles, and more.
func (d *Deployment) environments(stack *cfn.Stack, more map[string]map[string]string) (map[string]map[string]string, error) {
	byRole := make(map[string]iam.Credentials)
	all := make(map[string]map[string]string)
	for _, f := range stack.Functions {
		credentials, ok := byRole[f.Role]
		if !ok {
			var err error
			if credentials, err = d.issuer.Issue(f.Role); err != nil {
				return nil, err
			}
			byRole[f.Role] = credentials
		}
		all[f.LogicalID] = credentials.Environment()
		maps.Copy(all[f.LogicalID], map[string]string{
			"AWS_ENDPOINT_URL_S3":              d.S3.URL,
			"AWS_ENDPOINT_URL_DYNAMODB":        d.AWS.URL,
			"AWS_ENDPOINT_URL_SECRETS_MANAGER": d.AWS.URL,
			"AWS_ENDPOINT_URL_SQS":             d.AWS.URL,
			"AWS_ENDPOINT_URL_EVENTBRIDGE":     d.AWS.URL,
		})
		maps.Copy(all[f.LogicalID], more[f.LogicalID])
	}
	return all, nil
}
