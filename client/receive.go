package client

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/minio/crc64nvme"

	"postern/api"
)

const (
	leastPiece = 16 << 20 // bytes
	maxPieces  = 1000
)

// ErrDamaged says that a file that was downloaded is not what was uploaded.
var ErrDamaged = errors.New("the file is damaged")

// ReceiveOptions say how an upload is downloaded into a file.
type ReceiveOptions struct {
	// Concurrency is how many pieces are received at once. Default: DefaultConcurrency.
	Concurrency int
	// Resume goes on with a download that has begun earlier into the same file. What is whole in the file is not received
	// again; it is read to see whether it is. Default: nothing is there.
	Resume *ReceiveState
	// Save is called with each further piece that is in the file. It may be nil.
	Save func(ReceiveState) error
	// Progress is called when the number of bytes that were received has changed, as UploadOptions has it. It may be nil.
	Progress func(received int64)
}

// A ReceiveState is what has to be known to go on with a download.
type ReceiveState struct {
	// ID and Size are the upload's.
	ID   string `json:"id"`
	Size int64  `json:"size"`
	// ETag is the object's.
	ETag string `json:"etag"`
	// Pieces holds the CRC-64/NVME of each piece in base64, in their order, or nothing for one that is not in the file.
	Pieces []string `json:"pieces"`
}

// A File is what an upload is downloaded into. *os.File is one.
type File interface {
	io.ReaderAt
	io.WriterAt
}

// Receive downloads an upload that is ready, which has to be as Get or List returned it, into a file: in pieces, several at
// once. It returns nil only when the file is whole: of the upload's size, and with its checksum if it has one. The file may
// be left with pieces in any order after an error.
func (c *Client) Receive(ctx context.Context, found api.Upload, file File, options ReceiveOptions) error {
	if err := checkID(found.ID); err != nil {
		return err
	}
	r := &receiver{client: c, upload: found, file: file, options: options, progress: newMeter(options.Progress)}
	r.pieceSize = max(leastPiece, (found.Size+maxPieces-1)/maxPieces)
	r.state = ReceiveState{ID: found.ID, Size: found.Size, Pieces: make([]string, partCount(found.Size, r.pieceSize))}
	if err := r.resume(); err != nil {
		return err
	}
	if err := r.receiveAll(ctx); err != nil {
		return err
	}
	return r.verify()
}

// A receiver is a download on its way.
type receiver struct {
	client    *Client
	upload    api.Upload
	file      File
	options   ReceiveOptions
	progress  *meter
	pieceSize int64

	mutex sync.Mutex
	state ReceiveState
	url   string
}

// resume takes the pieces over that are in the file.
func (r *receiver) resume() error {
	before := r.options.Resume
	if before == nil || before.ID != r.state.ID || before.Size != r.state.Size || len(before.Pieces) != len(r.state.Pieces) {
		return nil
	}
	r.state.ETag = before.ETag
	for i, want := range before.Pieces {
		if want == "" {
			continue
		}
		offset, length := r.bounds(i)
		sum := crc64nvme.New()
		n, err := io.Copy(sum, io.NewSectionReader(r.file, offset, length))
		if err != nil {
			return fmt.Errorf("reading the file: %w", err)
		}
		if n == length && checksum(sum.Sum64()).String() == want {
			r.state.Pieces[i] = want
			r.progress.add(length)
		}
	}
	return nil
}

func (r *receiver) bounds(i int) (offset, length int64) {
	offset = int64(i) * r.pieceSize
	return offset, min(r.pieceSize, r.upload.Size-offset)
}

// receiveAll receives the pieces that are not in the file. It returns the first error.
func (r *receiver) receiveAll(parent context.Context) error {
	ctx, fail := context.WithCancelCause(parent)
	defer fail(nil)
	tasks := make(chan int)
	var receivers sync.WaitGroup
	for range cmp.Or(max(r.options.Concurrency, 0), DefaultConcurrency) {
		receivers.Go(func() {
			for i := range tasks {
				if err := r.receive(ctx, i); err != nil {
					fail(err)
					return
				}
			}
		})
	}
	for i := range r.state.Pieces {
		if !r.has(i) {
			select {
			case tasks <- i:
			case <-ctx.Done():
			}
		}
	}
	close(tasks)
	receivers.Wait()
	if parent.Err() != nil {
		return context.Cause(parent)
	}
	return context.Cause(ctx)
}

func (r *receiver) has(i int) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.state.Pieces[i] != ""
}

// receive receives a piece. When the connection is lost, it goes on where it was.
func (r *receiver) receive(ctx context.Context, i int) error {
	offset, length := r.bounds(i)
	p := &piece{file: r.file, offset: offset, left: length, progress: r.progress}
	renewals := 0
	err := r.client.retry(ctx, func() error {
		for {
			url, err := r.address(ctx)
			if err != nil {
				return err
			}
			before := p.left
			err = r.client.attemptPiece(ctx, url, r.etag, p)
			if isExpired(err) && renewals < maxRenewals {
				renewals++
				r.forget(url)
				continue
			}
			if p.left < before {
				renewals = 0
			}
			return err
		}
	})
	if err != nil {
		if ctx.Err() == nil {
			err = fmt.Errorf("receiving bytes %d to %d of %d: %w", offset, offset+length-1, r.upload.Size, err)
		}
		return err
	}
	return r.keep(i, checksum(p.sum))
}

// address returns a signed URL, a new one if the last has expired.
func (r *receiver) address(ctx context.Context) (string, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.url == "" {
		var signed api.Download
		if _, err := r.client.do(ctx, call{method: http.MethodGet, path: "uploads/" + r.upload.ID + "/download"}, &signed); err != nil {
			return "", fmt.Errorf("asking for a signature: %w", err)
		}
		r.url = signed.URL
	}
	return r.url, nil
}

func (r *receiver) forget(url string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.url == url {
		r.url = ""
	}
}

// etag returns the object's ETag. The first answer tells it.
func (r *receiver) etag(answered string) string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.state.ETag == "" && !strings.HasPrefix(answered, "W/") {
		r.state.ETag = answered
	}
	return r.state.ETag
}

// keep says that a piece is in the file.
func (r *receiver) keep(i int, sum checksum) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.state.Pieces[i] = sum.String()
	if r.options.Save == nil {
		return nil
	}
	state := r.state
	state.Pieces = slices.Clone(state.Pieces)
	if err := r.options.Save(state); err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	return nil
}

// A piece is a piece of an object that is received into a file.
type piece struct {
	file     io.WriterAt
	offset   int64 // of the next byte
	left     int64 // bytes
	sum      uint64
	progress *meter
	err      error // of writing
}

// Write writes the next bytes.
func (p *piece) Write(content []byte) (int, error) {
	if int64(len(content)) > p.left {
		return 0, errors.New("S3 answers more bytes than were asked for")
	}
	n, err := p.file.WriteAt(content, p.offset)
	if err != nil {
		p.err = fmt.Errorf("writing the file: %w", err)
		return n, p.err
	}
	p.sum = crc64nvme.Update(p.sum, content)
	p.offset += int64(n)
	p.left -= int64(n)
	p.progress.add(int64(n))
	return n, nil
}

// attemptPiece asks for the rest of a piece. etag is called with the answer's ETag, and with none before it is asked.
func (c *Client) attemptPiece(ctx context.Context, url string, etag func(string) string, p *piece) error {
	ctx, watch := watchSilence(ctx, 0)
	defer watch.stop()
	request, err := newRequest(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", p.offset, p.offset+p.left-1))
	if known := etag(""); known != "" {
		request.Header.Set("If-Match", known)
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return watch.cause(ctx, &temporaryError{err: fmt.Errorf("calling %s: %w", request.URL.Host, explainClock(withoutURL(err)))})
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusPartialContent {
		failure := s3Refusal(response)
		if response.StatusCode == http.StatusPreconditionFailed {
			return fmt.Errorf("%w at S3: download it anew (%w)", ErrChanged, failure)
		}
		return ifTemporary(response, failure)
	}
	if want := fmt.Sprintf("bytes %d-%d/", p.offset, p.offset+p.left-1); !strings.HasPrefix(response.Header.Get("Content-Range"), want) {
		return errors.New("S3 answers with other bytes than were asked for")
	}
	etag(response.Header.Get("ETag"))
	_, err = io.Copy(p, heard{response.Body, watch})
	switch {
	case p.err != nil:
		return p.err
	case err != nil:
		return watch.cause(ctx, &temporaryError{err: withoutURL(err)})
	case p.left > 0:
		return &temporaryError{err: fmt.Errorf("%w: %d bytes are missing", io.ErrUnexpectedEOF, p.left)}
	}
	return nil
}

// A heard is a body that tells a watch of each read.
type heard struct {
	io.Reader
	watch *silenceWatch
}

// Read reads the next bytes.
func (h heard) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	h.watch.heard()
	return n, err
}

// verify compares the file with the upload's checksum, if that is known.
func (r *receiver) verify() error {
	if r.upload.Checksum == "" {
		return nil
	}
	var sum string
	if r.upload.ChecksumAlgorithm == api.CRC64NVME {
		var whole checksum
		for i, text := range r.state.Pieces {
			_, length := r.bounds(i)
			next, _ := parseChecksum(text)
			whole = whole.followedBy(next, length)
		}
		sum = whole.String()
	} else {
		digest := sha256.New()
		if _, err := io.Copy(digest, io.NewSectionReader(r.file, 0, r.upload.Size)); err != nil {
			return fmt.Errorf("reading the file: %w", err)
		}
		sum = base64.StdEncoding.EncodeToString(digest.Sum(nil))
	}
	if sum != r.upload.Checksum {
		return wrongChecksum(r.upload, sum)
	}
	return nil
}
