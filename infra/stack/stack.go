// Package stack describes one stage's resources in AWS, from the bucket to the routes.
//
// It writes every policy out, gives no resource a physical name, and uses nothing that would bring a hidden function or
// a managed policy. Construct ids are part of its contract: a changed id replaces the resource.
package stack

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"postern/api"
	"postern/infra/cost"
	"postern/infra/stage"
	"postern/internal/contract"
)

// Props describe a stack.
type Props struct {
	// Stage is the stage's configuration.
	Stage stage.Stage

	// Functions is the folder that holds the compiled functions: <folder>/<function>/bootstrap.
	Functions string

	// Architecture is the processor that the functions are compiled for, as Go names it: "arm64" or "amd64".
	// Default: arm64.
	Architecture string
}

// Name returns the name of a stage's stack.
func Name(stageName string) string { return "Postern-" + stageName }

// New adds a stage's stack to an app. The error names a function that is not compiled, or an unknown architecture.
func New(scope constructs.Construct, id string, props Props) (awscdk.Stack, error) {
	architecture, err := architectureOf(props.Architecture)
	if err != nil {
		return nil, err
	}
	if err := checkCompiled(props.Functions); err != nil {
		return nil, err
	}
	s := props.Stage
	stack := awscdk.NewStack(scope, jsii.String(id), &awscdk.StackProps{
		Description:           jsii.Sprintf("Postern, stage %s: signed uploads straight into a private bucket", s.Name),
		Env:                   environment(s.Region),
		TerminationProtection: jsii.Bool(s.Removal == stage.Retain),
	})
	stack.TemplateOptions().SetMetadata(&map[string]any{cost.Metadata: map[string]any{
		"UploadsPerMonth": s.Traffic.UploadsPerMonth, "AverageSize": s.Traffic.AverageSize,
	}})
	for name, value := range s.Tags {
		awscdk.Tags_Of(stack).Add(jsii.String(name), jsii.String(value), nil)
	}

	for _, warning := range s.Warnings() {
		awscdk.Annotations_Of(stack).AddWarningV2(jsii.String("postern:stage"), jsii.String(warning))
	}

	queues := newQueues(stack)
	data := data{
		bucket:  newBucket(stack, s),
		users:   newUsersTable(stack, s),
		uploads: newUploadsTable(stack, s),
		key:     newOwnerKey(stack, s),
	}
	queues.notify(data.bucket)
	newObjectLog(stack, s, data.bucket)
	code := code{folder: props.Functions, architecture: architecture}
	functions, err := newFunctions(stack, s, data, queues, code)
	if err != nil {
		return nil, fmt.Errorf("stack %s: %w", id, err)
	}
	queues.inspectBy(stack, s.InspectConcurrency, functions[contract.Inspect])
	accessLogs := newLogGroup(stack, "AccessLogs", s)
	rest := newAPI(stack, s, functions, accessLogs)
	newCounters(stack, functions, accessLogs)
	watched := watched{queues, data, functions, rest.DeploymentStage(), newFirewall(stack, s, rest), newBackup(stack, s, data)}
	newDashboard(stack, s, watched, newAlarms(stack, s, watched))
	newOutputs(stack, newDomain(stack, s, rest), data, queues)
	stack.Node().AddValidation(&authorizedMethods{stack})
	return stack, nil
}

// environment names the region only: the account is that of whoever deploys.
func environment(region string) *awscdk.Environment {
	if region == "" {
		return nil
	}
	return &awscdk.Environment{Region: jsii.String(region)}
}

// removal says what CloudFormation does with a stage's data when the stack is deleted or the resource is replaced. Data
// that is kept goes all the same when the creation of the stack fails: it is empty then, and nothing would own it.
func removal(s stage.Stage) awscdk.RemovalPolicy {
	if s.Removal == stage.Destroy {
		return awscdk.RemovalPolicy_DESTROY
	}
	return awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
}

// newOutputs creates the outputs that clients and operators need.
func newOutputs(stack awscdk.Stack, baseURL *string, d data, q queues) {
	for _, output := range []struct {
		name, description string
		value             *string
	}{
		{"ApiUrl", "Base URL of the API", baseURL},
		{"BucketName", "Bucket that uploads go to", d.bucket.BucketName()},
		{"UsersTableName", "Table of users", d.users.TableName()},
		{"UploadsTableName", "Table of uploads and of each owner's usage", d.uploads.TableName()},
		{"QueueUrl", "Queue of what is to be inspected", q.inspections.QueueUrl()},
		{"OwnerKeySecretArn", "Secret that holds the key of the owner hash", d.key.SecretArn()},
		{"Version", "Version of Postern that is deployed", jsii.String(api.Version)},
	} {
		awscdk.NewCfnOutput(stack, jsii.String(output.name), &awscdk.CfnOutputProps{
			Description: jsii.String(output.description),
			Value:       output.value,
		})
	}
}
