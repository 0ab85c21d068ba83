package cfn

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Defaults of a function.
// Source: CloudFormation Template Reference, AWS::Lambda::Function.
const (
	defaultFunctionTimeout = 3 // seconds
	defaultMemorySize      = 128
)

type functionProperties struct {
	Code struct {
		S3Key    string
		S3Bucket inert // the deployment's own bucket: the code is in the assembly
	}
	Environment   struct{ Variables map[string]string }
	Handler       string
	LoggingConfig struct {
		LogGroup            string
		LogFormat           string
		ApplicationLogLevel string
		SystemLogLevel      inert
	}
	MemorySize int
	Role       string
	Runtime    string
	Timeout    int

	ReservedConcurrentExecutions int

	Architectures inert // the code is built for the stage's machine
	Description   inert
	Tags          inert
	TracingConfig unenforced
}

func (r *reader) function(id string, p functionProperties) {
	r.stack.Functions = append(r.stack.Functions, Function{
		LogicalID:   id,
		Name:        r.references[id].ref,
		ARN:         r.references[id].attributes["Arn"],
		Code:        r.code(id, p.Code.S3Key),
		Role:        r.refer(id, "Role", "AWS::IAM::Role", p.Role),
		Handler:     p.Handler,
		Timeout:     time.Duration(cmp.Or(p.Timeout, defaultFunctionTimeout)) * time.Second,
		MemorySize:  cmp.Or(p.MemorySize, defaultMemorySize),
		Concurrency: p.ReservedConcurrentExecutions,
		Environment: p.Environment.Variables,
		LogGroup:    cmp.Or(p.LoggingConfig.LogGroup, "/aws/lambda/"+r.references[id].ref),
		LogFormat:   p.LoggingConfig.LogFormat,
		LogLevel:    p.LoggingConfig.ApplicationLogLevel,
	})
	if !strings.HasPrefix(p.Runtime, "provided.") {
		r.fail(id, "Runtime", "%q is not served, only provided.al2023 is", p.Runtime)
	}
}

// code returns the folder that a function's code is deployed from.
func (r *reader) code(id, key string) string {
	folder, ok := r.folders[key]
	if !ok {
		r.fail(id, "Code.S3Key", "%q is not an asset of the assembly", key)
		return ""
	}
	if _, err := os.Stat(filepath.Join(folder, "bootstrap")); err != nil {
		r.fail(id, "Code.S3Key", "the asset folder %s has no file bootstrap", folder)
	}
	return folder
}

type permissionProperties struct {
	function string // logical id

	Action       string
	FunctionName string
	Principal    string
	SourceArn    string
}

func (r *reader) permission(id string, p permissionProperties) {
	p.function = r.refer(id, "FunctionName", "AWS::Lambda::Function", p.FunctionName)
	r.parts.permissions = append(r.parts.permissions, p)
}

// mustBePermitted checks that a permission lets API Gateway invoke a function from a source. Without one, API Gateway answers
// 500 on AWS.
func (r *reader) mustBePermitted(id, path, function, source string) {
	if function == "" {
		return
	}
	for _, p := range r.parts.permissions {
		// A permission without a source is for any.
		allowed := p.SourceArn == "" || Match(p.SourceArn, source)
		if p.function == function && p.Action == "lambda:InvokeFunction" && p.Principal == "apigateway.amazonaws.com" && allowed {
			return
		}
	}
	r.fail(id, path, "no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke %s from %s", function, source)
}

// Default and limits of a queue's event source.
// Source: CloudFormation Template Reference, AWS::Lambda::EventSourceMapping.
const (
	defaultBatchSize = 10
	maxBatchSize     = 10_000
	maxUnwaited      = 10 // messages of a batch without a window
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
	if p.Enabled != nil && !*p.Enabled {
		r.fail(id, "Enabled", "the local run serves enabled mappings only")
	}
	if !slices.Equal(p.FunctionResponseTypes, []string{"ReportBatchItemFailures"}) {
		r.fail(id, "FunctionResponseTypes", "%q is not served, only ReportBatchItemFailures is", p.FunctionResponseTypes)
	}
	if p.BatchSize < 1 || p.BatchSize > maxBatchSize {
		r.fail(id, "BatchSize", "%d is not a number from 1 to %d", p.BatchSize, maxBatchSize)
	}
	if p.BatchSize > maxUnwaited && p.MaximumBatchingWindowInSeconds < 1 {
		r.fail(id, "BatchSize", "%d is more than %d, which needs a MaximumBatchingWindowInSeconds", p.BatchSize, maxUnwaited)
	}
	if c := p.ScalingConfig.MaximumConcurrency; c != 0 && (c < 2 || c > 1000) {
		r.fail(id, "ScalingConfig.MaximumConcurrency", "%d is not a number from 2 to 1000", c)
	}
	r.stack.EventSources = append(r.stack.EventSources, EventSource{
		LogicalID:   id,
		Queue:       r.refer(id, "EventSourceArn", "AWS::SQS::Queue", p.EventSourceArn),
		Function:    r.refer(id, "FunctionName", "AWS::Lambda::Function", p.FunctionName),
		BatchSize:   p.BatchSize,
		Window:      time.Duration(p.MaximumBatchingWindowInSeconds) * time.Second,
		Concurrency: p.ScalingConfig.MaximumConcurrency,
	})
}
