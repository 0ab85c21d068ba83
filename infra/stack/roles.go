package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
)

// newRole makes a role for a service that may do what the statements say, and nothing else.
func newRole(stack awscdk.Stack, id, service string, statements []*awsiam.PolicyStatementProps) awsiam.Role {
	policy := awsiam.NewPolicyDocument(nil)
	for _, statement := range statements {
		policy.AddStatements(awsiam.NewPolicyStatement(statement))
	}
	return awsiam.NewRole(stack, jsii.String(id), &awsiam.RoleProps{
		AssumedBy:      awsiam.NewServicePrincipal(jsii.String(service), nil),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"Permissions": policy},
	})
}

// runtimeStatements are what every function needs besides its work: its own logs, and traces, which have no resources.
func runtimeStatements(logs awslogs.LogGroup) []*awsiam.PolicyStatementProps {
	return []*awsiam.PolicyStatementProps{
		{
			Sid:       jsii.String("Logs"),
			Actions:   jsii.Strings("logs:CreateLogStream", "logs:PutLogEvents"),
			Resources: &[]*string{logs.LogGroupArn()},
		},
		{
			Sid:       jsii.String("Traces"),
			Actions:   jsii.Strings("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
			Resources: jsii.Strings("*"),
		},
	}
}

func authorizerStatements(d data) []*awsiam.PolicyStatementProps {
	return []*awsiam.PolicyStatementProps{
		{
			Sid:       jsii.String("Users"),
			Actions:   jsii.Strings("dynamodb:GetItem"),
			Resources: &[]*string{d.users.TableArn()},
		},
		{
			Sid:       jsii.String("OwnerKey"),
			Actions:   jsii.Strings("secretsmanager:GetSecretValue"),
			Resources: &[]*string{d.key.SecretArn()},
		},
	}
}

// presignStatements are what a form may do when it is used: S3 asks for the signer's permissions then.
func presignStatements(s stage.Stage, d data) []*awsiam.PolicyStatementProps {
	folders := folderArns(s, d)
	return []*awsiam.PolicyStatementProps{
		{
			Sid:       jsii.String("Put"),
			Actions:   jsii.Strings("s3:PutObject"),
			Resources: &folders,
		},
		{
			// Born pending: no other value of the tag can be signed.
			Sid:       jsii.String("TagPending"),
			Actions:   jsii.Strings("s3:PutObjectTagging"),
			Resources: &folders,
			Conditions: &map[string]any{
				"StringEquals": map[string]any{"s3:RequestObjectTag/status": "pending"},
			},
		},
	}
}

// folderArns are the objects of the format table's folders.
func folderArns(s stage.Stage, d data) []*string {
	var arns []*string
	for _, folder := range s.Folders.Names() {
		arns = append(arns, d.bucket.ArnForObjects(jsii.String(folder+"/*")))
	}
	return arns
}
