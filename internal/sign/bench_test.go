package sign_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"postern/internal/sign"
)

// benchmarkConfig has temporary credentials, as functions do. Their session token makes up half of a form.
func benchmarkConfig() sign.Config {
	config := exampleConfig()
	config.Credentials.SessionToken = exampleToken
	return config
}

func newBenchmarkSigner(b *testing.B) *sign.Signer {
	b.Helper()
	signer, err := sign.New(benchmarkConfig())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	return signer
}

// BenchmarkPresignPost signs one form with this package and with the SDK. The goal is a twelfth of the SDK's time, and at
// most 10 allocations. To compare: go test -bench PresignPost -count 10 ./internal/sign | benchstat -col /by -
func BenchmarkPresignPost(b *testing.B) {
	post := examplePost()
	b.Run("by=sign", func(b *testing.B) {
		signer := newBenchmarkSigner(b)
		for b.Loop() {
			if _, err := signer.PresignPost(post, exampleNow, exampleLifetime); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by=SDK", func(b *testing.B) {
		presigner, conditions := sdkPresigner(benchmarkConfig()), sdkConditions(post)
		object := &s3.PutObjectInput{Bucket: aws.String("examplebucket"), Key: &post.Key}
		b.ReportAllocs()
		for b.Loop() {
			_, err := presigner.PresignPostObject(context.Background(), object, func(o *s3.PresignPostOptions) {
				o.Conditions, o.Expires = conditions, exampleLifetime
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPresignPut signs the request of a typical upload, with this package and with the SDK. The goal is a twelfth of
// the SDK's time, and at most 10 allocations.
func BenchmarkPresignPut(b *testing.B) {
	put := examplePut()
	b.Run("by=sign", func(b *testing.B) {
		signer := newBenchmarkSigner(b)
		for b.Loop() {
			if _, err := signer.PresignPut(put, exampleNow, exampleLifetime); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by=SDK", func(b *testing.B) {
		presigner, object := sdkPresigner(benchmarkConfig()), sdkPutObject("examplebucket", put)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := presigner.PresignPutObject(context.Background(), object, s3.WithPresignExpires(exampleLifetime)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
