package api

// A PresignedForm is the answer of GET /presignedurl: a form that uploads one file.
type PresignedForm struct {
	// URL is where the form is sent, as multipart/form-data with method POST.
	URL string `json:"url"`
	// Fields are the form's fields by name, in lower case. The file follows them, last, as the field "file".
	Fields map[string]string `json:"fields"`
	// ID names the upload: 32 hexadecimal digits, a dot and the extension.
	ID string `json:"id"`
	// Key is the object's key: folder, owner and id, with slashes between.
	Key string `json:"key"`
	// Expires is when S3 begins to refuse the form, in UTC. A form may die earlier with the credentials that signed it.
	Expires Time `json:"expires"`
}

// An UploadRequest is the body of POST /uploads: the one file to be uploaded, and how. A member that is null counts as
// left out.
type UploadRequest struct {
	// Filename is the file's name: 1 to 255 characters of UTF-8 without control characters, / and \. Its extension chooses
	// the format.
	Filename string `json:"filename"`
	// Size is the file's exact size in bytes, at least 1.
	Size int64 `json:"size"`
	// Type is the file's content type, as a browser or a system names it. It is a hint: empty and "application/octet-stream"
	// say nothing, parameters are ignored, and other names of the extension's content type are accepted. Default: that of the
	// extension.
	Type *string `json:"type,omitempty"`
	// Title is a title for people: at most 300 characters of UTF-8 without control characters. File name and title, in JSON,
	// take at most 1,400 bytes together, of which a context takes its part. Default: empty, no title.
	Title *string `json:"title,omitempty"`
	// Context is what the application knows the upload by, such as the number of an order: at most 256 bytes of UTF-8, of
	// printable characters. Only the role service may give one, and nobody can change it. Default: empty, no context.
	Context *string `json:"context,omitempty"`
	// Checksum is the SHA-256 of the file in base64, 44 characters; S3 refuses other content. Default: not checked.
	Checksum *string `json:"checksum,omitempty"`
	// Via is how the file is sent: "put", "form" (both up to 5 GiB) or "multipart". Default: "put" up to 5 GiB, "multipart"
	// above. A form is for HTML forms and clients that send no headers of their own: a PUT writes once, a form can be used
	// again until it expires.
	Via *string `json:"via,omitempty"`
	// PartSize is the size of each part but the last in bytes, 5 MiB to 5 GiB, of a file that is sent in parts. Default: 16 MiB,
	// and more for files over 16 GB.
	PartSize *int64 `json:"partSize,omitempty"`
	// Guest is the name of whom the file is from, for the owner: 1 to 100 characters of UTF-8 without control characters, and
	// without those that turn the direction of text. A link for guests needs it, and nobody else may give it.
	Guest *string `json:"guest,omitempty"`
}

// Values of UploadRequest.Via.
const (
	ViaForm      = "form"
	ViaPut       = "put"
	ViaMultipart = "multipart"
)

// Vias are all values of UploadRequest.Via.
var Vias = []string{ViaForm, ViaPut, ViaMultipart}

// An UploadGrant is the answer of POST /uploads: what the client sends, and where.
type UploadGrant struct {
	// ID names the upload: 32 hexadecimal digits, a dot and the extension.
	ID string `json:"id"`
	// Key is the object's key: folder, owner and id, with slashes between.
	Key string `json:"key"`
	// Method says which members follow: "PUT" is one request (url, headers), "POST" a form (url, fields), "MULTIPART" a
	// plan (partSize, partCount, create).
	Method string `json:"method"`
	// URL is where the form or the request is sent.
	URL string `json:"url,omitempty"`
	// Fields are the form's fields by name, in lower case. The file follows them, last, as the field "file".
	Fields map[string]string `json:"fields,omitempty"`
	// Headers are the headers of the PUT by name, each to be sent with exactly this value. Content-Length is signed, too:
	// every client makes it itself, of the file.
	Headers map[string]string `json:"headers,omitempty"`
	// PartSize is the size of each part but the last, in bytes.
	PartSize int64 `json:"partSize,omitempty"`
	// PartCount is how many parts there are, 1 to 10,000.
	PartCount int64 `json:"partCount,omitempty"`
	// Create begins the multipart upload. S3 answers it with the upload's id, in XML.
	Create *SignedRequest `json:"create,omitempty"`
	// Expires is until when the upload has to begin, in UTC. S3 refuses the form or the PUT from then on. A signature
	// may die earlier with the credentials that signed it.
	Expires Time `json:"expires"`
}

// Values of UploadGrant.Method.
const (
	MethodPost      = "POST"
	MethodPut       = "PUT"
	MethodMultipart = "MULTIPART"
)

// Methods are all values of UploadGrant.Method.
var Methods = []string{MethodPost, MethodPut, MethodMultipart}

// An Upload is what is known of one upload.
type Upload struct {
	// ID names the upload: 32 hexadecimal digits, a dot and the extension.
	ID string `json:"id"`
	// Status is "waiting" until the bytes have arrived and been looked at, then "ready" or "rejected".
	Status string `json:"status"`
	// Reason says why the upload was rejected: "type_mismatch" (the content is not what the extension says),
	// "unsafe_archive" (it would do harm when it is unpacked), "too_many_pixels" (the picture is too large to be shown),
	// "size_mismatch" (it is not as large as declared), "over_quota" (it did not fit into the owner's quotas of bytes and
	// files), "link_used_up" (it came by a link for guests that had no room left), "link_revoked" (it came by a link that was
	// revoked meanwhile) or "unsigned" (its id or its metadata is none that this API signed). What is over a quota, or came by such
	// a link, has no bytes any more, nothing can be written of it, and it is forgotten after 22 days.
	Reason string `json:"reason,omitempty"`
	// Filename is the file's name as it was declared, empty if it was not.
	Filename string `json:"filename,omitempty"`
	// Title is a title for people: at most 300 characters.
	Title string `json:"title,omitempty"`
	// Description is a text for people: at most 2,000 characters.
	Description string `json:"description,omitempty"`
	// Labels are words to find the upload by, at most 20 of at most 64 characters, in the order that they were given.
	Labels []string `json:"labels,omitempty"`
	// Context is what the application knows the upload by, as the role service gave it: at most 256 bytes.
	Context string `json:"context,omitempty"`
	// Type is the content type of the extension.
	Type string `json:"type"`
	// Detected is the content type that was found in the file, which a download has. It may differ from Type: a recording
	// or a picture may be of a format alike. "application/octet-stream" is none that is known, or a damaged one. While
	// nothing has been looked at, it is left out.
	Detected string `json:"detected,omitempty"`
	// Size is the file's size in bytes. While nothing has arrived, it is left out.
	Size int64 `json:"size,omitempty"`
	// Checksum is that of the whole file in base64: the one that the client declared, or else the one that S3 made.
	Checksum string `json:"checksum,omitempty"`
	// ChecksumAlgorithm says how Checksum is made: "SHA256" or "CRC64NVME". It is left out without a checksum.
	ChecksumAlgorithm string `json:"checksumAlgorithm,omitempty"`
	// CreatedAt is when the upload was granted, in UTC, to the millisecond.
	CreatedAt Time `json:"createdAt"`
	// Version grows with every change of the upload, for If-Match. It is 0 as long as the upload has no record.
	Version int64 `json:"version"`
	// Guest is the name of whom the file is from, as a guest gave it. Only an upload by a link has one.
	Guest string `json:"guest,omitempty"`
	// Link is the id of the link for guests by which the file came. Left out, it came from the owner.
	Link string `json:"link,omitempty"`
	// Multiparts are the multipart uploads of a waiting upload that can be resumed, the newest first. Left out, there are none,
	// or the upload is not waiting, or it is one of a list.
	Multiparts []OpenMultipart `json:"multiparts,omitempty"`
}

// Values of Upload.Status.
const (
	StatusWaiting  = "waiting"
	StatusReady    = "ready"
	StatusRejected = "rejected"
)

// Statuses are all values of Upload.Status.
var Statuses = []string{StatusWaiting, StatusReady, StatusRejected}

// Reasons are all values of Upload.Reason.
var Reasons = []string{"type_mismatch", "unsafe_archive", "too_many_pixels", "size_mismatch", "over_quota", "link_used_up", "link_revoked", "unsigned"}

// Values of Upload.ChecksumAlgorithm, as S3 names them. CRC64NVME is CRC-64/NVME.
const (
	SHA256    = "SHA256"
	CRC64NVME = "CRC64NVME"
)

// ChecksumAlgorithms are all values of Upload.ChecksumAlgorithm.
var ChecksumAlgorithms = []string{SHA256, CRC64NVME}

// An UploadList is a page of the owner's uploads.
type UploadList struct {
	// Uploads are the page's, the newest first. A page may be short, even empty, and not be the last.
	Uploads []Upload `json:"uploads"`
	// Cursor asks for the next page. Without it, this page is the last.
	Cursor string `json:"cursor,omitempty"`
}

// An UploadPatch is the body of PATCH /uploads/{id}: what is to be changed, at least one of the fields. A member that is
// null counts as left out.
type UploadPatch struct {
	// Title is the new title: at most 300 characters of UTF-8 without control characters. Empty removes it.
	Title *string `json:"title,omitempty"`
	// Description is the new description: at most 2,000 characters of UTF-8 without control characters except line feeds
	// and tabs. CR LF is stored as a line feed. Empty removes it.
	Description *string `json:"description,omitempty"`
	// Labels are the new labels, in place of all that there are: at most 20, each of 1 to 64 characters of UTF-8 without
	// control characters, none given twice.
	Labels *[]string `json:"labels,omitempty"`
}

// A Download is the answer of GET /uploads/{id}/download.
type Download struct {
	// URL downloads the upload by GET, without credentials, under its own file name.
	URL string `json:"url"`
	// Expires is when S3 begins to refuse the URL, in UTC. A URL may die earlier with the credentials that signed it.
	Expires Time `json:"expires"`
}

// Values of the query parameter disposition of GET /uploads/{id}/download.
const (
	Attachment = "attachment"
	Inline     = "inline"
)

// Dispositions are all values of the query parameter disposition.
var Dispositions = []string{Attachment, Inline}

// A Usage is the answer of GET /usage: what the owner stores, and may store.
type Usage struct {
	// Used is how much the owner's uploads take, in bytes: their files, and in UTF-8 their file names, titles, descriptions,
	// labels and the names of guests.
	Used int64 `json:"used"`
	// Quota is how much they may take in all, in bytes.
	Quota int64 `json:"quota"`
	// Files is how many files the owner's uploads are.
	Files int64 `json:"files"`
	// FileQuota is how many files they may be.
	FileQuota int64 `json:"fileQuota"`
	// MaxSize is the size of the owner's largest upload that is allowed, in bytes. A folder may allow less.
	MaxSize int64 `json:"maxSize"`
}

// An ErrorBody is the body of every error, of the functions and of API Gateway alike.
type ErrorBody struct {
	// Message says to people what is wrong and what is allowed.
	Message string `json:"message"`
	// Code says the same to programs, in snake_case.
	Code Code `json:"code"`
	// RequestID is what the request is called in the logs.
	RequestID string `json:"requestId"`
}

// Health is the answer of GET /health.
type Health struct {
	// Status is always "ok".
	Status string `json:"status"`
}
