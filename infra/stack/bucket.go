package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
)

// newBucket creates the private bucket for uploads.
func newBucket(stack awscdk.Stack, s stage.Stage) awss3.Bucket {
	bucket := awss3.NewBucket(stack, jsii.String("Uploads"), &awss3.BucketProps{
		BlockPublicAccess:      awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:        awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		Encryption:             awss3.BucketEncryption_S3_MANAGED,
		BlockedEncryptionTypes: &[]awss3.BlockedEncryptionType{awss3.BlockedEncryptionType_SSE_C()},
		Versioned:              jsii.Bool(true),
		Cors:                   corsRules(s.BucketOrigins()),
		LifecycleRules:         lifecycleRules(s.Retention),
		RemovalPolicy:          removal(s),
	})
	exempt(bucket, exemptions{
		"AwsSolutions-S1": "The API's access log and the records say who stored and read what. S3's access log would be a second bucket to guard.",
	})
	for _, denial := range denials(s, bucket) {
		bucket.AddToResourcePolicy(denial.construct())
	}
	// A bucket that stays keeps its policy.
	bucket.Policy().ApplyRemovalPolicy(removal(s))
	return bucket
}

// denials returns the statements of the bucket's policy.
// Source: Amazon S3 API Reference, "Amazon S3 Signature Version 4 Authentication Specific Policy Keys".
func denials(s stage.Stage, bucket awss3.Bucket) []*statement {
	objects := bucket.ArnForObjects(jsii.String("*"))
	all := []*string{bucket.BucketArn(), objects}
	return append(tlsDenials(bucket),
		// The age of a SigV2 signature is always 0, so it would pass the next statement.
		deny("DenySigV2", "s3:*").on(all...).when("StringEquals", "s3:signatureversion", "AWS"),
		// Forms and presigned URLs only: a request that its caller signs and sends at once has no lifetime to bound,
		// and an operator with a slow clock must not be locked out.
		deny("DenyOldSignatures", "s3:*").on(all...).
			when("StringEquals", "s3:authType", []string{"POST", "REST-QUERY-STRING"}).
			when("NumericGreaterThan", "s3:signatureAge", jsii.Sprintf("%d", s.SignatureLifetime.Milliseconds())),
		// No object is made without If-None-Match, so that not even the role that signs uploads can put new bytes under a
		// key that has some. Parts make no object yet. Forms are exempt, because a form cannot have the header: inspection
		// removes what a form that is used again has stored.
		// Source: Amazon S3 User Guide, "Enforce conditional writes on Amazon S3 buckets".
		deny("DenyOverwrites", "s3:PutObject").on(objects).
			when("Bool", "s3:ObjectCreationOperation", "true").
			when("Null", "s3:if-none-match", "true").
			when("StringNotEquals", "s3:authType", "POST"),
	)
}

// tlsDenials returns the statements that deny everybody a bucket without TLS 1.2 at least.
func tlsDenials(bucket awss3.Bucket) []*statement {
	all := []*string{bucket.BucketArn(), bucket.ArnForObjects(jsii.String("*"))}
	return []*statement{
		deny("DenyWithoutTLS", "s3:*").on(all...).when("Bool", "aws:SecureTransport", "false"),
		deny("DenyOldTLS", "s3:*").on(all...).when("NumericLessThan", "s3:TlsVersion", "1.2"),
	}
}

// signedHeaders lists the headers that a page may send to the bucket: those that a signature of the API can fix, and Range,
// with which a download goes on. A page can plant no other, such as Cache-Control or Content-Language.
var signedHeaders = []string{
	"content-type", "if-none-match", "range", "x-amz-checksum-algorithm", "x-amz-checksum-crc64nvme", "x-amz-checksum-sha256",
	"x-amz-checksum-type", "x-amz-meta-postern", "x-amz-mp-object-size", "x-amz-tagging",
}

// corsRules let pages of a stage's origins send signed requests, and read what resumed uploads and downloads need.
// Source: Amazon S3 User Guide, "Elements of a CORS configuration".
func corsRules(origins []string) *[]*awss3.CorsRule {
	if len(origins) == 0 {
		return nil
	}
	return &[]*awss3.CorsRule{{
		AllowedOrigins: jsii.Strings(origins...),
		AllowedMethods: &[]awss3.HttpMethods{
			awss3.HttpMethods_GET, awss3.HttpMethods_HEAD, awss3.HttpMethods_PUT, awss3.HttpMethods_POST,
		},
		AllowedHeaders: jsii.Strings(signedHeaders...),
		// Written out, because S3 refuses a wildcard here.
		ExposedHeaders: jsii.Strings(
			"ETag", "Location", "Content-Disposition", "Content-Range", "Accept-Ranges", "x-amz-checksum-crc32", "x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme", "x-amz-checksum-sha1",
			"x-amz-checksum-sha256", "x-amz-checksum-type", "x-amz-version-id",
		),
		MaxAge: jsii.Number(3600),
	}}
}

// lifecycleRules delete what nobody needs.
func lifecycleRules(r stage.Retention) *[]*awss3.LifecycleRule {
	return &[]*awss3.LifecycleRule{
		{
			// On a versioned bucket this adds a delete marker; the next rules remove version and marker.
			Id:         jsii.String("rejected-uploads"),
			TagFilters: &map[string]any{"status": "rejected"},
			Expiration: days(r.RejectedDays),
		},
		{
			Id:                          jsii.String("noncurrent-versions"),
			NoncurrentVersionExpiration: days(r.NoncurrentDays),
		},
		{
			Id:                        jsii.String("expired-delete-markers"),
			ExpiredObjectDeleteMarker: jsii.Bool(true),
		},
		{
			Id:                                  jsii.String("incomplete-multipart-uploads"),
			AbortIncompleteMultipartUploadAfter: days(r.IncompleteMultipartDays),
		},
	}
}

func days(n int) awscdk.Duration { return awscdk.Duration_Days(jsii.Number(n)) }
