package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"postern/api"
	"postern/client"
)

// doctorCommand looks from a client's side whether a stage can be used, and says what mends what cannot.
type doctorCommand struct {
	caller
	Origin   []string      `sep:"none" placeholder:"ORIGIN" help:"Origin of a web page that uploads, such as https://app.example.com. Once for each. Default: pages are not tried."`
	Filename string        `default:"doctor.txt" placeholder:"NAME" help:"Name of the files of one byte that are sent: one of a format that the stage takes. Default: ${default}."`
	Patience time.Duration `default:"30s" help:"How long a check may take. Default: ${default}."`
}

// Help is the long text of --help.
func (doctorCommand) Help() string {
	return `Tries from this machine what a program or a page does: reaches the API, compares the clocks, signs in, has one byte signed and
sent by a form, a PUT and in parts, waits for the verdict, downloads and deletes. For each --origin it asks API and bucket
what a browser asks for a page of this origin. Each check is a line, and one that fails says what mends it. It ends with
1 if a check fails. What it has uploaded is deleted. It needs a caller's credentials, and none of AWS.

` + callerHelp
}

// Validate refuses what is no origin.
func (c doctorCommand) Validate() error {
	for _, origin := range c.Origin {
		parsed, err := url.Parse(origin)
		if err != nil || parsed.Scheme == "" || parsed.Host == "" || origin != parsed.Scheme+"://"+parsed.Host {
			return fmt.Errorf("--origin is %q: must be as a browser sends it, without a path or a slash at its end, such as https://app.example.com", origin)
		}
	}
	return nil
}

// Run makes the checks, and deletes what they have uploaded.
func (c doctorCommand) Run(ctx context.Context, at location, console console) (err error) {
	remote, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	remote.Attempts = 1 // what fails now and then is to be seen
	d := &doctor{doctorCommand: c, api: remote, console: console, seen: &witness{next: remote.HTTP.Transport}}
	remote.HTTP.Transport = d.seen
	defer func() { err = errors.Join(err, d.cleanUp(ctx)) }()
	for _, check := range d.checks() {
		if err := d.make(ctx, check); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if len(c.Origin) == 0 {
		if err := console.printf("skipped  pages: name the origin of each with --origin\n"); err != nil {
			return err
		}
	}
	if d.failed > 0 {
		return fmt.Errorf("%d of %d checks fail", d.failed, d.made)
	}
	return nil
}

// A doctor is one run of the command.
type doctor struct {
	doctorCommand
	api     *client.Client
	console console
	seen    *witness

	put    api.UploadGrant // of what is sent by a PUT
	plan   api.UploadGrant // of a multipart upload, for its headers alone
	ids    []string        // of uploads, to be deleted
	stored []string        // of uploads whose byte S3 has
	ready  string          // of one that can be downloaded

	made, failed int
}

// A check is a thing that a client needs.
type check struct {
	name string
	do   func(context.Context) error
	// needs says what the check works on. It is skipped where that is false. It may be nil.
	needs func() bool
}

// make makes a check in the time that it has, and prints what came of it.
func (d *doctor) make(ctx context.Context, check check) error {
	if check.needs != nil && !check.needs() {
		return d.console.printf("skipped  %s\n", check.name)
	}
	if ctx.Err() != nil {
		return nil
	}
	inTime, cancel := context.WithTimeout(ctx, d.Patience)
	defer cancel()
	err := check.do(inTime)
	d.made++
	if err == nil {
		return d.console.printf("ok       %s\n", check.name)
	}
	d.failed++
	if inTime.Err() != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("not done after %s: is a proxy or a firewall in between?", d.Patience)
	}
	return d.console.printf("FAILED   %s: %s\n", check.name, printable(err.Error()))
}

// cleanUp deletes what was uploaded, although ctx may be done. A rejected upload is deleted like a ready one.
func (d *doctor) cleanUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
	defer cancel()
	var errs []error
	for _, id := range d.ids {
		err := d.api.Delete(ctx, id)
		if refusal, ok := errors.AsType[*client.Error](err); ok && refusal.Status == http.StatusNotFound {
			err = nil // its byte never arrived
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("upload %s of one byte is left: %w: delete it with postern rm %s", id, err, id))
		}
	}
	return errors.Join(errs...)
}

// grant notes an upload, so that it is deleted whatever happens.
func (d *doctor) grant(id string) { d.ids = append(d.ids, id) }

// request declares the file of one byte.
func (d *doctor) request(via string) api.UploadRequest {
	return api.UploadRequest{Filename: d.Filename, Size: 1, Via: &via}
}

// region returns the region in a signed URL's credential.
// Source: Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".
func region(signed *url.URL) string {
	parts := strings.Split(signed.Query().Get("X-Amz-Credential"), "/")
	if len(parts) != 5 {
		return ""
	}
	return parts[2]
}
