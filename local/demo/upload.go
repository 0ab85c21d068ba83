package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"postern/api"
	"postern/client"
)

// The demo user of stage "local".
const (
	mail     = "demo@example.com"
	password = "demo-password"
)

// patience is how long an inspection may take.
const patience = 10 * time.Second

// An upload is one run of the demo.
type upload struct {
	client *client.Client
	api    string // base URL, with a slash at its end
	data   string // folder of the local run's data
	file   *os.File
	size   int64
	out    io.Writer
}

func (u upload) run(ctx context.Context) error {
	filename := filepath.Base(u.file.Name())
	request := api.UploadRequest{Filename: filename, Size: u.size}
	declare, err := u.declare(request)
	if err != nil {
		return err
	}
	u.step("Declare the file to the API:", declare)
	grant, err := u.client.Grant(ctx, request)
	if err != nil {
		return fmt.Errorf("declaring %s to the API: %w", filename, err)
	}
	if err := u.printJSON(grant); err != nil {
		return err
	}

	u.step("Send it, straight to the bucket:", u.put(grant))
	if err := u.client.Send(ctx, grant, u.file, u.size); err != nil {
		return err
	}
	u.print("200\n\n")

	u.step("Ask what became of it:", u.ask("uploads/"+grant.ID))
	record, err := u.await(ctx, grant.ID)
	if err != nil {
		return err
	}
	if err := u.printJSON(record); err != nil {
		return err
	}

	u.step("Ask for a URL that downloads it:", u.ask("uploads/"+grant.ID+"/download"))
	if err := u.compare(ctx, record.Upload); err != nil {
		return err
	}
	kind, _, _ := strings.Cut(record.Type, "/")
	if kind != "video" {
		kind = "file"
	}
	u.print("200: the %s is in the bucket: %s\n", kind, u.where(grant))
	return nil
}

// await waits until the upload is ready.
func (u upload) await(ctx context.Context, id string) (client.Upload, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	record, err := u.client.Await(ctx, id)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return record, fmt.Errorf("the upload is not inspected after %s", patience)
	case err != nil:
		return record, fmt.Errorf("asking for the upload: %w", err)
	case record.Status == api.StatusRejected:
		return record, fmt.Errorf("the upload is rejected: %s", record.Reason)
	}
	return record, nil
}

// compare downloads the upload and compares it with the file.
func (u upload) compare(ctx context.Context, record api.Upload) error {
	download, err := u.client.Download(ctx, record)
	if err != nil {
		return fmt.Errorf("downloading: %w", err)
	}
	defer func() { _ = download.Close() }()
	stored, sent := sha256.New(), sha256.New()
	if _, err := io.Copy(stored, download); err != nil {
		return fmt.Errorf("downloading: %w", err)
	}
	if _, err := io.Copy(sent, u.file); err != nil {
		return fmt.Errorf("reading FILE: %w", err)
	}
	if !bytes.Equal(stored.Sum(nil), sent.Sum(nil)) {
		return fmt.Errorf("what was stored differs: its SHA-256 is %x, that of FILE %x", stored.Sum(nil), sent.Sum(nil))
	}
	u.print("%d bytes, SHA-256 %x, the same as %s\n", record.Size, stored.Sum(nil), u.file.Name())
	return nil
}

// where returns where the local run keeps what was uploaded: objects are plain files.
func (u upload) where(grant api.UploadGrant) string {
	object := "unknown/" + grant.Key
	if at, err := url.Parse(grant.URL); err == nil {
		object = at.Path // bucket and key
	}
	return filepath.Join(u.data, "s3", filepath.FromSlash(object))
}

func (u upload) print(format string, args ...any) {
	_, _ = fmt.Fprintf(u.out, format, args...)
}

// step says what is done next, and prints the curl command that does the same.
func (u upload) step(what string, command curl) {
	u.print("%s\n\n%s\n\n", what, command)
}

func (u upload) printJSON(value any) error {
	encoder := json.NewEncoder(u.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	u.print("\n")
	return err
}
