// Manage answers the routes over what has been uploaded: list, get, change, delete, download. Each sees the uploads of the
// owner that the authorizer named, and no other's.
//
// It needs dynamodb:Query, GetItem, PutItem and UpdateItem on the uploads table, sqs:SendMessage on the queue of what is
// to be inspected, s3:DeleteObjectVersion and s3:AbortMultipartUpload on the folders' objects, and on the bucket
// s3:ListBucketVersions and s3:ListBucketMultipartUploads. Whoever holds a URL of a download reads with the rights of this
// function's role, when S3 gets it, which needs s3:GetObjectVersion on the folders' objects that are tagged ready.
package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/lifecycle"
	"postern/internal/objects"
	"postern/internal/records"
	"postern/internal/sign"
	"postern/internal/transport"
)

func main() {
	log := lambdacontext.NewLogger()
	gateway, err := wire(os.LookupEnv, log)
	if err != nil {
		log.Error("starting manage", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(gateway)
}

// wire makes the function of its environment. It makes no request.
func wire(lookup func(string) (string, bool), log *slog.Logger) (*apigw.Gateway, error) {
	environment, err := contract.FromEnv[contract.ManageEnv](lookup)
	if err != nil {
		return nil, err
	}
	runtime, err := contract.FromEnv[contract.RuntimeEnv](lookup)
	if err != nil {
		return nil, err
	}
	manager, err := newManager(environment, runtime, endpointsFrom(lookup), log)
	if err != nil {
		return nil, err
	}
	return apigw.New(contract.Manage, manager.handlers(), log)
}

// deletionSeconds is when an inspection looks at a deletion: after it is through, as a rule, so that both do not remove
// the same versions.
const deletionSeconds = 2

// endpoints are the addresses of services. An empty one is AWS's own of the region.
type endpoints struct{ s3, dynamodb, sqs string }

func endpointsFrom(lookup func(string) (string, bool)) endpoints {
	var e endpoints
	e.s3, _ = lookup("AWS_ENDPOINT_URL_S3")
	e.dynamodb, _ = lookup("AWS_ENDPOINT_URL_DYNAMODB")
	e.sqs, _ = lookup("AWS_ENDPOINT_URL_SQS")
	return e
}

func newManager(environment contract.ManageEnv, runtime contract.RuntimeEnv, at endpoints, log *slog.Logger) (*manager, error) {
	signer, err := sign.New(sign.Config{
		Region:   runtime.Region,
		Bucket:   environment.Bucket,
		Endpoint: at.s3,
		Credentials: sign.Credentials{
			AccessKeyID:     runtime.AccessKeyID,
			SecretAccessKey: runtime.SecretAccessKey,
			SessionToken:    runtime.SessionToken,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("making a signer: %w", err)
	}
	credentials := transport.Credentials(runtime)
	uploads := records.NewUploads(records.Config{Region: runtime.Region, Endpoint: at.dynamodb, Credentials: credentials}, environment.UploadsTable)
	bucket := objects.New(objects.Config{Region: runtime.Region, Endpoint: at.s3, Bucket: environment.Bucket, Credentials: credentials})
	queue := newQueue(runtime.Region, at.sqs, credentials, environment.QueueURL, environment.Bucket)
	return &manager{
		folders:  environment.Folders,
		lifetime: environment.Lifetime,
		records:  uploads,
		objects:  bucket,
		deletion: &lifecycle.Deletion{Records: uploads, Objects: bucket, Queue: queue.delayed(deletionSeconds), Now: apigw.WallClock},
		signer:   signer,
		repairs:  &repairs{queue: queue, now: apigw.WallClock, log: log},
		now:      apigw.WallClock,
	}, nil
}
