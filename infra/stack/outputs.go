package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/jsii-runtime-go"
)

// newOutputs prints what a client and an operator need to know.
func newOutputs(stack awscdk.Stack, api awsapigateway.RestApi, d data, q queues) {
	for _, output := range []struct {
		name, description string
		value             *string
	}{
		{"ApiUrl", "Base URL of the API", api.Url()},
		{"BucketName", "Bucket that uploads go to", d.bucket.BucketName()},
		{"UsersTableName", "Table of users", d.users.TableName()},
		{"UploadsTableName", "Table of uploads and of each owner's usage", d.uploads.TableName()},
		{"QueueUrl", "Queue of what is to be inspected", q.inspections.QueueUrl()},
		{"OwnerKeySecretArn", "Secret that holds the key of the owner hash", d.key.SecretArn()},
	} {
		awscdk.NewCfnOutput(stack, jsii.String(output.name), &awscdk.CfnOutputProps{
			Description: jsii.String(output.description),
			Value:       output.value,
		})
	}
}
