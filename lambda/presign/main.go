// Presign signs what a caller may upload. It makes no network call and writes nothing: a signature carries its rules, S3
// enforces them.
//
// Whoever holds a form or a signed URL uploads with the rights of this function's role, when S3 gets it, which needs
// s3:PutObject, s3:PutObjectTagging and s3:ListMultipartUploadParts on the folders' objects.
package main

import "postern/internal/function"

func main() { function.Start(newFunction) }
