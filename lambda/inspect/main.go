// Inspect looks at what has arrived in the bucket: it takes the queue's messages, judges the bytes, records and counts
// them, tags them as ready or rejected, and tells the event bus. Every message may come again, at any time and to
// several at once.
//
// It needs sqs:ReceiveMessage, sqs:DeleteMessage and sqs:GetQueueAttributes on the queue; on the folders' objects
// s3:GetObjectVersion, s3:DeleteObjectVersion and s3:PutObjectVersionTagging, and s3:ListBucketVersions on the bucket;
// dynamodb:GetItem, dynamodb:PutItem and dynamodb:UpdateItem on the uploads table; events:PutEvents on the bus.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"postern/internal/contract"
	"postern/internal/lifecycle"
	"postern/internal/media"
	"postern/internal/objects"
	"postern/internal/records"
	"postern/internal/transport"
	"postern/internal/upload"
)

func main() {
	log := lambdacontext.NewLogger()
	handler, err := wire(os.LookupEnv, log)
	if err != nil {
		log.Error("starting inspect", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler.handle)
}

// wire makes the function of its environment. It makes no request.
func wire(lookup func(string) (string, bool), log *slog.Logger) (*handler, error) {
	environment, err := contract.FromEnv[contract.InspectEnv](lookup)
	if err != nil {
		return nil, err
	}
	runtime, err := contract.FromEnv[contract.RuntimeEnv](lookup)
	if err != nil {
		return nil, err
	}
	dynamodb, _ := lookup("AWS_ENDPOINT_URL_DYNAMODB")
	s3, _ := lookup("AWS_ENDPOINT_URL_S3")
	eventBridge, _ := lookup("AWS_ENDPOINT_URL_EVENTBRIDGE")
	provider := transport.Credentials(runtime)
	table := records.Config{Region: runtime.Region, Endpoint: dynamodb, Credentials: provider}
	bucket := objects.Config{Region: runtime.Region, Endpoint: s3, Bucket: environment.Bucket, Credentials: provider}
	inspector := &lifecycle.Inspector{
		Records: records.NewUploads(table, environment.UploadsTable),
		Objects: objects.New(bucket),
		Events:  newBus(runtime.Region, eventBridge, provider, environment.EventBus),
		Check:   check,
		Folders: environment.Folders,
		Now:     time.Now,
		Log:     log,
	}
	return &handler{bucket: environment.Bucket, folders: environment.Folders, inspector: inspector, log: log}, nil
}

// check rejects an object whose content does not fit its format.
func check(format contract.Format, object upload.Object) (upload.Reason, error) {
	fits, err := media.Check(format, object.Size, object.Content)
	if err != nil || fits {
		return "", err
	}
	return upload.TypeMismatch, nil
}
