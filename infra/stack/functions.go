package stack

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
	"postern/internal/contract"
)

// code says where the compiled functions are, and for which processor.
type code struct {
	folder       string
	architecture awslambda.Architecture
}

// A functionSpec describes one function.
type functionSpec struct {
	id          string
	description string
	memory      float64 // MiB
	timeout     float64 // seconds
	environment any     // a struct of contract
	variables   map[string]string
	statements  []*statement
	concurrency int // reserved; 0: none
}

// inspectSeconds is the time for a batch of messages: a few calls for each, and some retries.
const inspectSeconds = 30

// eventBus is the bus that every account has.
const eventBus = "default"

// oneThread is for functions with less than a processor: more threads would only wait for each other.
var oneThread = map[string]string{"GOMAXPROCS": "1"}

// functionSpecs describes every function of the contract.
func functionSpecs(s stage.Stage, d data, q queues) map[contract.Function]functionSpec {
	return map[contract.Function]functionSpec{
		contract.Authorizer: authorizerSpec(s, d),
		contract.Presign:    presignSpec(s, d),
		contract.Manage:     manageSpec(s, d, q),
		contract.Inspect:    inspectSpec(s, d, q),
		contract.Site:       siteSpec(s, d),
	}
}

func authorizerSpec(s stage.Stage, d data) functionSpec {
	return functionSpec{
		id:          "Authorizer",
		description: "Decides who calls and for whom",
		// From 1,769 MB on a function has a whole processor, and argon2id needs it: the same password takes 14 times
		// as long at 128 MB, for the same price.
		memory: 1769,
		// A cold start, the secret, the row and a few retries of either. API Gateway waits for 29 s.
		timeout: 10,
		environment: contract.AuthorizerEnv{
			UsersTable:     *d.users.TableName(),
			UploadsTable:   *d.uploads.TableName(),
			OwnerKeySecret: *d.key.SecretArn(),
			Basic:          s.Basic,
			Issuers:        s.Issuers,
			DefaultMaxSize: s.DefaultMaxSize,
			DefaultQuota:   s.DefaultQuota,

			DefaultFileQuota: int64(s.DefaultFileQuota),
		},
		statements:  authorizerStatements(d),
		concurrency: s.AuthorizerConcurrency,
	}
}

func presignSpec(s stage.Stage, d data) functionSpec {
	return functionSpec{
		id:          "Presign",
		description: "Signs uploads; calls nothing",
		memory:      256,
		// Signing takes microseconds.
		timeout: 5,
		environment: contract.PresignEnv{
			Bucket:   *d.bucket.BucketName(),
			Lifetime: s.SignatureLifetime,
			Folders:  s.Folders,
			Throttle: s.CallerThrottle(),
		},
		variables:   oneThread,
		statements:  presignStatements(s, d),
		concurrency: s.PresignConcurrency,
	}
}

func manageSpec(s stage.Stage, d data, q queues) functionSpec {
	return functionSpec{
		id:          "Manage",
		description: "Lists, describes, changes, deletes uploads, and signs downloads",
		memory:      512,
		// As long as API Gateway waits: an upload of many versions takes its time to delete.
		timeout: 29,
		environment: contract.ManageEnv{
			Bucket:       *d.bucket.BucketName(),
			UploadsTable: *d.uploads.TableName(),
			UsersTable:   *d.users.TableName(),
			QueueURL:     *q.inspections.QueueUrl(),
			Lifetime:     s.SignatureLifetime,
			Folders:      s.Folders,
			Throttle:     s.CallerThrottle(),
		},
		variables:  oneThread,
		statements: manageStatements(s, d, q),
	}
}

func inspectSpec(s stage.Stage, d data, q queues) functionSpec {
	return functionSpec{
		id:          "Inspect",
		description: "Looks at what arrived, records it and says so",
		memory:      512,
		timeout:     inspectSeconds,
		environment: contract.InspectEnv{
			Bucket:         *d.bucket.BucketName(),
			UploadsTable:   *d.uploads.TableName(),
			QueueURL:       *q.inspections.QueueUrl(),
			EventBus:       eventBus,
			OwnerKeySecret: *d.key.SecretArn(),
			Folders:        s.Folders,
			Inspection:     s.Inspection(),
		},
		variables:  oneThread,
		statements: inspectStatements(s, d, q),
	}
}

func siteSpec(s stage.Stage, d data) functionSpec {
	return functionSpec{
		id:          "Site",
		description: "Serves the page, the client module and the API's document; calls nothing",
		memory:      256,
		timeout:     5,
		environment: contract.SiteEnv{Bucket: *d.bucket.BucketName(), SignIn: s.SignIn()},
		variables:   oneThread,
	}
}

// functionNames returns the functions that a stage has, in the order of the template.
func functionNames(s stage.Stage) []contract.Function {
	return slices.DeleteFunc(slices.Clone(contract.Functions), func(f contract.Function) bool { return f == contract.Site && !s.Page })
}

// newFunctions creates every function of the stage, each with its own role and log group.
func newFunctions(stack awscdk.Stack, s stage.Stage, d data, q queues, c code) (map[contract.Function]awslambda.Function, error) {
	specs := functionSpecs(s, d, q)
	functions := make(map[contract.Function]awslambda.Function, len(specs))
	for _, name := range functionNames(s) {
		spec, ok := specs[name]
		if !ok {
			return nil, fmt.Errorf("function %s of the contract has no description in infra/stack/functions.go", name)
		}
		function, err := newFunction(stack, s, name, spec, c)
		if err != nil {
			return nil, fmt.Errorf("making function %s: %w", name, err)
		}
		functions[name] = function
	}
	return functions, nil
}

func newFunction(stack awscdk.Stack, s stage.Stage, name contract.Function, spec functionSpec, c code) (awslambda.Function, error) {
	variables, err := contract.Env(spec.environment)
	if err != nil {
		return nil, err
	}
	maps.Copy(variables, spec.variables)
	logs := newLogGroup(stack, spec.id+"Logs", s)
	lambda := awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil)
	statements := append(runtimeStatements(s, logs), spec.statements...)
	role := newRole(stack, spec.id+"Role", lambda, statements)
	exempt(role, roleExemptions(statements))
	props := &awslambda.FunctionProps{
		Description:  jsii.String(spec.description),
		Code:         awslambda.Code_FromAsset(jsii.String(filepath.Join(c.folder, string(name))), nil),
		Handler:      jsii.String("bootstrap"),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: c.architecture,
		MemorySize:   jsii.Number(spec.memory),
		Timeout:      awscdk.Duration_Seconds(jsii.Number(spec.timeout)),
		Environment:  jsiiMap(variables),
		// Without what CDK would add to the role.
		Role:     role.WithoutPolicyUpdates(nil),
		LogGroup: logs,
		// The metrics' filters and the runbook read the members of JSON.
		LoggingFormat: awslambda.LoggingFormat_JSON,
	}
	if s.Tracing {
		props.Tracing = awslambda.Tracing_ACTIVE
	}
	if spec.concurrency > 0 {
		props.ReservedConcurrentExecutions = jsii.Number(spec.concurrency)
	}
	function := awslambda.NewFunction(stack, jsii.String(spec.id), props)
	exempt(function, exemptions{
		"Serverless-LambdaDLQ": "Nobody invokes it asynchronously: API Gateway waits for its answer, or the queue, which has a dead-letter queue, gives it messages.",
	})
	return function, nil
}

func newLogGroup(stack awscdk.Stack, id string, s stage.Stage) awslogs.LogGroup {
	group := awslogs.NewLogGroup(stack, jsii.String(id), &awslogs.LogGroupProps{RemovalPolicy: removal(s)})
	group.Node().DefaultChild().(awslogs.CfnLogGroup).SetRetentionInDays(jsii.Number(s.LogRetentionDays))
	return group
}

// architectureOf returns Lambda's architecture for a GOARCH.
func architectureOf(goarch string) (awslambda.Architecture, error) {
	switch goarch {
	case "", "arm64":
		return awslambda.Architecture_ARM_64(), nil
	case "amd64":
		return awslambda.Architecture_X86_64(), nil
	default:
		return nil, fmt.Errorf("architecture must be arm64 or amd64; got %q", goarch)
	}
}

// checkCompiled reports a function that is not compiled, or a site that is not built, with what to run. CDK's own error says
// nothing of make.
func checkCompiled(folder string) error {
	for _, name := range contract.Functions {
		bootstrap := filepath.Join(folder, string(name), "bootstrap")
		if info, err := os.Stat(bootstrap); err != nil || !info.Mode().IsRegular() {
			return fmt.Errorf("%s is missing: run `make build`, which compiles the functions", bootstrap)
		}
	}
	page := filepath.Join(folder, string(contract.Site), contract.SiteFolder, "index.html")
	if _, err := os.Stat(page); err != nil {
		return fmt.Errorf("%s is missing: run `make build`, which builds the page", page)
	}
	return nil
}

func jsiiMap(values map[string]string) *map[string]*string {
	m := make(map[string]*string, len(values))
	for name, value := range values {
		m[name] = jsii.String(value)
	}
	return &m
}
