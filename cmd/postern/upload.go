package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/time/rate"

	"postern/api"
	"postern/client"
)

// patience is how often a request of an upload or a download is tried that takes long: a server may be gone for a minute.
const patience = 30

type uploadFiles struct {
	caller
	Files       []string `arg:"" name:"file" help:"Files, folders (with all that is in them) or patterns such as 'clips/*.mp4'. - is stdin."`
	Resume      uploadID `placeholder:"ID" help:"Go on with this upload of the one file, wherever it began. Default: what the same command began on this machine."`
	Restart     bool     `help:"Begin anew, whatever was begun earlier."`
	Name        string   `placeholder:"NAME" help:"File name to declare, whose extension chooses the format. Needed for -. Default: the file's own."`
	Title       *string  `placeholder:"TITLE" help:"Title for people, at most 300 characters."`
	Context     *string  `placeholder:"CONTEXT" help:"What the application knows the upload by, at most 256 bytes. Needs role service."`
	Label       []string `sep:"none" placeholder:"LABEL" help:"Label, one of at most 20. Once for each. Waits until the upload is inspected."`
	Size        *size    `placeholder:"SIZE" help:"How much stdin holds. It is sent as it comes then. Default: stdin is saved to a temporary file first."`
	Concurrency int      `default:"4" placeholder:"N" help:"How many parts of a file are sent at once, and four times as many small files. Default: ${default}."`
	PartSize    *size    `placeholder:"SIZE" help:"Size of the parts of a large file, 5 MiB to 5 GiB. Default: the API's, 16 MiB for most."`
	LimitRate   *size    `placeholder:"SIZE" help:"How much is sent a second at most, such as \"10 MiB\". Default: no limit."`
	Wait        bool     `help:"Wait until each upload is ready. Ends with 3 when one is rejected."`
	JSON        bool     `name:"json" help:"Print a JSON object a line for each file: file, id, size, status, reason, error."`
}

// Help is the long text of --help.
func (uploadFiles) Help() string {
	return `Files of more than 64 MiB are sent in parts, several at once. When such an upload is interrupted, or its machine dies, the same
command goes on with it and sends nothing again that S3 has; --resume does so on another machine. A file that has changed
meanwhile is refused. In folders, hidden files and links to folders are left out.

` + callerHelp
}

// Validate refuses flags that do not fit together.
func (c uploadFiles) Validate() error {
	one := len(c.Files) == 1
	switch {
	case !one && (c.Resume != "" || c.Title != nil || c.Name != ""):
		return errors.New("--resume, --title and --name are for one file")
	case slices.Contains(c.Files, stdin) && !one:
		return errors.New("- (stdin) stands alone")
	case slices.Contains(c.Files, stdin) && c.Name == "":
		return errors.New("stdin has no name: give --name, whose extension chooses the format")
	case slices.Contains(c.Files, stdin) && c.Resume != "":
		return errors.New("stdin cannot be resumed: save it to a file first")
	case c.Size != nil && !slices.Contains(c.Files, stdin):
		return errors.New("--size is for - (stdin) alone")
	case c.Size != nil && *c.Size < 1:
		return errors.New("--size is less than 1: must be what stdin holds")
	case c.Restart && c.Resume != "":
		return errors.New("--restart and --resume exclude each other")
	case c.Concurrency < 1 || c.Concurrency > 64:
		return errors.New("--concurrency must be 1 to 64")
	case c.PartSize != nil && (int64(*c.PartSize) < api.MinPart || int64(*c.PartSize) > api.MaxPart):
		return fmt.Errorf("--part-size must be %s to %s", api.FormatSize(api.MinPart), api.FormatSize(api.MaxPart))
	case c.LimitRate != nil && *c.LimitRate < 1:
		return errors.New("--limit-rate is less than 1: must be bytes a second, such as \"10 MiB\"")
	}
	return nil
}

// Run uploads files. One that fails does not keep the others from being uploaded.
func (c uploadFiles) Run(ctx context.Context, at location, console console) error {
	fromStdin := c.Files[0] == stdin
	var files []localFile
	if !fromStdin {
		files = findFiles(c.Files)
	}
	asking := console
	if fromStdin {
		asking.in = nil
	}
	remote, err := c.open(ctx, at, asking)
	if err != nil {
		return err
	}
	remote.Attempts = patience
	u := &uploading{uploadFiles: c, api: remote, account: c.account(remote), report: newReport(console, c.JSON, files)}
	if c.LimitRate != nil {
		u.limit = rate.NewLimiter(rate.Limit(*c.LimitRate), limitBurst)
	}
	defer u.report.end()
	if fromStdin {
		u.stdin(ctx, console.in)
	} else {
		u.files(ctx, files)
	}
	return u.report.result(ctx)
}

// account names who uploads where, so that the states of different callers are apart.
func (c caller) account(remote *client.Client) string {
	user := ""
	if c.User != nil {
		user = string(c.User.Mail)
	}
	account := remote.Host() + " " + user + " " + remote.Mail
	if remote.Subject != "" {
		account += "subject:" + remote.Subject // no mail has a colon
	}
	return account
}

// An uploading is a run of the command.
type uploading struct {
	uploadFiles
	api     *client.Client
	account string
	report  *report
	limit   *rate.Limiter // nil: none
}

// request declares a file.
func (u *uploading) request(name string, size int64) api.UploadRequest {
	request := api.UploadRequest{Filename: name, Size: size, Title: u.Title, Context: u.Context}
	if u.Name != "" {
		request.Filename = u.Name
	}
	if u.PartSize != nil {
		bytes, via := int64(*u.PartSize), api.ViaMultipart
		if size > bytes {
			request.PartSize, request.Via = &bytes, &via
		}
	}
	return request
}

// stdin uploads what comes from stdin: as it comes if its size is known.
func (u *uploading) stdin(ctx context.Context, in io.Reader) {
	file := localFile{path: stdin, name: u.Name}
	in = interruptible{ctx, in}
	if u.Size == nil {
		spooled, err := spool(in)
		if err != nil {
			u.report.failed(ctx, file, "", err)
			return
		}
		defer func() { _, _ = spooled.Close(), os.Remove(spooled.Name()) }()
		file.path = spooled.Name()
		id, err := u.api.Upload(ctx, limited{spooled, ctx, u.limit}, client.UploadOptions{
			Request: u.request(u.Name, 0), Concurrency: u.Concurrency, Progress: u.report.progress(file),
		})
		file.path = stdin
		u.finish(ctx, file, id, err)
		return
	}
	file.size = int64(*u.Size)
	u.report.expect(file.size)
	id, err := u.api.UploadStream(ctx, limitedReader{in, ctx, u.limit}, client.UploadOptions{
		Request: u.request(u.Name, file.size), Concurrency: u.Concurrency, Progress: u.report.progress(file),
	})
	u.finish(ctx, file, id, err)
}

// spool saves a stream to a temporary file that only this user can read.
func spool(in io.Reader) (*os.File, error) {
	file, err := os.CreateTemp("", "postern-")
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(file, in); err != nil {
		_, _ = file.Close(), os.Remove(file.Name())
		return nil, fmt.Errorf("saving stdin to a temporary file (TMPDIR says where): %w", err)
	}
	return file, nil
}

// finish waits for the verdict if that is asked for, gives the upload its labels, and reports how it ended.
func (u *uploading) finish(ctx context.Context, file localFile, id string, err error) {
	if err != nil {
		u.report.failed(ctx, file, id, err)
		return
	}
	found := client.Upload{Upload: api.Upload{ID: id, Status: api.StatusWaiting, Size: file.size}}
	if u.Wait || u.Label != nil {
		if found, err = u.api.Await(ctx, id); err != nil {
			u.report.failed(ctx, file, id, fmt.Errorf("it is stored, but asking for its verdict failed: %w", err))
			return
		}
	}
	if u.Label != nil && found.Status == api.StatusReady {
		if _, err := u.api.Patch(ctx, id, api.UploadPatch{Labels: &u.Label}, client.AnyVersion); err != nil {
			u.report.failed(ctx, file, id, fmt.Errorf("it is stored, but giving it its labels failed: %w", err))
			return
		}
	}
	u.report.done(file, found)
}

// An interruptible reader returns when its context ends, even if the read does not.
type interruptible struct {
	ctx context.Context
	in  io.Reader
}

// Read reads the next bytes.
func (r interruptible) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	read := make(chan result, 1)
	buffer := make([]byte, min(len(p), 1<<20))
	go func() {
		n, err := r.in.Read(buffer)
		read <- result{n, err}
	}()
	select {
	case got := <-read:
		return copy(p, buffer[:got.n]), got.err
	case <-r.ctx.Done():
		return 0, context.Cause(r.ctx)
	}
}

// limitBurst is how many bytes a rate limit lets through at once.
const limitBurst = 256 << 10

// A limited file is read no faster than a limit allows.
type limited struct {
	*os.File
	ctx   context.Context
	limit *rate.Limiter
}

// ReadAt reads bytes.
func (l limited) ReadAt(p []byte, offset int64) (int, error) {
	if l.limit == nil {
		return l.File.ReadAt(p, offset)
	}
	p = p[:min(len(p), limitBurst)]
	n, err := l.File.ReadAt(p, offset)
	return n, errors.Join(l.limit.WaitN(l.ctx, n), err)
}

// A limitedReader is read no faster than a limit allows.
type limitedReader struct {
	io.Reader
	ctx   context.Context
	limit *rate.Limiter
}

// Read reads the next bytes.
func (l limitedReader) Read(p []byte) (int, error) {
	if l.limit == nil {
		return l.Reader.Read(p)
	}
	n, err := l.Reader.Read(p[:min(len(p), limitBurst)])
	if waited := l.limit.WaitN(l.ctx, n); waited != nil {
		return n, waited
	}
	return n, err
}
