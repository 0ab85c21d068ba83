package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"
)

const (
	// toolkit is the stack that `cdk bootstrap` makes.
	toolkit = "CDKToolkit"
	// unreserved is how many concurrent executions Lambda keeps for functions that reserve none.
	// Source: Lambda Developer Guide, "Configuring reserved concurrency for a function".
	unreserved = 100
)

// preflight is the command that looks whether a stage can be deployed, before anything is made.
type preflight struct {
	Concurrency int32 `placeholder:"N" default:"50" help:"How many inspections the stage runs at once, and executions it reserves. Default: ${default}."`
}

// Run prints a line for each thing that stands in the way, with the command that mends it, and fails if there is one.
func (c preflight) Run(ctx context.Context, at location, console console) error {
	if at.Stage == "" || at.Stage == localStage {
		return usageError("preflight works on a stage on AWS: name it with --stage")
	}
	loaded, err := at.awsConfig(ctx)
	if err != nil {
		return fmt.Errorf("finding stage %s: %w", at.Stage, err)
	}
	var lines []string
	for _, check := range []func(context.Context, location, aws.Config) (string, error){bootstrapped, deployable, c.roomy} {
		line, err := check(ctx, at, loaded)
		if err != nil {
			return err
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > 0 {
		return errors.New(strings.Join(lines, "\n"))
	}
	return console.printf("stage %s can be deployed in region %s\n", at.Stage, loaded.Region)
}

// bootstrapped looks for what the CDK needs once in each account and region.
func bootstrapped(ctx context.Context, _ location, loaded aws.Config) (string, error) {
	stack, err := stackNamed(ctx, loaded, toolkit)
	if err != nil {
		return "", err
	}
	status := string(stack.StackStatus)
	if strings.HasSuffix(status, "_COMPLETE") && !strings.HasPrefix(status, "ROLLBACK_") && !strings.HasPrefix(status, "DELETE_") {
		return "", nil
	}
	return fmt.Sprintf("this account is not prepared for the CDK in %s: run npx cdk bootstrap --app '' aws://<account>/%s", loaded.Region, loaded.Region), nil
}

// deployable looks at the state of the stage's stack. One whose creation was rolled back is replaced, once it is unlocked.
// Source: CloudFormation User Guide, "Stack status codes".
func deployable(ctx context.Context, at location, loaded aws.Config) (string, error) {
	stack, err := stackNamed(ctx, loaded, at.stackName())
	if err != nil {
		return "", err
	}
	mend := ""
	switch status := string(stack.StackStatus); {
	case status == "" || status == "ROLLBACK_COMPLETE" || status == "REVIEW_IN_PROGRESS" || status == "DELETE_COMPLETE":
		return "", nil
	case strings.HasSuffix(status, "_IN_PROGRESS"):
		mend = "somebody deploys or deletes it: wait until that has ended"
	case status == "UPDATE_ROLLBACK_FAILED":
		mend = "run aws cloudformation continue-update-rollback --stack-name " + at.stackName()
	case strings.HasSuffix(status, "_COMPLETE"):
		return "", nil
	default:
		mend = "look at its events, then run aws cloudformation delete-stack --stack-name " + at.stackName()
	}
	return fmt.Sprintf("stack %s is in state %s: %s", at.stackName(), stack.StackStatus, mend), nil
}

// roomy looks whether the account may run as many functions at once as the stage wants. A new account may run ten.
func (c preflight) roomy(ctx context.Context, _ location, loaded aws.Config) (string, error) {
	settings, err := lambda.NewFromConfig(loaded).GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return "", fmt.Errorf("reading the account's limits: %w", explain(err))
	}
	if settings.AccountLimit == nil || settings.AccountLimit.ConcurrentExecutions >= c.Concurrency+unreserved {
		return "", nil
	}
	return fmt.Sprintf("this account may run %d functions at once, and the stage wants %d and leaves %d to others: run "+
		"aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000, or lower inspectConcurrency in cdk.json",
		settings.AccountLimit.ConcurrentExecutions, c.Concurrency, unreserved), nil
}

// stackNamed returns a stack. It has no status if there is none.
func stackNamed(ctx context.Context, loaded aws.Config, name string) (types.Stack, error) {
	answer, err := cloudformation.NewFromConfig(loaded).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(name)})
	// CloudFormation has no code of its own for a stack that is missing.
	if refusal, ok := errors.AsType[smithy.APIError](err); ok && refusal.ErrorCode() == "ValidationError" {
		return types.Stack{}, nil
	}
	if err != nil {
		return types.Stack{}, fmt.Errorf("describing stack %s in %s: %w", name, loaded.Region, explain(err))
	}
	if len(answer.Stacks) == 0 {
		return types.Stack{}, nil
	}
	return answer.Stacks[0], nil
}
