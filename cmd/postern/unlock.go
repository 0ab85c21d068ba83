package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/smithy-go"
)

// unlock is the command that lets a stage be deployed again after its first deployment failed. The CDK protects a stack
// against deletion before it creates it, and has to delete what a failed creation left.
type unlock struct{}

// Run lifts the protection of a stack whose creation was rolled back, and leaves any other stack as it is.
func (unlock) Run(ctx context.Context, l location, c console) error {
	if l.Stage == localStage {
		return usageError("stage local is not deployed: unlock works on stages on AWS")
	}
	loaded, err := l.awsConfig(ctx)
	if err != nil {
		return fmt.Errorf("finding stage %s: %w", l.Stage, err)
	}
	client := cloudformation.NewFromConfig(loaded)
	answer, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(l.stackName())})
	var refusal smithy.APIError
	if errors.As(err, &refusal) && refusal.ErrorCode() == noStack {
		return nil
	}
	if err != nil {
		return l.explain(err, loaded.Region)
	}
	for _, stack := range answer.Stacks {
		// An update that failed is UPDATE_ROLLBACK_…: its stack lives on, and stays protected.
		if !strings.HasPrefix(string(stack.StackStatus), "ROLLBACK_") || !aws.ToBool(stack.EnableTerminationProtection) {
			continue
		}
		_, err := client.UpdateTerminationProtection(ctx, &cloudformation.UpdateTerminationProtectionInput{
			StackName: stack.StackName, EnableTerminationProtection: aws.Bool(false),
		})
		if err != nil {
			return fmt.Errorf("lifting the protection of stack %s: %w", l.stackName(), err)
		}
		if err := c.printf("stack %s was never completed: its protection is lifted, so that the next deploy can replace it\n", l.stackName()); err != nil {
			return err
		}
	}
	return nil
}
