package s3_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
)

// sendLate begins to send part 2, and ends it when arrive is called, which returns what S3 answers.
func sendLate(t *testing.T, store backend.Backend, uploadID string) (arrive func() error) {
	t.Helper()
	body, rest := io.Pipe()
	answer := make(chan error, 1)
	go func() {
		_, err := store.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: aws.String(bucket), Key: aws.String(key), UploadId: &uploadID, PartNumber: aws.Int32(2),
			Body: body, ContentLength: aws.Int64(4),
		})
		answer <- err
	}()
	if _, err := io.WriteString(rest, "la"); err != nil {
		t.Fatal(err)
	}
	return func() error {
		if _, err := io.WriteString(rest, "te"); err != nil {
			t.Fatal(err)
		}
		_ = rest.Close()
		return <-answer
	}
}

// A part that arrives after its upload has ended is not stored, and the upload does not seem open again.
func TestLatePart(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(t *testing.T, store backend.Backend, uploadID string, part types.CompletedPart) error
	}{
		{"aborted", func(t *testing.T, store backend.Backend, uploadID string, _ types.CompletedPart) error {
			return store.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: aws.String(bucket), Key: aws.String(key), UploadId: &uploadID})
		}},
		{"completed", func(t *testing.T, store backend.Backend, uploadID string, part types.CompletedPart) error {
			_, err := completeIn(t.Context(), store, uploadID, []types.CompletedPart{part})
			return err
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := t.TempDir()
			store, uploadID := openStore(t, data, func(object, part *os.File) error {
				_, err := io.Copy(object, part)
				return err
			})
			part := uploadPart(t, store, uploadID)
			arrive := sendLate(t, store, uploadID)
			if err := test.end(t, store, uploadID, part); err != nil {
				t.Fatal(err)
			}
			isGone := func(what string, err error) {
				t.Helper()
				if failure, ok := errors.AsType[s3err.S3Error](err); !ok || failure.BaseError().Code != "NoSuchUpload" {
					t.Errorf("%s: got %v, want NoSuchUpload", what, err)
				}
			}
			_, err := store.UploadPart(t.Context(), &s3.UploadPartInput{
				Bucket: aws.String(bucket), Key: aws.String(key), UploadId: &uploadID, PartNumber: aws.Int32(3),
				Body: strings.NewReader("x"), ContentLength: aws.Int64(1),
			})
			isGone("another part meanwhile", err)
			isGone("the late part", arrive())
			_, err = completeIn(t.Context(), store, uploadID, []types.CompletedPart{part})
			isGone("a completion", err)
			if left, err := os.ReadDir(folderOf(data)); err == nil && len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}
