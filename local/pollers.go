package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"postern/local/queue"
	"postern/local/runtime"
	"postern/local/services"
	"postern/local/template"
)

// Pollers feed the functions from the queues.
type pollers []*queue.Poller

// startPollers starts what the template's event source mappings say.
func startPollers(stack *template.Stack, b *backends, functions *runtime.Runtime, log io.Writer) (pollers, error) {
	var all pollers
	for _, source := range stack.EventSources {
		q, ok := b.queues.Find(source.Queue)
		if !ok {
			all.close()
			return nil, fmt.Errorf("event source %s: there is no queue %s", source.LogicalID, source.Queue)
		}
		all = append(all, queue.StartPoller(queue.PollerConfig{
			Source: source, Queue: q, Role: roleOf(stack, source.Function), Policies: b.policies, Invoker: functions,
			Region: stack.Region, Processes: runtime.DefaultProcesses, Log: log,
		}))
	}
	return all, nil
}

// close takes no more messages. What functions are processing goes on until they end.
func (ps pollers) close() {
	for _, p := range ps {
		p.Close()
	}
}

// roleOf is the role of a function, both by logical id.
func roleOf(stack *template.Stack, function string) string {
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
