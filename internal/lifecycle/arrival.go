package lifecycle

import (
	"errors"
	"fmt"

	"postern/api"
	"postern/internal/upload"
)

// An Arrival names what is to be looked at: a version of an object, or without a VersionID whatever is under the key.
type Arrival struct {
	Key       string
	Owner, ID string // which the key holds
	VersionID string
}

// ParseArrival is the arrival of a version of an object, or of its key if versionID is empty. It reports false when the
// key is not one of an upload.
func ParseArrival(key, versionID string) (Arrival, bool) {
	owner, id, ok := api.ParseKey(key)
	return Arrival{Key: key, Owner: owner, ID: id, VersionID: versionID}, ok
}

// maxLooks is how often a sequence of steps begins again because others went on in the meantime. More often is a fault,
// after which the message comes again.
const maxLooks = 5

// again takes steps from the beginning as long as they find the record changed.
func again(steps func() error) error {
	for range maxLooks {
		if err := steps(); !errors.Is(err, upload.ErrChanged) {
			return err
		}
	}
	return fmt.Errorf("looking %d times: %w", maxLooks, upload.ErrChanged)
}
