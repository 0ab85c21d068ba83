// Inspect looks at what has arrived in the bucket: it takes the queue's messages, judges the bytes, records and counts
// them, tags them as ready or rejected, and tells the event bus. Every message may come again, at any time and to
// several at once.
//
// It needs sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes and sqs:SendMessage on the queue; on the folders' objects
// s3:GetObjectVersion, s3:GetObjectVersionTagging, s3:PutObjectVersionTagging and s3:DeleteObjectVersion, and
// s3:ListBucketVersions and s3:ListBucket on the bucket; dynamodb:GetItem, dynamodb:BatchGetItem, dynamodb:PutItem and dynamodb:UpdateItem on the uploads table;
// secretsmanager:GetSecretValue on the owner key's secret; events:PutEvents on the bus.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"postern/internal/contract"
	"postern/internal/function"
)

func main() {
	function.Start(func(setup function.Setup[contract.InspectEnv]) (lambda.Handler, error) {
		return lambda.NewHandler(newHandler(setup).handle), nil
	})
}
