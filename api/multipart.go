package api

// A SignedRequest is a request to S3 that needs no other authorization than its URL. Its body is not signed.
type SignedRequest struct {
	// Method is the HTTP method.
	Method string `json:"method"`
	// URL is where the request is sent. It holds the signature.
	URL string `json:"url"`
	// Headers are the request's headers by name, each to be sent with exactly this value. Content-Length, which every client
	// makes itself, is never among them.
	Headers map[string]string `json:"headers,omitempty"`
}

// A PartsRequest is the body of POST /uploads/{id}/parts: the parts of a multipart upload that are to be sent next.
type PartsRequest struct {
	// UploadID is the multipart upload's, as S3 answered its creation.
	UploadID string `json:"uploadId"`
	// Size is the whole file's exact size in bytes, as it was declared.
	Size int64 `json:"size"`
	// PartSize is the size of each part but the last, in bytes. Default: that of the plan.
	PartSize *int64 `json:"partSize,omitempty"`
	// Parts are the parts to sign, 1 to 500, no number twice.
	Parts []PartRequest `json:"parts"`
}

// A PartRequest names one part to sign.
type PartRequest struct {
	// Number is the part's, 1 to the plan's partCount.
	Number int64 `json:"number"`
	// Checksum is the CRC64NVME of the part in base64, 12 characters; S3 refuses other content. Default: not checked by S3,
	// which answers the part's sum in the header x-amz-checksum-crc64nvme.
	Checksum *string `json:"checksum,omitempty"`
}

// A PartsGrant is the answer of POST /uploads/{id}/parts.
type PartsGrant struct {
	// Parts are the signed parts, in the order that they were asked for.
	Parts []SignedPart `json:"parts"`
	// Expires is when S3 begins to refuse them, in UTC. They may die earlier with the credentials that signed them.
	Expires Time `json:"expires"`
}

// A SignedPart is a PUT of one part, of exactly the length that the plan gives it.
type SignedPart struct {
	// Number is the part's.
	Number int64 `json:"number"`
	// URL is where the part is sent by PUT. It holds the signature.
	URL string `json:"url"`
	// Headers are the request's headers by name, each to be sent with exactly this value. None without a checksum.
	Headers map[string]string `json:"headers,omitempty"`
}

// A PartsListRequest is the body of POST /uploads/{id}/parts/list.
type PartsListRequest struct {
	// UploadID is the multipart upload's, as S3 answered its creation.
	UploadID string `json:"uploadId"`
	// After is the number of the last part that is known: S3 lists the 1,000 that follow it. Default: 0, from the first on.
	After *int64 `json:"after,omitempty"`
}

// A PartsListGrant is the answer of POST /uploads/{id}/parts/list: a GET that S3 answers with ListPartsResult, in XML.
type PartsListGrant struct {
	// URL is where the request is sent by GET. It holds the signature.
	URL string `json:"url"`
	// Expires is when S3 begins to refuse it, in UTC. It may die earlier with the credentials that signed it.
	Expires Time `json:"expires"`
}

// A CompleteRequest is the body of POST /uploads/{id}/complete.
type CompleteRequest struct {
	// UploadID is the multipart upload's, as S3 answered its creation.
	UploadID string `json:"uploadId"`
	// Size is the whole file's exact size in bytes, as it was declared; S3 refuses other totals.
	Size int64 `json:"size"`
	// Checksum is the CRC64NVME of the whole file in base64, 12 characters; S3 refuses other content. Default: not checked.
	Checksum *string `json:"checksum,omitempty"`
}

// A CompleteGrant is the answer of POST /uploads/{id}/complete: a POST whose body is S3's CompleteMultipartUpload, in XML.
type CompleteGrant struct {
	// URL is where the request is sent by POST. It holds the signature.
	URL string `json:"url"`
	// Headers are the request's headers by name, each to be sent with exactly this value.
	Headers map[string]string `json:"headers"`
	// Expires is when S3 begins to refuse it, in UTC. It may die earlier with the credentials that signed it.
	Expires Time `json:"expires"`
}

// An OpenMultipart is a multipart upload that was created and neither completed nor aborted.
type OpenMultipart struct {
	// UploadID is what S3 calls it.
	UploadID string `json:"uploadId"`
	// CreatedAt is when it was created, in UTC.
	CreatedAt Time `json:"createdAt"`
	// PartSize is the size of its first part in bytes. Left out, no part has arrived yet.
	PartSize int64 `json:"partSize,omitempty"`
}
