package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// noStack is the code of CloudFormation's refusal when a stack is missing. It has none of its own.
const noStack = "ValidationError"

const signIn = "sign in with aws sso login, or name another profile with --profile or AWS_PROFILE"

// openDeployed finds the users of a stage on AWS by the outputs of its stack.
func (l location) openDeployed(ctx context.Context) (stage, error) {
	loaded, outputs, err := l.deployed(ctx)
	if err != nil {
		return stage{}, err
	}
	return newStage(dynamodb.NewFromConfig(loaded), secretsmanager.NewFromConfig(loaded), outputs)
}

// openDeployedStore finds the uploads of a stage on AWS.
func (l location) openDeployedStore(ctx context.Context) (store, error) {
	loaded, outputs, err := l.deployed(ctx)
	if err != nil {
		return store{}, err
	}
	return newStore(s3.NewFromConfig(loaded), dynamodb.NewFromConfig(loaded), sqs.NewFromConfig(loaded), outputs)
}

// openDeployedOutputs are the outputs of the stack of a stage on AWS, by name.
func (l location) openDeployedOutputs(ctx context.Context) (map[string]string, error) {
	_, outputs, err := l.deployed(ctx)
	return outputs, err
}

func (l location) deployed(ctx context.Context) (aws.Config, map[string]string, error) {
	loaded, err := l.awsConfig(ctx)
	if err != nil {
		return aws.Config{}, nil, err
	}
	outputs, err := l.outputs(ctx, loaded)
	return loaded, outputs, err
}

// awsConfig is the operator's AWS configuration, with a region and with credentials.
func (l location) awsConfig(ctx context.Context) (aws.Config, error) {
	// Without a value, an option leaves the choice to the SDK.
	loaded, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(l.Profile), config.WithRegion(l.Region))
	if err != nil {
		return aws.Config{}, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	if loaded.Region == "" {
		return aws.Config{}, errors.New("no AWS region: name the stage's with --region or AWS_REGION, or set it in the profile")
	}
	if _, err := loaded.Credentials.Retrieve(ctx); err != nil {
		return aws.Config{}, fmt.Errorf("no AWS credentials: %s: %w", signIn, err)
	}
	return loaded, nil
}

// outputs are the outputs of the stage's stack, by name.
func (l location) outputs(ctx context.Context, loaded aws.Config) (map[string]string, error) {
	answer, err := cloudformation.NewFromConfig(loaded).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{
		StackName: aws.String(l.stackName()),
	})
	if err != nil {
		return nil, l.explain(err, loaded.Region)
	}
	outputs := map[string]string{}
	for _, stack := range answer.Stacks {
		for _, output := range stack.Outputs {
			outputs[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
		}
	}
	return outputs, nil
}

// explain says what to do about an error of DescribeStacks.
func (l location) explain(err error, region string) error {
	var refusal smithy.APIError
	if !errors.As(err, &refusal) {
		return fmt.Errorf("describing stack %s in %s: %w", l.stackName(), region, err)
	}
	switch refusal.ErrorCode() {
	case noStack:
		return fmt.Errorf("no stack %s in region %s of this account: deploy it with make deploy STAGE=%s, or name another --stage, --region or --profile",
			l.stackName(), region, l.Stage)
	case "ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch":
		return fmt.Errorf("AWS refuses the credentials: %s: %w", signIn, err)
	}
	return fmt.Errorf("describing stack %s in %s: %w", l.stackName(), region, err)
}
