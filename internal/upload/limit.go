package upload

import (
	"cmp"
	"fmt"
	"slices"

	"postern/api"
)

// Limits bound the size of one upload besides S3's own limits, each in bytes.
type Limits struct {
	Folder    int64 // largest object of the folder
	User      int64 // largest upload of the owner
	Quota     int64 // how much the owner may keep in all
	Remaining int64 // what is left of the quota
}

// A limit is one bound of a size, with its name in messages.
type limit struct {
	name  string
	bytes int64
}

// SinglePut returns the largest object that one request may store, in bytes: the least of the limits and
// api.MaxSinglePut. It returns an Error (api.Forbidden) that names the limit when not even one byte may be stored.
func (l Limits) SinglePut() (int64, error) {
	least, err := l.least()
	return min(api.MaxSinglePut, least.bytes), err
}

// CheckSize returns an Error when an object of size bytes may not be stored by any number of requests: api.InvalidRequest
// for a size under 1, api.PayloadTooLarge over a limit, api.Forbidden when not even one byte may be stored.
func (l Limits) CheckSize(size int64) error {
	if size < 1 {
		return invalid("size is %d bytes: must be at least 1", size)
	}
	least, err := l.least()
	if err != nil {
		return err
	}
	if size > least.bytes {
		return &Error{api.PayloadTooLarge, fmt.Sprintf("size is %d bytes: must be 1 to %d, %s", size, least.bytes, least.name)}
	}
	return nil
}

// least returns the least of the limits. It returns an Error, and a limit of 0 bytes, when not even one byte may be stored.
func (l Limits) least() (limit, error) {
	least := slices.MinFunc([]limit{
		{"the quota", l.Quota},
		{"what is left of the quota", l.Remaining},
		{"the largest upload", l.User},
		{"the largest object of the folder", l.Folder},
		{"the largest object of S3", api.MaxObject},
	}, func(a, b limit) int { return cmp.Compare(a.bytes, b.bytes) })
	switch {
	case least.bytes > 0:
		return least, nil
	case l.Quota > 0 && l.Remaining < 1:
		return limit{}, &Error{api.Forbidden, fmt.Sprintf("nothing may be uploaded: the quota of %d bytes is used up, or was a minute ago", l.Quota)}
	default:
		return limit{}, &Error{api.Forbidden, fmt.Sprintf("nothing may be uploaded: %s is %d bytes", least.name, least.bytes)}
	}
}
