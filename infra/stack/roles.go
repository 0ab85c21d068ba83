package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
)

// Some actions in this file are hedges. AWS's pages contradict each other on what a call that names a version needs: the
// API reference asks for s3:DeleteObject, s3:GetObjectTagging and s3:PutObjectTagging, the service authorization reference
// for the actions on versions alone. Both are granted, under the same conditions, until a first deployment shows which
// are needed.
const (
	hedgeDeleteObject     = "s3:DeleteObject"
	hedgeGetObjectTagging = "s3:GetObjectTagging"
	hedgePutObjectTagging = "s3:PutObjectTagging"
)

// newRole creates a role for a service. It may do what the statements say, and nothing else.
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

// runtimeStatements allow what every function needs: its own logs, and traces, which have no resources.
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
			Sid:       jsii.String("Usage"),
			Actions:   jsii.Strings("dynamodb:GetItem"),
			Resources: &[]*string{d.uploads.TableArn()},
		},
		ownerKey(d),
	}
}

// ownerKey lets a function read the stage's secret.
func ownerKey(d data) *awsiam.PolicyStatementProps {
	return &awsiam.PolicyStatementProps{
		Sid:       jsii.String("OwnerKey"),
		Actions:   jsii.Strings("secretsmanager:GetSecretValue"),
		Resources: &[]*string{d.key.SecretArn()},
	}
}

// presignStatements allow what presign signs. S3 checks the signer's permissions when a signature is used.
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

// manageStatements allow what the routes of uploads need, and what a signed download reads.
func manageStatements(s stage.Stage, d data, q queues) []*awsiam.PolicyStatementProps {
	folders := folderArns(s, d)
	return []*awsiam.PolicyStatementProps{
		{
			Sid:       jsii.String("Records"),
			Actions:   jsii.Strings("dynamodb:Query", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
			Resources: &[]*string{d.uploads.TableArn()},
		},
		{
			// Readable only when ready: a download of anything else can be signed, and S3 refuses it.
			Sid:       jsii.String("ReadReady"),
			Actions:   jsii.Strings("s3:GetObjectVersion"),
			Resources: &folders,
			Conditions: &map[string]any{
				"StringEquals": map[string]any{"s3:ExistingObjectTag/status": "ready"},
			},
		},
		{
			Sid:       jsii.String("Remove"),
			Actions:   jsii.Strings("s3:DeleteObjectVersion", hedgeDeleteObject, "s3:AbortMultipartUpload"),
			Resources: &folders,
		},
		versions(s, d),
		{
			// Without a condition on s3:prefix: this action does not have that key, so the condition would never hold.
			// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3".
			Sid:       jsii.String("Multiparts"),
			Actions:   jsii.Strings("s3:ListBucketMultipartUploads"),
			Resources: &[]*string{d.bucket.BucketArn()},
		},
		{
			Sid:       jsii.String("Queue"),
			Actions:   jsii.Strings("sqs:SendMessage"),
			Resources: &[]*string{q.inspections.QueueArn()},
		},
	}
}

// inspectStatements allow what an inspection needs, and what Lambda needs to pass on the queue's messages.
func inspectStatements(s stage.Stage, d data, q queues) []*awsiam.PolicyStatementProps {
	folders := folderArns(s, d)
	return []*awsiam.PolicyStatementProps{
		{
			Sid:       jsii.String("Records"),
			Actions:   jsii.Strings("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
			Resources: &[]*string{d.uploads.TableArn()},
		},
		{
			// One statement, because the folders take up most of the room that a role has for its policies.
			Sid: jsii.String("Objects"),
			Actions: jsii.Strings("s3:GetObjectVersion", "s3:DeleteObjectVersion", hedgeDeleteObject,
				"s3:GetObjectVersionTagging", hedgeGetObjectTagging),
			Resources: &folders,
		},
		{
			Sid:       jsii.String("TagVerdict"),
			Actions:   jsii.Strings("s3:PutObjectVersionTagging", hedgePutObjectTagging),
			Resources: &folders,
			Conditions: &map[string]any{
				"StringEquals": map[string]any{"s3:RequestObjectTag/status": []string{"ready", "rejected"}},
			},
		},
		versions(s, d),
		ownerKey(d),
		{
			Sid:       jsii.String("Queue"),
			Actions:   jsii.Strings("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
			Resources: &[]*string{q.inspections.QueueArn()},
		},
		{
			Sid:     jsii.String("Events"),
			Actions: jsii.Strings("events:PutEvents"),
			Resources: &[]*string{d.bucket.Stack().FormatArn(&awscdk.ArnComponents{
				Service: jsii.String("events"), Resource: jsii.String("event-bus"), ResourceName: jsii.String(eventBus),
			})},
			// A call has the sources of all its events, and ForAllValues holds for a call that has none.
			// Source: EventBridge User Guide, "Using IAM policy conditions for fine-grained access control".
			Conditions: &map[string]any{
				"ForAllValues:StringEquals": map[string]any{"events:source": "postern"},
				"Null":                      map[string]any{"events:source": "false"},
			},
		},
	}
}

// versions lets a function list, but not read, the versions of a key in the format table's folders.
func versions(s stage.Stage, d data) *awsiam.PolicyStatementProps {
	var prefixes []string
	for _, folder := range s.Folders.Names() {
		prefixes = append(prefixes, folder+"/*")
	}
	return &awsiam.PolicyStatementProps{
		Sid:       jsii.String("Versions"),
		Actions:   jsii.Strings("s3:ListBucketVersions"),
		Resources: &[]*string{d.bucket.BucketArn()},
		Conditions: &map[string]any{
			"StringLike": map[string]any{"s3:prefix": prefixes},
		},
	}
}

// folderArns returns the ARNs of all objects in the format table's folders.
func folderArns(s stage.Stage, d data) []*string {
	var arns []*string
	for _, folder := range s.Folders.Names() {
		arns = append(arns, d.bucket.ArnForObjects(jsii.String(folder+"/*")))
	}
	return arns
}
