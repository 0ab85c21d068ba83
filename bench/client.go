package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// The demo user of stage "local".
const (
	demoMail     = "demo@example.com"
	demoPassword = "demo-password"
)

// A client calls a local run as the demo user. Its connections are kept open.
type client struct {
	api  string
	http http.Client
}

func newClient(run *localRun) *client {
	return &client{api: run.api, http: http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Minute}}
}

// A form is the answer of GET presignedurl.
type form struct {
	URL    string            `json:"url"`
	Fields map[string]string `json:"fields"`
	ID     string            `json:"id"`
}

// presignedURL gets a form for a video.
func (c *client) presignedURL(ctx context.Context) (form, error) {
	body, err := c.get(ctx, "presignedurl?mail="+url.QueryEscape(demoMail), true)
	if err != nil {
		return form{}, err
	}
	var f form
	if err := json.Unmarshal(body, &f); err != nil || f.URL == "" {
		return form{}, fmt.Errorf("presignedurl answers %.300q, want a form", body)
	}
	return f, nil
}

// health calls the route that no function answers.
func (c *client) health(ctx context.Context) error {
	_, err := c.get(ctx, "health", false)
	return err
}

func (c *client) get(ctx context.Context, path string, authorized bool) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.api+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	if authorized {
		req.SetBasicAuth(demoMail, demoPassword)
	}
	return c.send(req, http.StatusOK)
}

// send returns the body of an answer, which has to have a status.
func (c *client) send(req *http.Request, status int) ([]byte, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != status {
		return nil, fmt.Errorf("%s %s: got %d %.300q, want %d", req.Method, req.URL.Path, resp.StatusCode, body, status)
	}
	return body, nil
}

// upload posts a file of zeros, streamed, with a form.
func (c *client) upload(ctx context.Context, f form, size int64) error {
	return c.post(ctx, f, io.LimitReader(zeros{}, size), size)
}

// uploadContent posts a file with a form.
func (c *client) uploadContent(ctx context.Context, f form, content []byte) error {
	return c.post(ctx, f, bytes.NewReader(content), int64(len(content)))
}

func (c *client) post(ctx context.Context, f form, file io.Reader, size int64) error {
	var around bytes.Buffer
	w := multipart.NewWriter(&around)
	for _, name := range slices.Sorted(maps.Keys(f.Fields)) {
		_ = w.WriteField(name, f.Fields[name]) // a buffer takes everything
	}
	_, _ = w.CreateFormFile("file", "bench.mp4")
	head := around.Len()
	_ = w.Close()
	whole := around.Bytes()

	body := io.MultiReader(bytes.NewReader(whole[:head]), file, bytes.NewReader(whole[head:]))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.URL, body)
	if err != nil {
		return err
	}
	req.ContentLength = int64(len(whole)) + size
	req.Header.Set("Content-Type", w.FormDataContentType())
	_, err = c.send(req, http.StatusNoContent)
	return err
}

// Zeros is an endless file of zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
