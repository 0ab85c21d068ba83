package upload

import (
	"fmt"

	"postern/api"
)

// A Plan divides an object for a multipart upload.
type Plan struct {
	Size      int64 // of the object, in bytes: 1 to api.MaxObject
	PartSize  int64 // of each part but the last, in bytes
	PartCount int64 // 1 to api.MaxParts
}

// NewPlan divides an object of 1 to api.MaxObject bytes. asked is the size of a part that the client asks for; nil leaves it to
// the plan. An Error names partSize.
func NewPlan(object int64, asked *int64) (Plan, error) {
	if err := checkPartSize(asked); err != nil {
		return Plan{}, err
	}
	size := usualSize(object)
	if asked != nil {
		size = *asked
	}
	plan := Plan{object, size, divideUp(object, size)}
	if plan.PartCount > api.MaxParts {
		return Plan{}, invalid("partSize %d makes %d parts of %d bytes: must be at least %d, for at most %d parts",
			size, plan.PartCount, object, divideUp(object, api.MaxParts), api.MaxParts)
	}
	return plan, nil
}

// Length returns the size of a part in bytes, by its number from 1 to PartCount.
func (p Plan) Length(number int64) int64 {
	return min(p.PartSize, p.Size-(number-1)*p.PartSize)
}

const (
	// usualPart is the size of a part of most uploads, in bytes: small enough to send again after a fault, large enough to need
	// few signatures. Larger parts are multiples of partStep.
	usualPart = 16 << 20
	partStep  = 1 << 20

	// A thousand parts are a page of S3's list, and some clients read one page only. Parts grow for that up to largestUsual.
	usualCount   = 1000
	largestUsual = 64 << 20
)

// usualSize returns the size of a part when the client asks for none: a whole number of MiB, at least 16.
func usualSize(object int64) int64 {
	size := max(usualPart, min(divideUp(object, usualCount), largestUsual), divideUp(object, api.MaxParts))
	return divideUp(size, partStep) * partStep
}

func divideUp(n, by int64) int64 { return (n + by - 1) / by }

func checkPartSize(asked *int64) error {
	if asked != nil && (*asked < api.MinPart || *asked > api.MaxPart) {
		return invalid("partSize is %d bytes: must be %d to %d", *asked, api.MinPart, api.MaxPart)
	}
	return nil
}

// CheckParts holds a request for signatures of parts to the plan of its file, which it returns, and to the owner's limits. An
// Error names the field.
func CheckParts(asked api.PartsRequest, limits Limits) (Plan, error) {
	if err := checkUploadID(asked.UploadID); err != nil {
		return Plan{}, err
	}
	if err := limits.CheckSize(asked.Size); err != nil {
		return Plan{}, err
	}
	plan, err := NewPlan(asked.Size, asked.PartSize)
	if err != nil {
		return Plan{}, err
	}
	if n := len(asked.Parts); n < 1 || n > api.MaxPartsPerCall {
		return Plan{}, invalid("parts are %d: must be 1 to %d", n, api.MaxPartsPerCall)
	}
	return plan, plan.check(asked.Parts)
}

func (p Plan) check(parts []api.PartRequest) error {
	given := make(map[int64]bool, len(parts))
	for i, part := range parts {
		switch field := fmt.Sprintf("parts[%d].", i); {
		case part.Number < 1 || part.Number > p.PartCount:
			return invalid("%snumber is %d: must be 1 to %d, as many as %d bytes make of %d", field, part.Number, p.PartCount, p.Size, p.PartSize)
		case given[part.Number]:
			return invalid("%snumber %d is given before: must be given once", field, part.Number)
		case part.Checksum != nil && !isCRC64NVME(*part.Checksum):
			return invalidSum(field, *part.Checksum)
		}
		given[part.Number] = true
	}
	return nil
}

// CheckPartsList checks a request for a signature of a list of parts. An Error names the field.
func CheckPartsList(asked api.PartsListRequest) error {
	if asked.After != nil && (*asked.After < 0 || *asked.After > api.MaxParts) {
		return invalid("after is %d: must be 0 to %d", *asked.After, api.MaxParts)
	}
	return checkUploadID(asked.UploadID)
}

// CheckCompletion holds a request for a signature of a completion to the owner's limits, but not to what is left of the quotas:
// once the upload has arrived, it is itself part of what is used, and a client whose answer was lost must be able to ask again.
// Its inspection compares what is left, in a transaction. An Error names the field.
func CheckCompletion(asked api.CompleteRequest, limits Limits) error {
	if asked.Checksum != nil && !isCRC64NVME(*asked.Checksum) {
		return invalidSum("", *asked.Checksum)
	}
	if err := checkUploadID(asked.UploadID); err != nil {
		return err
	}
	limits.Remaining, limits.RemainingFiles = limits.Quota, limits.FileQuota
	return limits.CheckSize(asked.Size)
}

// isCRC64NVME reports whether s is a CRC64NVME as S3 writes it.
func isCRC64NVME(s string) bool { return isSum(s, 8) }

func invalidSum(field, value string) error {
	return invalid("%schecksum %s is not a CRC64NVME: must be its 8 bytes in base64, 12 characters", field, Quote(value))
}

// checkUploadID checks what S3 calls a multipart upload. AWS says nothing of its form: what it gives has up to about 200 of these
// characters.
func checkUploadID(id string) error {
	if id == "" || len(id) > api.MaxUploadID {
		return invalid("uploadId has %d bytes: must have 1 to %d", len(id), api.MaxUploadID)
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '~' && c != '-' {
			return invalid("uploadId %s is not one of S3: must be letters, digits and . _ ~ -", Quote(id))
		}
	}
	return nil
}
