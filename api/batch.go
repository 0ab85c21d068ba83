package api

// An UploadOrBatch is the body of POST /uploads: either one file, or many. Exactly one of the two is set.
type UploadOrBatch struct {
	*UploadBatch
	*UploadRequest
}

// An UploadBatch declares many files at once.
type UploadBatch struct {
	// Uploads are the files, 1 to 100. Together they may take what is left of the quota.
	Uploads []UploadRequest `json:"uploads"`
}

// A GrantOrGrants is the answer of POST /uploads: the grant of one file, or those of a batch. Exactly one of the two is set.
type GrantOrGrants struct {
	*UploadGrants
	*UploadGrant
}

// An UploadGrants is the answer to an UploadBatch.
type UploadGrants struct {
	// Uploads are the answers, in the order of the request.
	Uploads []UploadResult `json:"uploads"`
}

// An UploadResult is the answer to one file of an UploadBatch: either a grant or an error.
type UploadResult struct {
	*UploadGrant
	// Error says why this file was refused. The others are not affected.
	Error *ErrorBody `json:"error,omitempty"`
}
