package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
)

// data are the resources that hold what must not be lost.
type data struct {
	bucket awss3.Bucket
	users  awsdynamodb.Table
	key    awssecretsmanager.Secret
}

// newUsersTable makes the table of users: one row a user, by mail. DynamoDB encrypts it with a key of its own.
func newUsersTable(stack awscdk.Stack, s stage.Stage) awsdynamodb.Table {
	return awsdynamodb.NewTable(stack, jsii.String("Users"), &awsdynamodb.TableProps{
		PartitionKey: &awsdynamodb.Attribute{
			Name: jsii.String("mail"),
			Type: awsdynamodb.AttributeType_STRING,
		},
		BillingMode: awsdynamodb.BillingMode_PAY_PER_REQUEST,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: jsii.Bool(true),
		},
		DeletionProtection: jsii.Bool(s.Removal == stage.Retain),
		RemovalPolicy:      removal(s),
	})
}

// newOwnerKey makes the key of the owner hash. It is never rotated: another key would name other folders.
func newOwnerKey(stack awscdk.Stack, s stage.Stage) awssecretsmanager.Secret {
	return awssecretsmanager.NewSecret(stack, jsii.String("OwnerKey"), &awssecretsmanager.SecretProps{
		Description: jsii.String("Key of the hash that turns a mail into an owner. Not to be rotated."),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			PasswordLength:     jsii.Number(64),
			ExcludePunctuation: jsii.Bool(true),
		},
		RemovalPolicy: removal(s),
	})
}
