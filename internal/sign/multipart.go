package sign

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// A Create is a multipart upload to be allowed, with everything about its object fixed but the content.
type Create struct {
	// Key is the object's key, as a Put has it.
	Key string

	// Headers are the request's further headers, as a Put has them, and x-amz-checksum-algorithm and x-amz-checksum-type.
	Headers map[string]string
}

// A Part is one part to be allowed.
type Part struct {
	// Number is 1 to 10,000.
	Number int64

	// Size is the part's exact size, in bytes: 1 to 5 GiB. S3 takes less than 5 MiB for the last part only.
	Size int64

	// Checksum is the CRC64NVME of the part in base64. If empty, S3 takes any content, and answers its sum.
	Checksum string
}

// A Completion is the end of a multipart upload to be allowed: its parts become an object, which has to be new.
type Completion struct {
	// Size is the object's exact size, in bytes: at least 1.
	Size int64

	// Checksum is the CRC64NVME of the object in base64. If empty, S3 takes any content.
	Checksum string
}

// An OpenUpload names a multipart upload that S3 has begun.
type OpenUpload struct {
	// Key is the object's key, as a Put has it.
	Key string

	// UploadID is what S3 calls the upload: 1 to 1024 visible ASCII characters.
	UploadID string
}

// PresignCreate signs the request that begins a multipart upload, from now until lifetime has passed, both as for PresignPut.
// S3 answers it with the upload's id. The signature covers every header. It fails as PresignPut does.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
func (s *Signer) PresignCreate(create Create, now time.Time, lifetime time.Duration) (PresignedRequest, error) {
	if err := validatePath(create.Key); err != nil {
		return PresignedRequest{}, err
	}
	if err := validateHeaders(create.Headers, createHeaders); err != nil {
		return PresignedRequest{}, err
	}
	return s.presign(request{
		method: http.MethodPost, key: create.Key, query: []field{{"uploads", ""}, {"x-id", "CreateMultipartUpload"}}, headers: create.Headers,
	}, now, lifetime)
}

// PresignParts signs a PUT of each part, in their order, from now until lifetime has passed, both as for PresignPut. A
// signature covers Content-Length, and the checksum if there is one. It fails when a part or lifetime is not as documented.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
func (s *Signer) PresignParts(upload OpenUpload, parts []Part, now time.Time, lifetime time.Duration) ([]PresignedRequest, error) {
	if err := upload.validate(); err != nil {
		return nil, err
	}
	signed := make([]PresignedRequest, len(parts))
	for i, part := range parts {
		if err := part.validate(); err != nil {
			return nil, err
		}
		put := request{method: http.MethodPut, key: upload.Key, length: part.Size, query: []field{
			{"partNumber", strconv.FormatInt(part.Number, 10)}, {"uploadId", upload.UploadID}, {"x-id", "UploadPart"},
		}}
		if part.Checksum != "" {
			put.headers = map[string]string{checksumHeader: part.Checksum}
		}
		var err error
		if signed[i], err = s.presign(put, now, lifetime); err != nil {
			return nil, err
		}
	}
	return signed, nil
}

// PresignPartsList signs a GET of the parts that S3 has, the 1,000 at most that follow the part of number after, from now
// until lifetime has passed, both as for PresignPut. The client sends no headers of its own. It fails as PresignPut does. The
// credentials need s3:ListMultipartUploadParts on the object.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
func (s *Signer) PresignPartsList(upload OpenUpload, after int64, now time.Time, lifetime time.Duration) (PresignedRequest, error) {
	if err := upload.validate(); err != nil {
		return PresignedRequest{}, err
	}
	query := []field{{"max-parts", "1000"}, {"uploadId", upload.UploadID}, {"x-id", "ListParts"}}
	switch {
	case after < 0 || after > maxParts:
		return PresignedRequest{}, fmt.Errorf("part number is %d: 0 to %d are allowed", after, maxParts)
	case after > 0:
		query = append(query, field{"part-number-marker", strconv.FormatInt(after, 10)})
	}
	return s.presign(request{method: http.MethodGet, key: upload.Key, query: query}, now, lifetime)
}

// PresignCompletion signs the request that makes the parts an object, unless the key has one, from now until lifetime has
// passed, both as for PresignPut. Its body, which lists the parts, is not signed. It fails as PresignPut does.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
func (s *Signer) PresignCompletion(upload OpenUpload, completion Completion, now time.Time, lifetime time.Duration) (PresignedRequest, error) {
	if err := upload.validate(); err != nil {
		return PresignedRequest{}, err
	}
	if completion.Size < 1 {
		return PresignedRequest{}, fmt.Errorf("size is %d bytes: at least 1 is allowed", completion.Size)
	}
	headers := map[string]string{"if-none-match": "*", "x-amz-mp-object-size": strconv.FormatInt(completion.Size, 10)}
	if completion.Checksum != "" {
		headers[checksumHeader] = completion.Checksum
	}
	if err := validateHeaders(headers, completionHeaders); err != nil {
		return PresignedRequest{}, err
	}
	return s.presign(request{
		method: http.MethodPost, key: upload.Key, query: []field{{"uploadId", upload.UploadID}, {"x-id", "CompleteMultipartUpload"}}, headers: headers,
	}, now, lifetime)
}

// checksumHeader is the header of the checksum of a part, or of the whole object.
const checksumHeader = "x-amz-checksum-crc64nvme"

// Headers that a Create and a Completion may fix.
var (
	createHeaders     = []string{"content-type", "x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-tagging"}
	completionHeaders = []string{"if-none-match", checksumHeader, "x-amz-mp-object-size"}
)

// Limits of S3.
const (
	maxParts    = 10_000
	maxUploadID = 1024
)

func (u OpenUpload) validate() error {
	if err := validatePath(u.Key); err != nil {
		return err
	}
	switch {
	case u.UploadID == "":
		return errors.New("upload id is empty")
	case len(u.UploadID) > maxUploadID || !isVisible(u.UploadID):
		return fmt.Errorf("upload id is malformed: only 1 to %d visible ASCII characters are allowed", maxUploadID)
	}
	return nil
}

func (p Part) validate() error {
	switch {
	case p.Number < 1 || p.Number > maxParts:
		return fmt.Errorf("part number is %d: 1 to %d are allowed", p.Number, maxParts)
	case p.Size < 1 || p.Size > maxSize:
		return fmt.Errorf("size of part %d is %d bytes: 1 to %d are allowed", p.Number, p.Size, int64(maxSize))
	case p.Checksum == "":
		return nil
	}
	return validateHeader(checksumHeader, p.Checksum, completionHeaders)
}
