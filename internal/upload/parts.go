package upload

import "postern/api"

// usualPart is the size of a part wherever it can be, in bytes: small enough to send again after a fault, large enough
// that signing is no work. Larger parts are multiples of partStep.
const (
	usualPart = 16 << 20
	partStep  = 1 << 20
)

// Parts divides an object of 1 to api.MaxObject bytes for a multipart upload: size is that of each part but the
// last, in bytes, a whole number of MiB of at least 16; count is how many there are, 1 to api.MaxParts.
func Parts(object int64) (size, count int64) {
	size = max(usualPart, roundUp(divideUp(object, api.MaxParts), partStep))
	return size, divideUp(object, size)
}

func divideUp(n, by int64) int64 { return (n + by - 1) / by }

func roundUp(n, step int64) int64 { return divideUp(n, step) * step }
