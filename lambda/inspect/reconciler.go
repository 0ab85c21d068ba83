package main

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"postern/internal/contract"
	"postern/internal/queue"
	"postern/internal/reconcile"
	"postern/internal/records"
)

// overdue is the age from which on bytes without a finished record are a fault. What has just arrived is not.
const overdue = time.Hour

// A reconciler goes through the folders of the bucket, one page a message.
type reconciler struct {
	objects *s3.Client
	bucket  string
	uploads *records.Uploads
	queue   *queue.Queue
	folders contract.Folders
	now     func() time.Time
	log     *slog.Logger
}

// page takes the page after a key, or the first page if it is empty, and then asks for the next one.
func (r *reconciler) page(ctx context.Context, after string) error {
	folder, next := position(r.folders.Names(), after)
	if folder == "" {
		return nil
	}
	pass := reconcile.Pass{Objects: r.objects, Bucket: r.bucket, Uploads: r.uploads, Queue: r.queue, Listed: after, Due: r.now().Add(-overdue)}
	more, err := pass.Page(ctx, folder+"/")
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "page reconciled", "folder", folder, "keys", pass.Keys, "recorded", pass.Recorded, "queued", pass.Queued, "overdue", pass.Overdue)
	switch {
	case more:
		return r.queue.Reconcile(ctx, pass.Listed)
	case next != "":
		return r.queue.Reconcile(ctx, next+"/")
	}
	return nil
}

// position returns the folder that the keys after one are in, of sorted folders, and the folder after it. Each is empty if
// there is none.
func position(folders []string, after string) (folder, next string) {
	current, _, _ := strings.Cut(after, "/")
	for i, name := range folders {
		if name < current {
			continue
		}
		if i+1 < len(folders) {
			next = folders[i+1]
		}
		return name, next
	}
	return "", ""
}
