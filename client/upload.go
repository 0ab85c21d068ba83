package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"postern/api"
)

const (
	// DefaultConcurrency is how many parts of a file are sent at once.
	DefaultConcurrency = 4
	// multipartAbove is the size from which on a file is sent in parts, so that little is sent again after a fault.
	multipartAbove = 64 << 20
	// maxRenewals is how often a request is signed anew that S3 says has expired, one after the other.
	maxRenewals = 3
)

// UploadOptions say how a file is uploaded.
type UploadOptions struct {
	// Request declares the file. If Size is 0 and the file has a method Stat, as an *os.File, it is the file's. If Via is
	// nil, a file of more than 64 MiB is sent in parts.
	Request api.UploadRequest
	// Grant is the answer to Request if it was granted already. It is for a single request, not for a multipart upload.
	Grant *api.UploadGrant
	// Concurrency is how many parts are sent at once. Default: DefaultConcurrency.
	Concurrency int
	// Resume goes on with an upload that has begun earlier. Nothing that S3 has of it is sent again. Default: a new one.
	Resume *State
	// Save is called when the state has changed, so that the upload can go on later even if this process ends. The first
	// call is before anything is sent. An error of it ends the upload. It may be nil.
	Save func(State) error
	// Progress is called when the number of bytes that were sent has changed. It may fall, when a part has to be sent again,
	// and begins at what S3 had already. Calls come from several goroutines, one at a time. It may be nil.
	Progress func(sent int64)
}

// A State is what has to be known to go on with an upload. Its ID alone is enough.
type State struct {
	// ID names the upload.
	ID string `json:"id"`
	// UploadID is the multipart upload's. If empty, the API is asked for it.
	UploadID string `json:"uploadId,omitempty"`
	// PartSize is the size of each part but the last, in bytes. If 0, it follows from the parts that S3 has.
	PartSize int64 `json:"partSize,omitempty"`
}

var (
	// ErrGone says that nothing is left of an upload that was to be resumed: it never began, was deleted, or was abandoned
	// for longer than the stage keeps it. The file has to be uploaded anew.
	ErrGone = errors.New("nothing is left of the upload to go on with: upload the file anew")
	// ErrChanged says that the file is not the one that the upload began with, or was changed while it was read.
	ErrChanged = errors.New("the file has changed")
)

// Upload declares a file and sends it: in one request or, if it is large, in parts. It returns the upload's id, also with
// an error once there is one. When it returns without an error, S3 has stored the file; Await tells whether it is ready.
//
// It reads parts as it sends them, so that its memory doesn't grow with the file. It returns an *S3Error when S3 refuses
// the file, and an error with ErrChanged when the file's size or time is another at the end than at the beginning.
func (c *Client) Upload(ctx context.Context, file io.ReaderAt, options UploadOptions) (id string, err error) {
	size, check, err := inspectFile(file, options.Request.Size)
	if err != nil {
		return "", err
	}
	options.Request.Size = size
	u := &upload{
		client: c, options: options, size: size, check: check, progress: newMeter(options.Progress),
		content: func(offset, length int64) (io.ReaderAt, func(), error) {
			return io.NewSectionReader(file, offset, length), func() {}, nil
		},
		local: file,
	}
	err = u.run(ctx, file)
	return u.state.ID, err
}

// A upload is a file on its way.
type upload struct {
	client   *Client
	options  UploadOptions
	size     int64 // bytes
	state    State
	check    func() error // of whether the file has changed
	progress *meter
	// content returns a piece of the file, which can be read until it is released. It is called in the order of the file,
	// by one goroutine.
	content func(offset, length int64) (piece io.ReaderAt, release func(), err error)
	// local is the file, if it can be read again. It is nil for a stream.
	local io.ReaderAt

	parts []part // by number, from 1 on
}

// run uploads the file. whole is all of it, or nil if it must be sent in parts.
func (u *upload) run(ctx context.Context, whole io.ReaderAt) error {
	if u.options.Resume != nil {
		u.state = *u.options.Resume
		return u.resume(ctx)
	}
	request := u.options.Request
	if via := api.ViaMultipart; request.Via == nil && (whole == nil || u.size > multipartAbove) {
		request.Via = &via
	}
	for renewals := 0; ; renewals++ {
		grant, err := u.grant(ctx, request, renewals)
		if err != nil {
			return err
		}
		u.state.ID = grant.ID
		if grant.Method == api.MethodMultipart {
			return u.begin(ctx, grant)
		}
		if whole == nil {
			return fmt.Errorf("sending the file: grants with method %q are not supported for a stream", grant.Method)
		}
		err = u.client.sendWhole(ctx, grant, transfer{length: u.size, sent: u.progress.add, check: u.check}, whole)
		if !isExpired(err) || renewals == maxRenewals {
			return err
		}
	}
}

// grant returns the grant that there is, or a new one. A grant that has expired unused is replaced.
func (u *upload) grant(ctx context.Context, request api.UploadRequest, renewals int) (api.UploadGrant, error) {
	if u.options.Grant != nil && renewals == 0 {
		return *u.options.Grant, nil
	}
	grant, err := u.client.Grant(ctx, request)
	if err != nil {
		return grant, fmt.Errorf("asking for a grant: %w", err)
	}
	return grant, checkID(grant.ID)
}

// begin creates the multipart upload that a grant plans, and sends the parts.
func (u *upload) begin(ctx context.Context, grant api.UploadGrant) error {
	if grant.Create == nil || grant.PartSize < 1 {
		return errors.New("asking for a grant: the API answers a plan without its first request")
	}
	u.state.PartSize = grant.PartSize
	if err := u.save(); err != nil {
		return err
	}
	if err := u.create(ctx, *grant.Create); err != nil {
		return fmt.Errorf("creating the multipart upload: %w", err)
	}
	if err := u.save(); err != nil {
		return err
	}
	u.parts = make([]part, partCount(u.size, u.state.PartSize))
	return u.finish(ctx)
}

// create creates the multipart upload. One whose answer was lost stays empty, and the stage's life cycle rule ends it.
func (u *upload) create(ctx context.Context, signed api.SignedRequest) error {
	return u.client.retry(ctx, func() error {
		answer, err := u.client.attemptTransfer(ctx, transfer{method: signed.Method, address: signed.URL, header: headers(signed.Headers)})
		if err != nil {
			return err
		}
		var result initiateResult
		if err := decodeXML(answer.content, &result); err != nil {
			return ifTemporaryCode(err)
		}
		if result.UploadID == "" {
			return errors.New("S3 answers without an UploadId")
		}
		u.state.UploadID = result.UploadID
		return nil
	})
}

// finish sends the parts that S3 has not, and completes the upload.
func (u *upload) finish(ctx context.Context) error {
	if err := u.sendParts(ctx); err != nil {
		return u.ifGone(ctx, err)
	}
	if u.check != nil {
		if err := u.check(); err != nil {
			return err
		}
	}
	if err := u.complete(ctx); err != nil {
		return fmt.Errorf("completing the upload: %w", err)
	}
	return nil
}

// ifGone looks what became of the upload if err says that S3 no longer has it, or has its object. It returns nil if it was
// completed, by an attempt whose answer was lost or by another process. Any other err it returns.
func (u *upload) ifGone(ctx context.Context, err error) error {
	if !hasCode(err, "NoSuchUpload", "PreconditionFailed") {
		return err
	}
	arrived, lookErr := u.hasArrived(ctx)
	switch {
	case lookErr != nil:
		return lookErr
	case arrived:
		return nil
	}
	return fmt.Errorf("%w (%w)", ErrGone, err)
}

// hasArrived reports whether S3 has stored the file. It returns an error if what it has stored is not of the file's size.
func (u *upload) hasArrived(ctx context.Context) (bool, error) {
	found, err := u.client.Get(ctx, u.state.ID)
	if failure, ok := errors.AsType[*Error](err); ok && failure.Status == http.StatusNotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("asking for the upload: %w", err)
	}
	return u.isStored(found)
}

func (u *upload) isStored(found Upload) (bool, error) {
	if found.Status == api.StatusWaiting && found.Size == 0 {
		return false, nil
	}
	if found.Size != u.size && found.Reason == "" {
		return false, fmt.Errorf("%w: upload %s has %d bytes, the file %d", ErrChanged, found.ID, found.Size, u.size)
	}
	return true, nil
}

func (u *upload) save() error {
	if u.options.Save == nil {
		return nil
	}
	if err := u.options.Save(u.state); err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	return nil
}

// inspectFile returns a file's size in bytes, and a function that returns ErrChanged once its size or time is another. Only
// a file with a method Stat can be asked; of others, size is what was declared and check is nil.
func inspectFile(file io.ReaderAt, declared int64) (size int64, check func() error, err error) {
	asked, ok := file.(interface{ Stat() (fs.FileInfo, error) })
	if !ok {
		return declared, nil, nil
	}
	info, err := asked.Stat()
	if err != nil {
		return 0, nil, fmt.Errorf("reading the file: %w", err)
	}
	if declared != 0 && declared != info.Size() {
		return 0, nil, fmt.Errorf("%w: it has %d bytes, and was declared with %d", ErrChanged, info.Size(), declared)
	}
	return info.Size(), func() error {
		now, err := asked.Stat()
		if err != nil {
			return fmt.Errorf("reading the file: %w", err)
		}
		if now.Size() != info.Size() || !now.ModTime().Equal(info.ModTime()) {
			return fmt.Errorf("%w while it was read: it had %d bytes of %s, and has %d of %s", ErrChanged,
				info.Size(), formatTime(info.ModTime()), now.Size(), formatTime(now.ModTime()))
		}
		return nil
	}, nil
}

func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// A meter adds up what was sent.
type meter struct {
	show func(int64)

	mutex sync.Mutex
	sent  int64 // bytes
}

func newMeter(show func(int64)) *meter {
	if show == nil {
		show = func(int64) {}
	}
	return &meter{show: show}
}

func (m *meter) add(bytes int64) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.sent += bytes
	m.show(m.sent)
}
