package sign_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"postern/internal/sign"
)

// BenchmarkPresignParts signs a batch of 500 parts with this package and with the SDK. The goal is a twelfth of the SDK's time.
func BenchmarkPresignParts(b *testing.B) {
	const batch = 500
	open := sign.OpenUpload{Key: examplePut().Key, UploadID: exampleUploadID}
	b.Run("by=sign", func(b *testing.B) {
		signer := newBenchmarkSigner(b)
		parts := make([]sign.Part, batch)
		for i := range parts {
			parts[i] = sign.Part{Number: int64(i + 1), Size: 16 << 20}
		}
		for b.Loop() {
			if _, err := signer.PresignParts(open, parts, exampleNow, exampleLifetime); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by=SDK", func(b *testing.B) {
		presigner := sdkPresigner(benchmarkConfig())
		b.ReportAllocs()
		for b.Loop() {
			for i := range batch {
				_, err := presigner.PresignUploadPart(context.Background(), &s3.UploadPartInput{
					Bucket: aws.String("examplebucket"), Key: &open.Key, UploadId: &open.UploadID,
					PartNumber: aws.Int32(int32(i + 1)), ContentLength: aws.Int64(16 << 20),
				}, func(o *s3.PresignOptions) { o.Expires = exampleLifetime })
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
