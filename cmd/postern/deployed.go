package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"postern/internal/awsclient"
)

const signIn = "sign in with aws sso login, or name another profile with --profile or AWS_PROFILE"

// openDeployed finds a stage on AWS by the outputs of its stack.
func (l location) openDeployed(ctx context.Context, _ []string) (stage, error) {
	loaded, err := l.awsConfig(ctx)
	if err != nil {
		return stage{}, err
	}
	stacks, err := l.stacks(ctx, loaded)
	if err != nil {
		return stage{}, err
	}
	if len(stacks) == 0 {
		return stage{}, fmt.Errorf("no stack %s in region %s of this account: deploy it with make deploy STAGE=%s, or name another --stage, --region or --profile",
			l.stackName(), loaded.Region, l.Stage)
	}
	s := stage{outputs: map[string]string{}, config: loaded}
	for _, output := range stacks[0].Outputs {
		s.outputs[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
	}
	return s, nil
}

// awsConfig returns the operator's AWS configuration, with a region and with credentials.
func (l location) awsConfig(ctx context.Context) (aws.Config, error) {
	// Without a value, an option leaves the choice to the SDK.
	loaded, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(l.Profile), config.WithRegion(l.Region))
	if missing, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
		return aws.Config{}, fmt.Errorf("no profile %q in the AWS configuration: name another with --profile or AWS_PROFILE", missing.Profile)
	}
	if err != nil {
		return aws.Config{}, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	if loaded.Region == "" {
		return aws.Config{}, errors.New("no AWS region: name the stage's with --region or AWS_REGION, or set it in the profile")
	}
	if _, err := loaded.Credentials.Retrieve(ctx); err != nil {
		return aws.Config{}, errors.New("no AWS credentials: " + signIn)
	}
	loaded.HTTPClient = awsclient.KeepAnswers(loaded.HTTPClient)
	return loaded, nil
}

// stacks returns the stage's stack, or none if it does not exist.
func (l location) stacks(ctx context.Context, loaded aws.Config) ([]types.Stack, error) {
	answer, err := cloudformation.NewFromConfig(loaded).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{
		StackName: aws.String(l.stackName()),
	})
	// CloudFormation has no code of its own for a stack that is missing.
	if refusal, ok := errors.AsType[smithy.APIError](err); ok && refusal.ErrorCode() == "ValidationError" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("describing stack %s in %s: %w", l.stackName(), loaded.Region, explain(err))
	}
	return answer.Stacks, nil
}

// unlock is the command that lets a stage be deployed again after its first deployment failed. The CDK protects a stack
// against deletion before it creates it, and has to delete what a failed creation left.
type unlock struct{}

// Run lifts the protection of a stack whose creation was rolled back, and leaves any other stack as it is.
func (unlock) Run(ctx context.Context, at location, console console) error {
	if at.Stage == "" || at.Stage == localStage {
		return usageError("unlock works on a stage on AWS: name it with --stage")
	}
	loaded, err := at.awsConfig(ctx)
	if err != nil {
		return fmt.Errorf("finding stage %s: %w", at.Stage, err)
	}
	stacks, err := at.stacks(ctx, loaded)
	if err != nil {
		return err
	}
	for _, stack := range stacks {
		// An update that failed is UPDATE_ROLLBACK_…: its stack lives on, and stays protected.
		if !strings.HasPrefix(string(stack.StackStatus), "ROLLBACK_") || !aws.ToBool(stack.EnableTerminationProtection) {
			continue
		}
		_, err := cloudformation.NewFromConfig(loaded).UpdateTerminationProtection(ctx, &cloudformation.UpdateTerminationProtectionInput{
			StackName: stack.StackName, EnableTerminationProtection: aws.Bool(false),
		})
		if err != nil {
			return fmt.Errorf("lifting the protection of stack %s: %w", at.stackName(), explain(err))
		}
		if err := console.printf("stack %s was never completed: its protection is lifted, so that the next deploy can replace it\n", at.stackName()); err != nil {
			return err
		}
	}
	return nil
}

// explain puts in the place of AWS's words about an operation what a person can do. Other errors stay as they are.
func explain(err error) error {
	operation, ok := errors.AsType[*smithy.OperationError](err)
	if !ok {
		return err
	}
	refusal, ok := errors.AsType[smithy.APIError](operation)
	if !ok {
		return fmt.Errorf("%s does not answer: check the network and the region", operation.Service())
	}
	switch code := refusal.ErrorCode(); code {
	case "AccessDenied", "AccessDeniedException":
		return fmt.Errorf("AWS does not let these credentials call %s of %s: name a profile that may, with --profile or AWS_PROFILE",
			operation.Operation(), operation.Service())
	case "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException",
		"SignatureDoesNotMatch", "UnrecognizedClientException":
		return errors.New("AWS refuses the credentials: " + signIn)
	case "NoSuchBucket", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "ResourceNotFoundException":
		return fmt.Errorf("what the stack names is not there (%s of %s): deploy the stage anew", code, operation.Service())
	case "ProvisionedThroughputExceededException", "RequestLimitExceeded", "SlowDown", "Throttling", "ThrottlingException":
		return fmt.Errorf("%s is too busy: try again in a minute", operation.Service())
	default:
		return fmt.Errorf("%s refuses %s: %s: %s", operation.Service(), operation.Operation(), code, refusal.ErrorMessage())
	}
}
