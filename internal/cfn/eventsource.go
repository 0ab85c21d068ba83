package cfn

import (
	"slices"
	"time"
)

// What an event source of a queue has that says nothing else, and how far it goes.
// Source: CloudFormation Template Reference, AWS::Lambda::EventSourceMapping.
const (
	defaultBatchSize = 10
	maxBatchSize     = 10_000
	maxUnwaited      = 10 // messages of a batch that does not wait for more
)

type eventSourceProperties struct {
	BatchSize                      int
	Enabled                        *bool
	EventSourceArn                 string
	FunctionName                   string
	FunctionResponseTypes          []string
	MaximumBatchingWindowInSeconds int
	ScalingConfig                  struct{ MaximumConcurrency int }

	Tags inert
}

func (r *reader) eventSource(id string) {
	p := eventSourceProperties{BatchSize: defaultBatchSize}
	if !r.properties(id, &p) {
		return
	}
	queue, ok := r.find("AWS::SQS::Queue", p.EventSourceArn)
	if !ok {
		r.fail(id, "EventSourceArn", "%q is no queue of this template", p.EventSourceArn)
	}
	function, ok := r.find("AWS::Lambda::Function", p.FunctionName)
	if !ok {
		r.fail(id, "FunctionName", "%q is no function of this template", p.FunctionName)
	}
	if p.Enabled != nil && !*p.Enabled {
		r.fail(id, "Enabled", "the local run serves enabled mappings only")
	}
	if !slices.Equal(p.FunctionResponseTypes, []string{"ReportBatchItemFailures"}) {
		r.fail(id, "FunctionResponseTypes", "%q is not served, only ReportBatchItemFailures is", p.FunctionResponseTypes)
	}
	if p.BatchSize < 1 || p.BatchSize > maxBatchSize {
		r.fail(id, "BatchSize", "%d is no number from 1 to %d", p.BatchSize, maxBatchSize)
	}
	if p.BatchSize > maxUnwaited && p.MaximumBatchingWindowInSeconds < 1 {
		r.fail(id, "BatchSize", "%d is more than %d, which needs a MaximumBatchingWindowInSeconds", p.BatchSize, maxUnwaited)
	}
	if c := p.ScalingConfig.MaximumConcurrency; c != 0 && (c < 2 || c > 1000) {
		r.fail(id, "ScalingConfig.MaximumConcurrency", "%d is no number from 2 to 1000", c)
	}
	r.stack.EventSources = append(r.stack.EventSources, EventSource{
		LogicalID:   id,
		Queue:       queue,
		Function:    function,
		BatchSize:   p.BatchSize,
		Window:      time.Duration(p.MaximumBatchingWindowInSeconds) * time.Second,
		Concurrency: p.ScalingConfig.MaximumConcurrency,
	})
}
