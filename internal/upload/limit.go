package upload

import (
	"cmp"
	"fmt"
	"slices"

	"postern/api"
)

// Limits bound one upload besides S3's own limits, each in bytes unless it says files.
type Limits struct {
	Folder    int64 // largest object of the folder
	User      int64 // largest upload of the owner
	Quota     int64 // how much the owner may keep in all
	Remaining int64 // what is left of the quota
	Text      int64 // what file name and title take of the quota

	FileQuota      int64 // how many files the owner may keep in all
	RemainingFiles int64 // how many of these are left
}

// A limit is one bound of a size, with its name in messages.
type limit struct {
	name    string
	bytes   int64
	isQuota bool
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
		return &Error{api.PayloadTooLarge, fmt.Sprintf("size is %d bytes: must be 1 to %d, %s", size, least.bytes, least.name), least.isQuota}
	}
	return nil
}

// least returns the least of the limits. It returns an Error, and a limit of 0 bytes, when not even one byte may be stored.
func (l Limits) least() (limit, error) {
	texts := ""
	if l.Text > 0 {
		texts = fmt.Sprintf(" less the %d bytes of filename and title", l.Text)
	}
	least := slices.MinFunc([]limit{
		{"the quota" + texts, l.Quota - l.Text, true},
		{"what is left of the quota" + texts, l.Remaining - l.Text, true},
		{"the largest upload", l.User, false},
		{"the largest object of the folder", l.Folder, false},
		{"the largest object of S3", api.MaxObject, false},
	}, func(a, b limit) int { return cmp.Compare(a.bytes, b.bytes) })
	switch {
	case l.FileQuota < 1:
		return limit{}, nothing("the quota is %d files", l.FileQuota)
	case l.RemainingFiles < 1:
		return limit{}, nothing("the quota of %d files is used up, or was a minute ago", l.FileQuota)
	case least.bytes > 0:
		return least, nil
	case l.Quota < 1:
		return limit{}, nothing("the quota is %d bytes", l.Quota)
	case l.Remaining < 1:
		return limit{}, nothing("the quota of %d bytes is used up, or was a minute ago", l.Quota)
	case l.Remaining <= l.Text:
		return limit{}, nothing("filename and title take %d bytes, and %d are left of the quota", l.Text, l.Remaining)
	default:
		return limit{}, &Error{api.Forbidden, fmt.Sprintf("nothing may be uploaded: %s is %d bytes", least.name, least.bytes), least.isQuota}
	}
}

// nothing returns the Error for an owner whose quota does not let even one byte be stored.
func nothing(format string, args ...any) error {
	return &Error{api.Forbidden, "nothing may be uploaded: " + fmt.Sprintf(format, args...), true}
}
