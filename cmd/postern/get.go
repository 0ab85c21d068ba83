package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// toStdout is the output that is no file.
const toStdout = "-"

type getUpload struct {
	caller
	identified
	Output string `short:"o" placeholder:"FILE" help:"File to write, or - for stdout. Default: the file's own name, in this folder."`
	Force  bool   `help:"Write over a file that exists."`
}

// Help is the long text of --help.
func (getUpload) Help() string {
	return `The file is written to FILE.part, which becomes FILE when it is whole: of the size that the upload has, and with its
checksum if it was declared.

` + callerHelp
}

// Run downloads an upload that is ready.
func (c getUpload) Run(ctx context.Context, at location, console console) error {
	if _, ok := terminalOf(console.out); ok && c.Output == toStdout && !c.Force {
		return usageError("stdout is a terminal: name a file with --output, pipe it on, or insist with --force")
	}
	api, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	u, err := api.upload(ctx, c.ID)
	if err != nil {
		return err
	}
	response, err := api.download(ctx, u)
	if err != nil {
		return fmt.Errorf("downloading upload %s: %w", u.ID, err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := c.keep(ctx, console, u, response); err != nil {
		return fmt.Errorf("downloading upload %s: %w", u.ID, err)
	}
	return nil
}

// keep writes what is downloaded to where it belongs.
func (c getUpload) keep(ctx context.Context, console console, u upload, response *http.Response) error {
	if c.Output == toStdout {
		return console.receive(ctx, console.out, u, response.Body)
	}
	name := c.Output
	if name == "" {
		name = nameOf(response.Header.Get("Content-Disposition"), u.ID)
	}
	err := save(name, c.Force, func(out io.Writer) error { return console.receive(ctx, out, u, response.Body) })
	if err != nil {
		return err
	}
	checked := "no checksum was declared"
	if u.Checksum != "" {
		checked = "its checksum is right"
	}
	return console.printf("saved %s: %s, %s\n", name, about(u.Size), checked)
}

// download begins to download an upload by a signed URL, which it asks the API for. The answer's body is the file.
func (a api) download(ctx context.Context, u upload) (*http.Response, error) {
	var signed struct {
		URL string `json:"url"`
	}
	if err := a.do(ctx, call{method: http.MethodGet, path: u.ID.path() + "/download"}, &signed); err != nil {
		return nil, err
	}
	address, err := url.Parse(signed.URL)
	if err != nil || !isPrivate(address) {
		return nil, fmt.Errorf("%s answers with something else than a URL of https", a.base.Host)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, signed.URL, nil)
	if err != nil {
		return nil, withoutURL(err)
	}
	response, err := newClient(downloadTimeout).Do(request)
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", address.Host, withoutURL(err))
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, fmt.Errorf("%s answers %s", address.Host, statusOf(response))
	}
	return response, nil
}

// receive copies an upload's bytes and holds them to its size and checksum.
func (c console) receive(ctx context.Context, out io.Writer, u upload, in io.Reader) error {
	in, done := c.watched(in, u.Size)
	defer done()
	digest := sha256.New()
	// One byte more tells that there is more.
	n, err := io.Copy(io.MultiWriter(out, digest), io.LimitReader(in, u.Size+1))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, io.ErrUnexpectedEOF) || err == nil && n < u.Size:
		return fmt.Errorf("it ended after %d of %d bytes: try again", n, u.Size)
	case err != nil:
		return withoutURL(err)
	case n > u.Size:
		return fmt.Errorf("it has more than the upload's %d bytes", u.Size)
	}
	if sum := base64.StdEncoding.EncodeToString(digest.Sum(nil)); u.Checksum != "" && sum != u.Checksum {
		return fmt.Errorf("its SHA-256 is %s and not %s, as was declared: nothing is kept", sum, printable(u.Checksum))
	}
	return nil
}
