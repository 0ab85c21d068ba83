// Package sign makes presigned uploads and downloads for Amazon S3: forms and URLs with which a client that has no AWS
// credentials uploads one object under rules that S3 enforces, or downloads one version of one. Signing is pure
// computation; it makes no network call and keeps no state but the signing key of the day.
//
// A form is authorized by a POST policy, which is JSON in base64, signed with Signature Version 4:
//
//   - https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html (authentication)
//   - https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html (policy)
//   - https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html (request)
//
// A PUT and a GET are authorized by the query of their URL, which the SDK's own signer makes:
//
//   - https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html (authentication)
//   - https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html (request)
//   - https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (request)
//
// S3 checks a request against the permissions of the credentials that signed it, when it arrives. For an upload they
// need s3:PutObject on the object, and s3:PutObjectTagging as well when it is tagged; for a download
// s3:GetObjectVersion.
package sign
