package main

import (
	"fmt"

	"postern/api"
	"postern/internal/upload"
)

// checkReady refuses the download of what is not ready. S3 refuses it as well: the role may read only what is tagged so.
func checkReady(record upload.Record) error {
	if record.Status != upload.Ready {
		return &upload.Error{Code: api.Conflict, Message: fmt.Sprintf("the upload is %s: allowed is one that is ready", record.Shown())}
	}
	return nil
}
