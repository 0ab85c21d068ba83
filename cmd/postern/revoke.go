package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// revocation is the name of the policy that revokes. The IAM console's "Revoke active sessions" puts one of this name.
// Source: IAM User Guide, "Revoke IAM role temporary security credentials".
const revocation = "AWSRevokeOlderSessions"

// revoke is the command that ends everything that a stage has signed. S3 checks the rights of the signer when a signature is
// used. So it denies the roles that sign all of S3, to credentials that are older than now, and has Lambda start the
// functions anew, since those that run would go on with their old ones.
type revoke struct {
	Undo bool `help:"Remove the policies that a revocation has put, once what it revoked has expired."`
	Yes  bool `help:"Do not ask. Needed when stdin is not a terminal."`
}

// signers are what signs: the physical names of the functions, and of their roles.
type signers struct{ roles, functions []string }

// Run revokes, or removes what a revocation has put. Both can be repeated.
func (c revoke) Run(ctx context.Context, at location, console console) error {
	if at.Stage == "" || at.Stage == localStage {
		return usageError("revoke works on a stage on AWS: name it with --stage; the local run's signatures die when it is started anew")
	}
	loaded, err := at.awsConfig(ctx)
	if err != nil {
		return fmt.Errorf("finding stage %s: %w", at.Stage, err)
	}
	found, err := at.signers(ctx, loaded)
	if err != nil {
		return err
	}
	if c.Undo {
		return undo(ctx, iam.NewFromConfig(loaded), found.roles, console)
	}
	if err := c.confirm(ctx, at, console); err != nil {
		return err
	}
	return found.revoke(ctx, loaded, at, console)
}

func (c revoke) confirm(ctx context.Context, at location, console console) error {
	if c.Yes {
		return nil
	}
	if _, ok := terminalOf(console.in); !ok {
		return usageError("stdin is not a terminal to ask at: confirm the revocation with --yes")
	}
	return console.confirm(ctx, fmt.Sprintf("Every upload and download that stage %s has signed ends at once, those that run included. Go on?", at.Stage))
}

// signer matches the logical id of a function that signs, or of its role, with what CDK appends.
var signer = regexp.MustCompile(`^(?:Presign|Manage)(?:Role)?[0-9A-F]{8}$`)

// signers finds in the stage's stack what signs: two functions, and a role of each.
func (l location) signers(ctx context.Context, loaded aws.Config) (found signers, err error) {
	resources, err := l.resources(ctx, loaded)
	if err != nil {
		return signers{}, err
	}
	for _, resource := range resources {
		if !signer.MatchString(aws.ToString(resource.LogicalResourceId)) {
			continue
		}
		switch name := aws.ToString(resource.PhysicalResourceId); aws.ToString(resource.ResourceType) {
		case "AWS::IAM::Role":
			found.roles = append(found.roles, name)
		case "AWS::Lambda::Function":
			found.functions = append(found.functions, name)
		}
	}
	if len(found.roles) != 2 || len(found.functions) != 2 {
		return signers{}, fmt.Errorf("stack %s has %d roles and %d functions that sign: must have 2 of each. Is it deployed?",
			l.stackName(), len(found.roles), len(found.functions))
	}
	return found, nil
}

// revoke puts the policies, and then starts the functions anew: in the other order one could take old credentials again.
func (s signers) revoke(ctx context.Context, loaded aws.Config, at location, console console) error {
	client := iam.NewFromConfig(loaded)
	now, err := serverTime(ctx, client, s.roles[0])
	if err != nil {
		return err
	}
	policy, err := denyBefore(now)
	if err != nil {
		return err
	}
	for _, role := range s.roles {
		_, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String(revocation), PolicyDocument: &policy})
		if err != nil {
			return fmt.Errorf("putting policy %s on role %s: %w", revocation, role, explain(err))
		}
		if err := console.printf("role %s: S3 refuses what it signed before %s (policy %s)\n", role, now.Format(time.RFC3339), revocation); err != nil {
			return err
		}
	}
	for _, function := range s.functions {
		if err := startAnew(ctx, lambda.NewFromConfig(loaded), function, now); err != nil {
			return fmt.Errorf("all is revoked, but function %s still runs with old credentials, so that S3 refuses what it signs: repeat the command: %w", function, err)
		}
		if err := console.printf("function %s: starts anew, with new credentials\n", function); err != nil {
			return err
		}
	}
	return console.printf("Undo it in a day, and before the stage is destroyed: postern revoke --stage %s --undo\n", at.Stage)
}

// serverTime returns AWS's own time, in whole seconds, by which credentials are dated: this machine's clock may be wrong.
func serverTime(ctx context.Context, client *iam.Client, role string) (time.Time, error) {
	answer, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &role})
	if err != nil {
		return time.Time{}, fmt.Errorf("reading role %s: %w", role, explain(err))
	}
	now, ok := awsmiddleware.GetServerTime(answer.ResultMetadata)
	if !ok {
		return time.Time{}, errors.New("IAM does not tell its time")
	}
	return now.UTC().Truncate(time.Second), nil
}

// denyBefore returns the policy that denies all of S3 to credentials that were issued before a time. The functions' other
// rights stay, until they are started anew.
func denyBefore(when time.Time) (string, error) {
	document, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Effect": "Deny", "Action": []string{"s3:*"}, "Resource": []string{"*"},
			"Condition": map[string]any{"DateLessThan": map[string]any{"aws:TokenIssueTime": when.Format(time.RFC3339)}},
		}},
	})
	return string(document), err
}

// startAnew has Lambda end a function's processes. It does so when the configuration changes; the description is the part of
// it that changes nothing else.
func startAnew(ctx context.Context, client *lambda.Client, function string, when time.Time) error {
	configuration, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function})
	if err != nil {
		return explain(err)
	}
	description, _, _ := strings.Cut(aws.ToString(configuration.Description), revokedAt)
	_, err = client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &function, Description: aws.String(description + revokedAt + when.Format(time.RFC3339)),
	})
	return explain(err)
}

// revokedAt begins what a revocation appends to a function's description.
const revokedAt = "; revoked at "

// undo removes the policies. One that is not there is no error.
func undo(ctx context.Context, client *iam.Client, roles []string, console console) error {
	for _, role := range roles {
		_, err := client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: aws.String(revocation)})
		if _, ok := errors.AsType[*types.NoSuchEntityException](err); err != nil && !ok {
			return fmt.Errorf("removing policy %s of role %s: %w", revocation, role, explain(err))
		}
		if err := console.printf("role %s: has no policy %s\n", role, revocation); err != nil {
			return err
		}
	}
	return nil
}
