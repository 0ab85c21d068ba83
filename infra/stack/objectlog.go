package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
)

// objectLogPrefix is how the keys of the object log begin. S3 appends account, region, bucket and the day of the requests.
const objectLogPrefix = "access/"

// newObjectLog has S3 log each request to the uploads bucket, if the stage wants that. The lines lie in a bucket of their own,
// which no function may read: they name addresses, and a download's file, and hold its signature.
// Source: Amazon S3 User Guide, "Logging requests with server access logging".
func newObjectLog(stack awscdk.Stack, s stage.Stage, uploads awss3.Bucket) {
	if !s.ObjectLog {
		return
	}
	bucket := awss3.NewBucket(stack, jsii.String("ObjectLog"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		// S3 delivers to no bucket under a key of KMS.
		Encryption:             awss3.BucketEncryption_S3_MANAGED,
		BlockedEncryptionTypes: &[]awss3.BlockedEncryptionType{awss3.BlockedEncryptionType_SSE_C()},
		LifecycleRules:         &[]*awss3.LifecycleRule{{Id: jsii.String("old-lines"), Expiration: days(s.LogRetentionDays)}},
		RemovalPolicy:          removal(s),
	})
	for _, st := range append(tlsDenials(bucket), delivery(stack, bucket, uploads)) {
		bucket.AddToResourcePolicy(st.construct())
	}
	bucket.Policy().ApplyRemovalPolicy(removal(s))
	uploads.Node().DefaultChild().(awss3.CfnBucket).SetLoggingConfiguration(&awss3.CfnBucket_LoggingConfigurationProperty{
		DestinationBucketName: bucket.BucketName(),
		LogFilePrefix:         jsii.String(objectLogPrefix),
		TargetObjectKeyFormat: &awss3.CfnBucket_TargetObjectKeyFormatProperty{
			PartitionedPrefix: &awss3.CfnBucket_PartitionedPrefixProperty{PartitionDateSource: jsii.String("EventTime")},
		},
	})
}

// delivery lets S3 write the lines of the uploads bucket, and those of no other.
// Source: Amazon S3 User Guide, "Enabling Amazon S3 server access logging".
func delivery(stack awscdk.Stack, bucket, uploads awss3.Bucket) *statement {
	deliver := allow("Delivery", "s3:PutObject").on(bucket.ArnForObjects(jsii.String(objectLogPrefix+"*"))).
		when("StringEquals", "aws:SourceAccount", stack.Account()).
		when("ArnLike", "aws:SourceArn", uploads.BucketArn())
	deliver.Principals = &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("logging.s3.amazonaws.com"), nil)}
	return deliver
}
