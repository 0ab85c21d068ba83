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

// maxAttempts bounds how often steps are retried on a conflict. After that, the message is delivered again.
const maxAttempts = 5

// retryOnConflict calls steps until they return no upload.ErrChanged. Steps start from the first one each time.
func retryOnConflict(steps func() error) error {
	for range maxAttempts {
		if err := steps(); !errors.Is(err, upload.ErrChanged) {
			return err
		}
	}
	return fmt.Errorf("trying %d times: %w", maxAttempts, upload.ErrChanged)
}
