package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"postern/internal/sign"
)

// measureSign signs a form as presign does, and the same form with the SDK.
func measureSign(ctx context.Context, bench *workbench) ([]comparison, error) {
	ours, err := signOurs()
	if err != nil {
		return nil, err
	}
	length := 200 * time.Millisecond
	if bench.quick {
		length = 20 * time.Millisecond
	}
	if err := setBenchmarkLength(length); err != nil {
		return nil, err
	}
	a, b, err := inTurn(ctx, bench.times(10, 3), repeat(ours), repeat(signSDK(ctx)))
	if err != nil {
		return nil, err
	}
	const name, sdk = "internal/sign", "PresignPostObject of the SDK"
	return []comparison{
		{
			"signing a form, temporary credentials: time", duration,
			side{name, seriesOf(a, timePerOp), 6e-6},
			side{sdk, seriesOf(b, timePerOp), 0},
			1.0 / 15,
		},
		{
			"signing a form, temporary credentials: allocations", count,
			side{name, seriesOf(a, allocsPerOp), 10},
			side{sdk, seriesOf(b, allocsPerOp), 0},
			0,
		},
	}, nil
}

func timePerOp(r testing.BenchmarkResult) float64   { return r.T.Seconds() / float64(r.N) }
func allocsPerOp(r testing.BenchmarkResult) float64 { return float64(r.AllocsPerOp()) }

// setBenchmarkLength sets how long a testing.Benchmark takes: a flag of package testing, and nothing else, says so.
func setBenchmarkLength(length time.Duration) error {
	testing.Init()
	return flag.Set("test.benchtime", length.String())
}

// repeat makes a benchmark of an operation.
func repeat(operation func() error) func() (testing.BenchmarkResult, error) {
	return func() (testing.BenchmarkResult, error) {
		var failure error
		result := testing.Benchmark(func(b *testing.B) {
			for b.Loop() {
				if failure = operation(); failure != nil {
					b.FailNow()
				}
			}
		})
		if failure == nil && result.N == 0 {
			failure = errors.New("the benchmark did not run")
		}
		return result, failure
	}
}

const lifetime = 15 * time.Minute

// examplePost is what presign signs for a video with a name.
func examplePost() sign.Post {
	return sign.Post{
		Key: "videos/0123456789abcdef0123/0199a1b2c3d47e5f8a9b0c1d2e3f4a5b.mp4",
		Fields: map[string]string{
			"content-type":        "video/mp4",
			"tagging":             "<Tagging><TagSet><Tag><Key>status</Key><Value>pending</Value></Tag></TagSet></Tagging>",
			"x-amz-meta-quota":    "107374182400",
			"x-amz-meta-filename": "aG9saWRheS5tcDQ",
		},
		MinSize: 1,
		MaxSize: 5 << 30,
	}
}

// signOurs signs with Postern's signer.
func signOurs() (func() error, error) {
	signer, err := sign.New(sign.Config{
		Region: exampleRegion,
		Bucket: exampleBucket,
		Credentials: sign.Credentials{
			AccessKeyID: exampleAccessKey, SecretAccessKey: exampleSecretKey, SessionToken: exampleToken,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("making a signer: %w", err)
	}
	post := examplePost()
	return func() error {
		_, err := signer.PresignPost(post, time.Now(), lifetime)
		return err
	}, nil
}

// signSDK signs the same form with the SDK.
func signSDK(ctx context.Context) func() error {
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: exampleAccessKey, SecretAccessKey: exampleSecretKey, SessionToken: exampleToken}, nil
	})
	presigner := s3.NewPresignClient(s3.New(s3.Options{Region: exampleRegion, Credentials: credentials}))
	post := examplePost()
	conditions := []any{[]any{"content-length-range", post.MinSize, post.MaxSize}}
	for name, value := range post.Fields {
		conditions = append(conditions, []any{"eq", "$" + name, value})
	}
	object := &s3.PutObjectInput{Bucket: aws.String(exampleBucket), Key: aws.String(post.Key)}
	return func() error {
		_, err := presigner.PresignPostObject(ctx, object, func(o *s3.PresignPostOptions) {
			o.Conditions = conditions
			o.Expires = lifetime
		})
		return err
	}
}
