package cfn

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// What a function has that says nothing else.
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

	Architectures                inert // the code is built for the stage's machine
	Description                  inert
	ReservedConcurrentExecutions unenforced
	Tags                         inert
	TracingConfig                unenforced
}

func (r *reader) function(id string) {
	var p functionProperties
	if !r.properties(id, &p) {
		return
	}
	function := Function{
		LogicalID:   id,
		Name:        r.references[id].ref,
		ARN:         r.references[id].attributes["Arn"],
		Code:        r.code(id, p.Code.S3Key),
		Handler:     p.Handler,
		Timeout:     time.Duration(p.Timeout) * time.Second,
		MemorySize:  p.MemorySize,
		Environment: p.Environment.Variables,
		LogGroup:    p.LoggingConfig.LogGroup,
		LogFormat:   p.LoggingConfig.LogFormat,
		LogLevel:    p.LoggingConfig.ApplicationLogLevel,
	}
	if p.Timeout == 0 {
		function.Timeout = defaultFunctionTimeout * time.Second
	}
	if p.MemorySize == 0 {
		function.MemorySize = defaultMemorySize
	}
	if function.LogGroup == "" {
		function.LogGroup = "/aws/lambda/" + function.Name
	}
	role, ok := r.find("AWS::IAM::Role", p.Role)
	if !ok {
		r.fail(id, "Role", "%q is no role of this template", p.Role)
	}
	function.Role = role
	if !strings.HasPrefix(p.Runtime, "provided.") {
		r.fail(id, "Runtime", "%q is not served, only provided.al2023 is", p.Runtime)
	}
	r.stack.Functions = append(r.stack.Functions, function)
}

// code finds the folder that a function's code is deployed from.
func (r *reader) code(id, key string) string {
	folder, ok := r.folders[key]
	if !ok {
		r.fail(id, "Code.S3Key", "%q is no asset of the assembly", key)
		return ""
	}
	if _, err := os.Stat(filepath.Join(folder, "bootstrap")); err != nil {
		r.fail(id, "Code.S3Key", "the asset folder %s has no file bootstrap", folder)
	}
	return folder
}
