package stack

import (
	"fmt"
	"regexp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
)

// DeployRoleName is the name of the stack that NewDeployRole adds.
const DeployRoleName = "PosternDeployRole"

const (
	// issuer signs the tokens of a GitHub workflow. An account of AWS has one provider of it at most.
	issuer = "token.actions.githubusercontent.com"
	// qualifier is in the names of what `cdk bootstrap` makes, unless it is told another.
	qualifier = "hnb659fds"
)

var repositoryPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$`)

// NewDeployRole adds a stack to an app, whose one role deploys the stages from the workflows of a GitHub repository,
// "owner/name". It may take the roles that `cdk bootstrap` made in its account and region, and nothing else. Only a job of
// an environment named after a stage, or after it and "-drift", may take it.
// Source: GitHub Docs, "Configuring OpenID Connect in Amazon Web Services".
func NewDeployRole(scope constructs.Construct, repository string, stages stage.Stages) (awscdk.Stack, error) {
	if !repositoryPattern.MatchString(repository) {
		return nil, fmt.Errorf("deployRole must be a repository of GitHub, owner/name; got %q", repository)
	}
	stack := awscdk.NewStack(scope, jsii.String(DeployRoleName), &awscdk.StackProps{
		Description: jsii.Sprintf("Postern: the role with which workflows of %s deploy", repository),
	})
	var subjects []string
	for _, s := range stages.Deployed() {
		subjects = append(subjects, fmt.Sprintf("repo:%s:environment:%s", repository, s.Name), fmt.Sprintf("repo:%s:environment:%s-drift", repository, s.Name))
	}
	provider := jsii.Sprintf("arn:%s:iam::%s:oidc-provider/%s", *stack.Partition(), *stack.Account(), issuer)
	workflows := awsiam.NewFederatedPrincipal(provider, &map[string]any{
		"StringEquals": map[string]any{issuer + ":aud": "sts.amazonaws.com", issuer + ":sub": subjects},
	}, jsii.String("sts:AssumeRoleWithWebIdentity"))
	var bootstrapped []*string
	for _, kind := range []string{"deploy", "file-publishing", "lookup"} {
		bootstrapped = append(bootstrapped, jsii.Sprintf("arn:%s:iam::%s:role/cdk-%s-%s-role-%s-%s",
			*stack.Partition(), *stack.Account(), qualifier, kind, *stack.Account(), *stack.Region()))
	}
	role := newRole(stack, "DeployRole", workflows, []*statement{allow("Bootstrapped", "sts:AssumeRole").on(bootstrapped...)})
	awscdk.NewCfnOutput(stack, jsii.String("DeployRoleArn"), &awscdk.CfnOutputProps{
		Description: jsii.String("Variable DEPLOY_ROLE of the environments on GitHub"),
		Value:       role.RoleArn(),
	})
	return stack, nil
}
