package api

// Limits of what a client says of an upload.
const (
	MaxFilename    = 255  // characters of a file name
	MaxTitle       = 300  // characters of a title
	MaxDescription = 2000 // characters of a description
	MaxLabels      = 20   // labels of an upload
	MaxLabel       = 64   // characters of a label
)

// Limits of a page of a list, in uploads.
const (
	MaxPage     = 100
	DefaultPage = 50
)

// Limits of S3. Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
const (
	// MaxSinglePut is the largest object that one request can store, in bytes.
	MaxSinglePut int64 = 5 << 30

	MaxParts       = 10_000  // parts of a multipart upload
	MinPart  int64 = 5 << 20 // bytes of a part, unless it is the last
	MaxPart  int64 = 5 << 30 // bytes of a part

	// MaxObject is the largest object, in bytes: as many parts as there may be, each as large as one may be.
	MaxObject = MaxParts * MaxPart
)
