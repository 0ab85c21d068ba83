package contract

import "time"

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
	Expires time.Time `json:"expires"`
}

// An UploadRequest is the body of POST /uploads: the one file to be uploaded, and how.
type UploadRequest struct {
	// Filename is the file's name: 1 to 255 bytes of UTF-8 without control characters, / and \. Its extension chooses
	// the format.
	Filename string `json:"filename"`
	// Size is the file's exact size in bytes, at least 1.
	Size int64 `json:"size"`
	// Type is the file's content type, in any case, which must be the one of the extension. Default: that one.
	Type *string `json:"type,omitempty"`
	// Title is a title for people: at most 300 characters of UTF-8 without control characters. File name and title, each
	// in base64url, take at most 1,300 bytes together. Default: empty, no title.
	Title *string `json:"title,omitempty"`
	// Checksum is the SHA-256 of the file in base64, 44 characters; S3 refuses other content. Default: not checked.
	Checksum *string `json:"checksum,omitempty"`
	// Via is how the file is sent: "form", "put" (both up to 5 GiB) or "multipart". Default: a form up to 5 GiB, and
	// multipart above.
	Via *string `json:"via,omitempty"`
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
	// Method says which members follow: "POST" is a form (url, fields), "PUT" one request (url, headers), "MULTIPART" a
	// plan (partSize, partCount).
	Method string `json:"method"`
	// URL is where the form or the request is sent.
	URL string `json:"url,omitempty"`
	// Fields are the form's fields by name, in lower case. The file follows them, last, as the field "file".
	Fields map[string]string `json:"fields,omitempty"`
	// Headers are the headers of the PUT by name, each to be sent with exactly this value. Browsers set Content-Length
	// by themselves, from the file.
	Headers map[string]string `json:"headers,omitempty"`
	// PartSize is the size of each part but the last, in bytes.
	PartSize int64 `json:"partSize,omitempty"`
	// PartCount is how many parts there are, 1 to 10,000.
	PartCount int64 `json:"partCount,omitempty"`
	// Expires is until when the upload has to begin, in UTC. S3 refuses the form or the PUT from then on. A signature
	// may die earlier with the credentials that signed it.
	Expires time.Time `json:"expires"`
}

// Values of UploadGrant.Method.
const (
	MethodPost      = "POST"
	MethodPut       = "PUT"
	MethodMultipart = "MULTIPART"
)

// Methods are all values of UploadGrant.Method.
var Methods = []string{MethodPost, MethodPut, MethodMultipart}

// An ErrorBody is the body of every error, of the functions and of API Gateway alike.
type ErrorBody struct {
	// Message says to people what is wrong and what is allowed.
	Message string `json:"message"`
	// Code says the same to programs, in snake_case.
	Code string `json:"code"`
	// RequestID is what the request is called in the logs.
	RequestID string `json:"requestId"`
}

// Health is the answer of GET /health.
type Health struct {
	// Status is always "ok".
	Status string `json:"status"`
}
