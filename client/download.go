package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"

	"github.com/minio/crc64nvme"

	"postern/api"
)

// A Download reads the bytes of an upload. When the connection is lost, it goes on by a further request. Read returns
// io.EOF only when the bytes are whole: as many as the upload has, and with its checksum if it has one.
type Download struct {
	// Header is the header of S3's answer. Its Content-Disposition (RFC 6266) has the file's name.
	Header http.Header

	ctx    context.Context
	client *Client
	upload api.Upload
	body   io.ReadCloser
	read   int64 // bytes
	digest hash.Hash
	lost   int // connections in a row that brought nothing
}

// Download begins to download an upload that is ready, which has to be as Get or List returned it. The Download has to
// be closed. It ends when ctx does.
func (c *Client) Download(ctx context.Context, upload api.Upload) (*Download, error) {
	d := &Download{ctx: ctx, client: c, upload: upload, digest: digestOf(upload)}
	if err := checkID(upload.ID); err != nil {
		return nil, err
	}
	var err error
	if d.Header, d.body, err = d.open(""); err != nil {
		return nil, err
	}
	return d, nil
}

// open asks for a URL and for the bytes from d.read on. etag is the object's, empty for the first request. The answer's
// body is left open.
func (d *Download) open(etag string) (header http.Header, body io.ReadCloser, err error) {
	var signed api.Download
	if _, err := d.client.do(d.ctx, call{method: http.MethodGet, path: "uploads/" + d.upload.ID + "/download"}, &signed); err != nil {
		return nil, nil, err
	}
	err = d.client.retry(d.ctx, func() error {
		request, err := newRequest(d.ctx, http.MethodGet, signed.URL, http.NoBody)
		if err != nil {
			return err
		}
		want, contentRange := http.StatusOK, ""
		if d.read > 0 {
			want, contentRange = http.StatusPartialContent, fmt.Sprintf("bytes %d-", d.read)
			request.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.read))
		}
		if etag != "" {
			request.Header.Set("If-Match", etag)
		}
		response, err := d.client.HTTP.Do(request)
		if err != nil {
			return &temporaryError{err: fmt.Errorf("calling %s: %w", request.URL.Host, withoutURL(err))}
		}
		if response.StatusCode != want || !strings.HasPrefix(response.Header.Get("Content-Range"), contentRange) {
			defer func() { _ = response.Body.Close() }()
			return ifTemporary(response, s3Refusal(response))
		}
		header, body = response.Header, response.Body
		return nil
	})
	return header, body, err
}

// Read reads the next bytes.
func (d *Download) Read(p []byte) (int, error) {
	for {
		n, err := d.body.Read(p)
		if int64(n) > d.upload.Size-d.read {
			return 0, fmt.Errorf("it has more than the upload's %d bytes", d.upload.Size)
		}
		d.read += int64(n)
		_, _ = d.digest.Write(p[:n]) // a hash takes everything
		if n > 0 {
			d.lost = 0
		}
		switch {
		case err == nil:
			return n, nil
		case err == io.EOF || d.read == d.upload.Size:
			return n, d.end()
		case d.ctx.Err() != nil:
			return n, d.ctx.Err()
		}
		if err := d.resume(withoutURL(err)); err != nil {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
	}
}

// resume goes on after the connection was lost for a cause.
func (d *Download) resume(cause error) error {
	failed := func(cause error) error {
		if errors.Is(cause, io.ErrUnexpectedEOF) {
			return fmt.Errorf("it ended after %d of %d bytes: try again", d.read, d.upload.Size)
		}
		return fmt.Errorf("it ended after %d of %d bytes: %w", d.read, d.upload.Size, cause)
	}
	if d.lost++; d.lost >= d.client.Attempts {
		return failed(cause)
	}
	if err := sleep(d.ctx, pause(d.lost)); err != nil {
		return err
	}
	etag := d.Header.Get("ETag")
	if strings.HasPrefix(etag, "W/") {
		etag = ""
	}
	_, rest, err := d.open(etag)
	if err != nil {
		return failed(err)
	}
	_ = d.body.Close()
	d.body = rest
	return nil
}

// end returns io.EOF, or what is wrong with the bytes.
func (d *Download) end() error {
	if d.read < d.upload.Size {
		return fmt.Errorf("it ended after %d of %d bytes: try again", d.read, d.upload.Size)
	}
	if sum := base64.StdEncoding.EncodeToString(d.digest.Sum(nil)); d.upload.Checksum != "" && d.upload.ChecksumAlgorithm != api.CRC64NVME && sum != d.upload.Checksum {
		return fmt.Errorf("its SHA-256 is %s and not %s, as was declared", sum, d.upload.Checksum)
	}
	return io.EOF
}

// digestOf returns what makes the checksum that an upload has.
func digestOf(upload api.Upload) hash.Hash {
	if upload.ChecksumAlgorithm == api.CRC64NVME {
		return crc64nvme.New()
	}
	return sha256.New()
}

// wrongChecksum returns the error of a file with another checksum than its upload.
func wrongChecksum(upload api.Upload, sum string) error {
	if upload.ChecksumAlgorithm == api.CRC64NVME {
		return fmt.Errorf("%w: its CRC64NVME is %s and not %s, as S3 has it", ErrDamaged, sum, upload.Checksum)
	}
	return fmt.Errorf("%w: its SHA-256 is %s and not %s, as was declared", ErrDamaged, sum, upload.Checksum)
}

// Close ends the download.
func (d *Download) Close() error { return d.body.Close() }
