package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"postern/local/demo/curl"
)

// The demo user of stage "local".
const (
	mail     = "demo@example.com"
	password = "demo-password"
)

// An upload is one run of the demo against an API.
type upload struct {
	api    string // base URL, with a slash at its end
	data   string // folder of the local run's data
	source string // path of the file to upload
	out    *log.Logger
}

// A form is the API's answer: a presigned POST, or an error.
type form struct {
	URL    string            `json:"url"`
	Fields map[string]string `json:"fields"`
	ID     string            `json:"id"`

	Message string `json:"message"`
	Code    string `json:"code"`
}

func (u upload) run(ctx context.Context) error {
	f, err := u.ask(ctx)
	if err != nil {
		return err
	}
	if err := u.post(ctx, f); err != nil {
		return err
	}
	if err := u.look(ctx, f); err != nil {
		return err
	}
	return u.show(f)
}

// ask gets a form for the file from the API.
func (u upload) ask(ctx context.Context) (form, error) {
	command := curl.Get(mail+":"+password, u.api+"presignedurl?mail="+mail+"&filename="+escape(filepath.Base(u.source)))
	u.out.Printf("Ask the API for a form:\n\n%s\n\n", command)
	answer, err := command.Run(ctx)
	if err != nil {
		return form{}, fmt.Errorf("asking the API for a form: %w", err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, answer, "", "  "); err != nil {
		return form{}, fmt.Errorf("the API's answer is not JSON: %.200q", answer)
	}
	u.out.Printf("%s\n\n", bytes.TrimSpace(indented.Bytes()))
	var f form
	if err := json.Unmarshal(answer, &f); err != nil {
		return form{}, fmt.Errorf("reading the API's answer: %w", err)
	}
	if f.URL == "" || f.Fields["key"] == "" {
		return form{}, fmt.Errorf("the API gives no form for %s: %s (%s)", u.source, f.Message, f.Code)
	}
	return f, nil
}

// escape encodes a value of a query: a space as %20, because a plus sign is read as one only by some servers.
func escape(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}

// post sends the file to the bucket with the form.
func (u upload) post(ctx context.Context, f form) error {
	command := curl.Upload(f.URL, f.Fields, u.source)
	u.out.Printf("Post the file with it, straight to the bucket:\n\n%s\n\n", command)
	output, err := command.Run(ctx)
	body, status := cutStatus(output)
	if status == "" || status == "000" {
		return fmt.Errorf("posting the file: %w", err)
	}
	if len(body) > 0 {
		u.out.Printf("%s", body)
	}
	u.out.Printf("%s\n\n", status)
	if status != "204" {
		return fmt.Errorf("S3 refuses the upload: %s", describe(status, body))
	}
	return nil
}

// How often, and how far apart, the API is asked whether the upload is inspected.
const (
	looks     = 50
	lookPause = 200 * time.Millisecond
)

// look asks the API what became of the upload, until it has been inspected.
func (u upload) look(ctx context.Context, f form) error {
	command := curl.Get(mail+":"+password, u.api+"uploads/"+f.ID)
	u.out.Printf("Ask what became of it:\n\n%s\n\n", command)
	type answered struct{ Status, Reason, Message, Code string }
	var record answered
	for range looks {
		answer, err := command.Run(ctx)
		if err != nil {
			return fmt.Errorf("asking for the upload: %w", err)
		}
		record = answered{}
		if err := json.Unmarshal(answer, &record); err != nil {
			return fmt.Errorf("the API's answer is not JSON: %.200q", answer)
		}
		if record.Status != "waiting" {
			u.out.Printf("%s\n\n", bytes.TrimSpace(answer))
			break
		}
		if err := pause(ctx, lookPause); err != nil {
			return err
		}
	}
	switch record.Status {
	case "ready":
		return nil
	case "rejected":
		return fmt.Errorf("the upload is rejected: %s", record.Reason)
	case "waiting":
		return fmt.Errorf("the upload is not inspected after %s", looks*lookPause)
	default:
		return fmt.Errorf("the API does not tell what became of the upload: %s (%s)", record.Message, record.Code)
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// cutStatus splits what curl.Upload writes into the response's body and its status.
func cutStatus(output []byte) (body []byte, status string) {
	output = bytes.TrimSpace(output)
	at := max(0, len(output)-3)
	return bytes.TrimSpace(output[:at]), string(output[at:])
}

// describe is a refusal in one line, with code and message of S3's error document if there is one.
func describe(status string, body []byte) string {
	var refusal struct{ Code, Message string }
	if err := xml.Unmarshal(body, &refusal); err != nil || refusal.Code == "" {
		return status
	}
	return fmt.Sprintf("%s %s: %s", status, refusal.Code, refusal.Message)
}

// show says where the bytes lie and compares them with the source. A local run that was started with another DATA
// keeps them elsewhere: then it names bucket and key alone.
func (u upload) show(f form) error {
	bucket, err := bucketOf(f.URL)
	if err != nil {
		return err
	}
	where := filepath.Join(u.data, "s3", bucket, filepath.FromSlash(f.Fields["key"]))
	stored, err := digestOf(where)
	if errors.Is(err, os.ErrNotExist) {
		u.out.Printf("204: the %s is in the bucket %s: %s\n", kind(f), bucket, f.Fields["key"])
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading what was stored: %w", err)
	}
	sent, err := digestOf(u.source)
	if err != nil {
		return fmt.Errorf("reading FILE: %w", err)
	}
	if stored != sent {
		return fmt.Errorf("what was stored differs: %s has %s, %s has %s", where, stored, u.source, sent)
	}
	u.out.Printf("%s, the same as %s\n", stored, u.source)
	u.out.Printf("204: the %s is in the bucket: %s\n", kind(f), where)
	return nil
}

// bucketOf is the bucket's name in a path-style address.
func bucketOf(address string) (string, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("reading the form's address: %w", err)
	}
	return path.Base(parsed.Path), nil
}

// kind is what was uploaded, in a word.
func kind(f form) string {
	if strings.HasPrefix(f.Fields["content-type"], "video/") {
		return "video"
	}
	return "file"
}
