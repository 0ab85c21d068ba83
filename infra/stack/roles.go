package stack

import (
	"slices"
	"strings"

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

// A statement is one of a policy.
type statement awsiam.PolicyStatementProps

// allow returns a statement that allows actions.
func allow(sid string, actions ...string) *statement {
	return &statement{Sid: jsii.String(sid), Actions: jsii.Strings(actions...)}
}

// deny returns a statement that denies everyone actions, whatever allows them.
func deny(sid string, actions ...string) *statement {
	s := allow(sid, actions...)
	s.Effect = awsiam.Effect_DENY
	s.Principals = &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()}
	return s
}

// on sets the ARNs of the statement's resources.
func (s *statement) on(arns ...*string) *statement {
	s.Resources = &arns
	return s
}

// when adds a condition. Each has another operator.
func (s *statement) when(operator, key string, value any) *statement {
	if s.Conditions == nil {
		s.Conditions = &map[string]any{}
	}
	(*s.Conditions)[operator] = map[string]any{key: value}
	return s
}

func (s *statement) construct() awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement((*awsiam.PolicyStatementProps)(s))
}

// newRole creates a role that a principal may take. It may do what the statements say, and nothing else.
func newRole(stack awscdk.Stack, id string, principal awsiam.IPrincipal, statements []*statement) awsiam.Role {
	policy := awsiam.NewPolicyDocument(nil)
	for _, s := range statements {
		policy.AddStatements(s.construct())
	}
	return awsiam.NewRole(stack, jsii.String(id), &awsiam.RoleProps{
		AssumedBy:      principal,
		InlinePolicies: &map[string]awsiam.PolicyDocument{"Permissions": policy},
	})
}

// roleExemptions are those of a function's role that has an asterisk among its resources.
func roleExemptions(statements []*statement) exemptions {
	const reason = "An asterisk stands only for the objects of a folder, and for actions that know no resource: the review lists those."
	for _, s := range statements {
		if slices.ContainsFunc(*s.Resources, func(arn *string) bool { return strings.Contains(*arn, "*") }) {
			return exemptions{"AwsSolutions-IAM5": reason, "Serverless-LambdaStarPermissions": reason}
		}
	}
	return nil
}

// runtimeStatements allow what every function of a stage needs: its own logs, and traces, which have no resources.
func runtimeStatements(s stage.Stage, logs awslogs.LogGroup) []*statement {
	statements := []*statement{allow("Logs", "logs:CreateLogStream", "logs:PutLogEvents").on(logs.LogGroupArn())}
	if s.Tracing {
		statements = append(statements, allow("Traces", "xray:PutTraceSegments", "xray:PutTelemetryRecords").on(jsii.String("*")))
	}
	return statements
}

// scriptKeys is how the keys of the users table's items begin that have keys for scripts.
const scriptKeys = "keys#*"

func authorizerStatements(d data) []*statement {
	return []*statement{
		allow("Users", "dynamodb:GetItem", "dynamodb:BatchGetItem").on(d.users.TableArn()),
		// It writes what guessers have tried and when keys were used, and no user's row: the key of each item that a call
		// writes begins so.
		// Source: DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control".
		allow("Guesses", "dynamodb:UpdateItem").on(d.users.TableArn()).
			when("ForAllValues:StringLike", "dynamodb:LeadingKeys", []string{"guesses#*", scriptKeys}).
			when("Null", "dynamodb:LeadingKeys", "false"),
		allow("Usage", "dynamodb:GetItem", "dynamodb:BatchGetItem").on(d.uploads.TableArn()),
		ownerKey(d),
	}
}

// ownerKey lets a function read the stage's secret.
func ownerKey(d data) *statement {
	return allow("OwnerKey", "secretsmanager:GetSecretValue").on(d.key.SecretArn())
}

// presignStatements allow what presign signs. S3 checks the signer's permissions when a signature is used.
func presignStatements(s stage.Stage, d data) []*statement {
	folders := folderArns(s, d)
	return []*statement{
		// One statement, because the folders take up most of the room that a role has for its policies.
		allow("Objects", "s3:PutObject", "s3:ListMultipartUploadParts").on(folders...),
		// Born pending: no other value of the tag can be signed.
		allow("TagPending", "s3:PutObjectTagging").on(folders...).when("StringEquals", "s3:RequestObjectTag/status", "pending"),
	}
}

// manageStatements allow what the routes of uploads need, and what a signed download reads.
func manageStatements(s stage.Stage, d data, q queues) []*statement {
	folders := folderArns(s, d)
	return []*statement{
		allow("Records", "dynamodb:Query", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem").on(d.uploads.TableArn()),
		// Readable only when ready: a download of anything else can be signed, and S3 refuses it.
		allow("ReadReady", "s3:GetObjectVersion").on(folders...).when("StringEquals", "s3:ExistingObjectTag/status", "ready"),
		// One statement, as for presign.
		allow("Objects", "s3:DeleteObjectVersion", hedgeDeleteObject, "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts").on(folders...),
		versions(s, d),
		// Without a condition on s3:prefix: this action does not have that key, so the condition would never hold.
		// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3".
		allow("Multiparts", "s3:ListBucketMultipartUploads").on(d.bucket.BucketArn()),
		allow("Queue", "sqs:SendMessage").on(q.inspections.QueueArn()),
		// Of the users table, it reads and writes the keys for scripts, and no user's row.
		allow("ScriptKeys", "dynamodb:GetItem", "dynamodb:PutItem").on(d.users.TableArn()).
			when("ForAllValues:StringLike", "dynamodb:LeadingKeys", scriptKeys).
			when("Null", "dynamodb:LeadingKeys", "false"),
	}
}

// inspectStatements allow what an inspection needs, and what Lambda needs to pass on the queue's messages.
func inspectStatements(s stage.Stage, d data, q queues) []*statement {
	folders := folderArns(s, d)
	bus := d.bucket.Stack().FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("events"), Resource: jsii.String("event-bus"), ResourceName: jsii.String(eventBus),
	})
	return []*statement{
		allow("Records", "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem").on(d.uploads.TableArn()),
		// One statement, because the folders take up most of the room that a role has for its policies.
		allow("Objects", "s3:GetObjectVersion", "s3:DeleteObjectVersion", hedgeDeleteObject,
			"s3:GetObjectVersionTagging", hedgeGetObjectTagging).on(folders...),
		allow("TagVerdict", "s3:PutObjectVersionTagging", hedgePutObjectTagging).on(folders...).
			when("StringEquals", "s3:RequestObjectTag/status", []string{"ready", "rejected"}),
		versions(s, d, "s3:ListBucket"),
		ownerKey(d),
		allow("Queue", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage").on(q.inspections.QueueArn()),
		// A call has the sources of all its events, and ForAllValues holds for a call that has none.
		// Source: EventBridge User Guide, "Using IAM policy conditions for fine-grained access control".
		allow("Events", "events:PutEvents").on(bus).
			when("ForAllValues:StringEquals", "events:source", "postern").
			when("Null", "events:source", "false"),
	}
}

// versions lets a function list, but not read, the versions of a key in the format table's folders. more are other actions
// under the same condition.
func versions(s stage.Stage, d data, more ...string) *statement {
	var prefixes []string
	for _, folder := range s.Folders.Names() {
		prefixes = append(prefixes, folder+"/*")
	}
	return allow("Versions", append(more, "s3:ListBucketVersions")...).on(d.bucket.BucketArn()).when("StringLike", "s3:prefix", prefixes)
}

// folderArns returns the ARNs of all objects in the format table's folders.
func folderArns(s stage.Stage, d data) []*string {
	var arns []*string
	for _, folder := range s.Folders.Names() {
		arns = append(arns, d.bucket.ArnForObjects(jsii.String(folder+"/*")))
	}
	return arns
}
