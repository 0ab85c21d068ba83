// Manage answers the routes on what has been uploaded: list, get, change, delete, download. Each sees the uploads of the
// owner that the authorizer named, and no other's.
//
// It needs dynamodb:Query, GetItem, PutItem and UpdateItem on the uploads table, sqs:SendMessage on the queue of what is
// to be inspected, s3:DeleteObjectVersion, s3:AbortMultipartUpload and s3:ListMultipartUploadParts on the folders' objects, and on the bucket
// s3:ListBucketVersions and s3:ListBucketMultipartUploads. Whoever holds a URL of a download reads with the rights of this
// function's role, when S3 gets it, which needs s3:GetObjectVersion on the folders' objects that are tagged ready.
package main

import "postern/internal/function"

func main() { function.Start(newFunction) }
