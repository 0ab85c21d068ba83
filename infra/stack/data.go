package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
)

// data are the resources that hold what a team keeps.
type data struct {
	bucket  awss3.Bucket
	users   awsdynamodb.Table
	uploads awsdynamodb.Table
	key     awssecretsmanager.Secret
}

// newUsersTable creates the table of users: one row for each user, by mail, and what guessers have tried. That is deleted after
// a while; no user's row has the attribute forgetAt.
func newUsersTable(stack awscdk.Stack, s stage.Stage) awsdynamodb.Table {
	return newTable(stack, "Users", s, &awsdynamodb.TableProps{PartitionKey: text("mail"), TimeToLiveAttribute: jsii.String("forgetAt")})
}

// newUploadsTable creates the table of uploads: an owner's records in the order of their grants, and the owner's usage.
// Expired tombstones are deleted.
func newUploadsTable(stack awscdk.Stack, s stage.Stage) awsdynamodb.Table {
	return newTable(stack, "UploadsTable", s, &awsdynamodb.TableProps{
		PartitionKey:        text("owner"),
		SortKey:             text("id"),
		TimeToLiveAttribute: jsii.String("expires"),
	})
}

// newTable creates a table. DynamoDB encrypts it with a key of its own.
func newTable(stack awscdk.Stack, id string, s stage.Stage, props *awsdynamodb.TableProps) awsdynamodb.Table {
	props.BillingMode = awsdynamodb.BillingMode_PAY_PER_REQUEST
	props.PointInTimeRecoverySpecification = &awsdynamodb.PointInTimeRecoverySpecification{
		PointInTimeRecoveryEnabled: jsii.Bool(true),
	}
	props.DeletionProtection = jsii.Bool(s.Removal == stage.Retain)
	props.RemovalPolicy = removal(s)
	if s.Removal == stage.Retain {
		// A failed creation leaves the table behind. To delete one that is protected fails, and so would the rollback.
		props.RemovalPolicy = awscdk.RemovalPolicy_RETAIN
	}
	return awsdynamodb.NewTable(stack, jsii.String(id), props)
}

// text returns a string attribute of a table's key.
func text(name string) *awsdynamodb.Attribute {
	return &awsdynamodb.Attribute{Name: jsii.String(name), Type: awsdynamodb.AttributeType_STRING}
}

// newOwnerKey creates the key of the owner hash. It is never rotated: another key would give every owner another folder.
func newOwnerKey(stack awscdk.Stack, s stage.Stage) awssecretsmanager.Secret {
	key := awssecretsmanager.NewSecret(stack, jsii.String("OwnerKey"), &awssecretsmanager.SecretProps{
		Description: jsii.String("Key of the hash that turns a mail into an owner. Not to be rotated."),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			PasswordLength:     jsii.Number(64),
			ExcludePunctuation: jsii.Bool(true),
		},
		RemovalPolicy: removal(s),
	})
	exempt(key, exemptions{"AwsSolutions-SMG4": "Another key would give every owner another folder, so it is never rotated."})
	return key
}
