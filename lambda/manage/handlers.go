package main

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/awsclient"
	"postern/internal/contract"
	"postern/internal/function"
	"postern/internal/lifecycle"
	"postern/internal/objects"
	"postern/internal/queue"
	"postern/internal/records"
	"postern/internal/sign"
	"postern/internal/upload"
)

// uploadRecords are the records of uploads, read and patched. Every read is consistent. No error holds personal data.
type uploadRecords interface {
	lifecycle.RecordReader
	// Page reads up to page.Limit of the owner's records, the newest first, of those whose id is below page.Before. If that
	// is empty, it begins at the newest. It leaves out what the page does not select. A page may be short, even empty. next
	// is the Before of the next page, and empty after the last.
	Page(ctx context.Context, owner string, page upload.Page) (records []upload.Record, next string, err error)
	// Patch changes what people have written of an upload, and the owner's usage by the difference, both or neither. record
	// is what was read of it. It returns the record with its next version: upload.ErrChanged when the record has another
	// version by now, upload.ErrOverQuota when the usage would grow beyond quota bytes.
	Patch(ctx context.Context, record upload.Record, patch upload.Patch, quota int64) (upload.Record, error)
	// Usage reads what of the owner's uploads is counted as of now: nothing when there never were any.
	Usage(ctx context.Context, owner string) (upload.Usage, error)
}

// objectVersions lists what is in the bucket. No error holds personal data.
type objectVersions interface {
	lifecycle.VersionLister
	// OpenUploads lists the multipart uploads of exactly this key that are open, the newest first, 10 at most.
	OpenUploads(ctx context.Context, key string) ([]upload.Multipart, error)
}

// A signer signs without a network call, from now until lifetime has passed. Its errors hold no value of a header.
type signer interface {
	// PresignGet signs the GET of one version.
	PresignGet(get sign.Get, now time.Time, lifetime time.Duration) (sign.PresignedRequest, error)
}

// handlers answers the routes on uploads.
type handlers struct {
	folders  contract.Folders
	lifetime time.Duration // of the signatures of uploads
	records  uploadRecords
	objects  objectVersions
	deletion *lifecycle.Deletion
	signer   signer
	repairs  *repairs
	keys     scriptKeys
	links    links
	random   io.Reader
	now      func() time.Time
	log      *slog.Logger
}

// record logs what was done to which upload, and by whom. The access log has a line of the same request, with the same id:
// the route and the role, but not the upload.
func (h *handlers) record(ctx context.Context, what string, request apigw.Request[apigw.None]) {
	h.log.InfoContext(ctx, what, "apiRequestId", request.ID, "caller", request.Caller.Principal, "owner", request.Caller.Owner, "upload", request.Path["id"])
}

// deletionSeconds is the delay until an inspection looks at a deletion: as a rule it is complete by then, and both do not
// remove the same versions.
const deletionSeconds = 2

// newFunction makes the function. It makes no request.
func newFunction(setup function.Setup[contract.ManageEnv]) (lambda.Handler, error) {
	signer, err := setup.Runtime.Signer(setup.Env.Bucket)
	if err != nil {
		return nil, err
	}
	tables := dynamodb.NewFromConfig(awsclient.Config(setup.Runtime, function.DynamoDB))
	uploads := records.NewUploads(tables, setup.Env.UploadsTable)
	bucket := objects.New(awsclient.Config(setup.Runtime, function.S3), setup.Env.Bucket)
	inspectionQueue := queue.New(sqs.NewFromConfig(awsclient.Config(setup.Runtime, function.SQS)), setup.Env.QueueURL, setup.Env.Bucket)
	h := &handlers{
		folders:  setup.Env.Folders,
		lifetime: setup.Env.Lifetime,
		records:  uploads,
		objects:  bucket,
		deletion: &lifecycle.Deletion{Records: uploads, Objects: bucket, Queue: inspectionQueue.Delayed(deletionSeconds), Now: function.WallClock},
		signer:   signer,
		repairs:  &repairs{queue: inspectionQueue, now: function.WallClock, log: setup.Log},
		links:    uploads,
		keys:     records.NewUsers(tables, setup.Env.UsersTable),
		random:   rand.Reader,
		now:      function.WallClock,
		log:      setup.Log,
	}
	return apigw.New(contract.Manage, h.routes(), apigw.NewThrottle(setup.Env.Throttle, function.WallClock), setup.Log)
}

// routes maps each route to its handler.
func (h *handlers) routes() map[string]apigw.Handler {
	return map[string]apigw.Handler{
		"GET /uploads":               apigw.Handle(h.list),
		"GET /uploads/{id}":          apigw.Handle(h.get),
		"PATCH /uploads/{id}":        apigw.Handle(h.patch),
		"DELETE /uploads/{id}":       apigw.Handle(h.delete),
		"GET /uploads/{id}/download": apigw.Handle(h.download),
		"GET /usage":                 apigw.Handle(h.usage),
		"POST /keys":                 apigw.Handle(h.createKey),
		"GET /keys":                  apigw.Handle(h.listKeys),
		"DELETE /keys/{keyId}":       apigw.Handle(h.revokeKey),
		"DELETE /links":              apigw.Handle(h.revokeLinks),
		"DELETE /links/{linkId}":     apigw.Handle(h.revokeLink),
	}
}

// list answers GET /uploads: a page of the owner's uploads that have a record.
func (h *handlers) list(ctx context.Context, request apigw.Request[apigw.None]) (list api.UploadList, err error) {
	page, err := upload.ParsePage(request.Query)
	if err != nil {
		return list, err
	}
	records, next, err := h.records.Page(ctx, request.Caller.Owner, page)
	if err != nil {
		return list, err
	}
	list = api.UploadList{Uploads: make([]api.Upload, 0, len(records))}
	for _, record := range records {
		if request.Caller.Key.Granted(record.ID) && request.Caller.Opens(record.Key) { // to no other would a route on one upload answer
			list.Uploads = append(list.Uploads, record.View())
		}
	}
	if next != "" {
		list.Cursor = upload.Cursor(next)
	}
	return list, nil
}

// get answers GET /uploads/{id}: what became of one of the owner's uploads.
func (h *handlers) get(ctx context.Context, request apigw.Request[apigw.None]) (api.Upload, error) {
	found, err := h.find(ctx, request.Caller, request.Path["id"])
	if err != nil {
		return api.Upload{}, err
	}
	if request.Caller.Link != nil {
		return guestView(request.Caller.Link.ID, found.record)
	}
	view := found.record.View()
	for _, open := range found.open {
		view.Multiparts = append(view.Multiparts, api.OpenMultipart{UploadID: open.ID, CreatedAt: api.Time{Time: open.Begun}, PartSize: open.PartSize})
	}
	return view, nil
}

// delete answers DELETE /uploads/{id}: nothing of it is left, and what arrives late is removed.
func (h *handlers) delete(ctx context.Context, request apigw.Request[apigw.None]) (none apigw.None, err error) {
	found, err := h.lookUp(ctx, request.Caller, request.Path["id"])
	if err != nil {
		return none, err
	}
	deleted, err := h.deletion.Delete(ctx, found.record)
	if err != nil {
		return none, err
	}
	if !deleted {
		return none, errNoUpload
	}
	h.record(ctx, "upload deleted", request)
	return none, nil
}

// usage answers GET /usage: how much the owner stores now, and its limits.
func (h *handlers) usage(ctx context.Context, request apigw.Request[apigw.None]) (api.Usage, error) {
	used, err := h.records.Usage(ctx, request.Caller.Owner)
	caller := request.Caller
	return api.Usage{Used: used.Bytes, Quota: caller.Quota, Files: used.Files, FileQuota: caller.FileQuota, MaxSize: caller.MaxSize}, err
}
