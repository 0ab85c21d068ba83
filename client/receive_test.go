package client_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/api"
	"postern/client"
)

// A source is an API and a bucket with one object, for downloads.
type source struct {
	client *client.Client
	object []byte
	etag   string
	// fault answers instead where it returns true.
	fault func(w http.ResponseWriter, r *http.Request) bool

	mutex   sync.Mutex
	expired int // URLs up to this one have expired
	signed  int
	ranges  []string
}

func startSource(t *testing.T, object []byte) *source {
	t.Helper()
	s := &source{object: object, etag: `"v1"`}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r) }))
	t.Cleanup(server.Close)
	var err error
	if s.client, err = client.New(server.URL+"/api", nil); err != nil {
		t.Fatal(err)
	}
	client.RecordPauses(t)
	return s
}

func (s *source) serve(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	if strings.HasPrefix(r.URL.Path, "/api/") {
		s.signed++
		_ = json.NewEncoder(w).Encode(api.Download{URL: fmt.Sprintf("http://%s/bucket?X-Amz-Signature=%s&n=%d", r.Host, signature, s.signed)})
		s.mutex.Unlock()
		return
	}
	var n int
	_, _ = fmt.Sscan(r.URL.Query().Get("n"), &n)
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	expired := n <= s.expired
	s.mutex.Unlock()
	switch {
	case expired:
		refuseS3(w, http.StatusForbidden, "AccessDenied", "Request has expired")
	case s.fault != nil && s.fault(w, r):
	default:
		w.Header().Set("ETag", s.etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.object))
	}
}

func target(t *testing.T) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "copy"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// holds fails the test unless the file has just these bytes.
func holds(t *testing.T, file *os.File, want []byte) {
	t.Helper()
	if got, err := os.ReadFile(file.Name()); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the file has %d bytes, or others, %v, want %d", len(got), err, len(want))
	}
}

const pieceSize = 16 << 20

func TestReceive(t *testing.T) {
	object := random(20, 2*pieceSize+5)
	digest := sha256.Sum256(object)
	for sum, algorithm := range map[string]string{
		"": "", sumOf(object): api.CRC64NVME, base64.StdEncoding.EncodeToString(digest[:]): api.SHA256,
	} {
		s := startSource(t, object)
		// The first connection is lost in the middle, and the first URL expires.
		s.fault = func(w http.ResponseWriter, r *http.Request) bool {
			s.mutex.Lock()
			first := s.expired == 0
			s.expired = 1
			s.mutex.Unlock()
			if first {
				w.Header().Set("ETag", s.etag)
				w.Header().Set("Content-Range", "bytes "+strings.TrimPrefix(r.Header.Get("Range"), "bytes=")+"/"+fmt.Sprint(len(object)))
				var from int
				_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
				w.Header().Set("Content-Length", fmt.Sprint(min(pieceSize, len(object)-from)))
				w.WriteHeader(http.StatusPartialContent)
				_, _ = w.Write(object[from : from+3])
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}
			return false
		}
		file := target(t)
		var last int64
		err := s.client.Receive(t.Context(), api.Upload{ID: idA, Size: int64(len(object)), Checksum: sum, ChecksumAlgorithm: algorithm}, file,
			client.ReceiveOptions{Progress: func(received int64) { last = received }})
		if err != nil || last != int64(len(object)) {
			t.Errorf("%s: got %v, progress %d", sum, err, last)
		}
		holds(t, file, object)
	}
}

// A download that was cut off goes on with the pieces that are in the file, and receives anew what was altered meanwhile.
func TestReceiveResumes(t *testing.T) {
	object := random(21, 4*pieceSize)
	s := startSource(t, object)
	file := target(t)
	found := api.Upload{ID: idA, Size: int64(len(object)), Checksum: sumOf(object), ChecksumAlgorithm: api.CRC64NVME}
	ctx, kill := context.WithCancel(t.Context())
	var state client.ReceiveState
	save := func(now client.ReceiveState) error {
		state = now
		if now.Pieces[0] != "" && now.Pieces[1] != "" && now.Pieces[2] != "" {
			kill()
		}
		return nil
	}
	if err := s.client.Receive(ctx, found, file, client.ReceiveOptions{Save: save, Concurrency: 1}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want %v", err, context.Canceled)
	}
	if _, err := file.WriteAt([]byte("damage"), pieceSize+7); err != nil {
		t.Fatal(err)
	}
	s.ranges = nil
	if err := s.client.Receive(t.Context(), found, file, client.ReceiveOptions{Resume: &state, Concurrency: 1}); err != nil {
		t.Fatal(err)
	}
	holds(t, file, object)
	want := fmt.Sprintf("[bytes=%d-%d bytes=%d-%d]", pieceSize, 2*pieceSize-1, 3*pieceSize, 4*pieceSize-1)
	if got := fmt.Sprint(s.ranges); got != want {
		t.Errorf("got ranges %s, want %s", got, want)
	}
	s.etag = `"v2"`
	state.Pieces[0] = ""
	if err := s.client.Receive(t.Context(), found, file, client.ReceiveOptions{Resume: &state}); !errors.Is(err, client.ErrChanged) {
		t.Errorf("got %v, want %v", err, client.ErrChanged)
	}
}

// full is a file on a disk without room.
type full struct{ *os.File }

func (full) WriteAt([]byte, int64) (int, error) { return 0, errors.New("no space left on device") }

func TestReceiveFails(t *testing.T) {
	object := random(22, pieceSize+5)
	found := api.Upload{ID: idA, Size: int64(len(object))}
	for _, test := range []struct {
		name   string
		change func(*source, *api.Upload)
		full   bool
		want   string
	}{
		{"another CRC", func(_ *source, u *api.Upload) {
			u.Checksum, u.ChecksumAlgorithm = sumOf([]byte("other")), api.CRC64NVME
		}, false, "its CRC64NVME is "},
		{"another SHA-256", func(_ *source, u *api.Upload) { u.Checksum = "x" }, false, "its SHA-256 is "},
		{"a shorter object", func(s *source, _ *api.Upload) { s.object = s.object[:pieceSize+1] }, false, "S3 answers with other bytes than were asked for"},
		{"not by ranges", func(s *source, _ *api.Upload) {
			s.fault = func(w http.ResponseWriter, _ *http.Request) bool { _, _ = w.Write(s.object); return true }
		}, false, "S3 answers 200 OK"},
		{"refused", func(s *source, _ *api.Upload) {
			s.fault = func(w http.ResponseWriter, _ *http.Request) bool {
				refuseS3(w, 403, "AccessDenied", "Access Denied")
				return true
			}
		}, false, "S3 answers 403 Forbidden"},
		{"always expired", func(s *source, _ *api.Upload) { s.expired = 100 }, false, "Request has expired (S3's clock says "},
		{"a full disk", func(*source, *api.Upload) {}, true, "writing the file: no space left on device"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, u := startSource(t, object), found
			test.change(s, &u)
			var file client.File = target(t)
			if test.full {
				file = full{target(t)}
			}
			err := s.client.Receive(t.Context(), u, file, client.ReceiveOptions{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			secretless(t, err)
		})
	}
}
