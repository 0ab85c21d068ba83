package s3

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"postern/internal/cfn"
)

// makeBuckets makes the buckets that are missing and gives all of them the template's settings.
func makeBuckets(ctx context.Context, url string, config Config) error {
	client := s3.New(s3.Options{
		Region:       config.Stack.Region,
		BaseEndpoint: &url,
		UsePathStyle: true,
		Credentials:  config.Operator.Provider(),
	})
	for _, bucket := range config.Stack.Buckets {
		if err := makeBucket(ctx, client, bucket); err != nil {
			return fmt.Errorf("making bucket %s: %w", bucket.Name, err)
		}
	}
	return nil
}

func makeBucket(ctx context.Context, client *s3.Client, bucket cfn.Bucket) error {
	_, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket.Name})
	if _, missing := errors.AsType[*types.NotFound](err); missing {
		_, err = client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket.Name})
	}
	if err != nil {
		return err
	}
	if err := setVersioning(ctx, client, bucket); err != nil {
		return fmt.Errorf("setting its versioning: %w", err)
	}
	if err := setCORS(ctx, client, bucket); err != nil {
		return fmt.Errorf("setting its CORS rules: %w", err)
	}
	return nil
}

func setVersioning(ctx context.Context, client *s3.Client, bucket cfn.Bucket) error {
	current, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &bucket.Name})
	if err != nil {
		return err
	}
	status := current.Status
	switch {
	case bucket.Versioned:
		status = types.BucketVersioningStatusEnabled
	case status == types.BucketVersioningStatusEnabled:
		status = types.BucketVersioningStatusSuspended
	}
	if status == current.Status {
		return nil
	}
	_, err = client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket:                  &bucket.Name,
		VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	})
	return err
}

func setCORS(ctx context.Context, client *s3.Client, bucket cfn.Bucket) error {
	if len(bucket.CORS) == 0 {
		_, err := client.DeleteBucketCors(ctx, &s3.DeleteBucketCorsInput{Bucket: &bucket.Name})
		return err
	}
	var rules []types.CORSRule
	for _, rule := range bucket.CORS {
		rules = append(rules, types.CORSRule{
			AllowedOrigins: rule.AllowedOrigins,
			AllowedMethods: rule.AllowedMethods,
			AllowedHeaders: rule.AllowedHeaders,
			ExposeHeaders:  rule.ExposeHeaders,
			MaxAgeSeconds:  aws.Int32(int32(rule.MaxAge / time.Second)),
		})
	}
	_, err := client.PutBucketCors(ctx, &s3.PutBucketCorsInput{
		Bucket:            &bucket.Name,
		CORSConfiguration: &types.CORSConfiguration{CORSRules: rules},
	})
	return err
}
