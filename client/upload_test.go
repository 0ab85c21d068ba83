package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/client"
)

// random returns the same bytes for the same seed.
func random(seed uint64, length int) []byte {
	content := make([]byte, length)
	_, _ = rand.NewChaCha8([32]byte{byte(seed)}).Read(content)
	return content
}

// inParts are the options of a file that is sent in parts, however small.
func inParts(size int) client.UploadOptions {
	via := api.ViaMultipart
	return client.UploadOptions{Request: api.UploadRequest{Filename: "a.mp4", Size: int64(size), Via: &via}}
}

// sent returns how often each part was sent.
func sent(steps []string) map[string]int {
	counts := map[string]int{}
	for _, step := range steps {
		if strings.HasPrefix(step, "s3-part ") {
			counts[step]++
		}
	}
	return counts
}

// stores fails the test unless the bucket holds just these bytes.
func (s *stage) stores(want []byte) {
	s.t.Helper()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if got := s.objects[idA]; !bytes.Equal(got, want) {
		s.t.Errorf("the bucket holds %d bytes, or others, want %d", len(got), len(want))
	}
}

func TestChecksumsAreCombined(t *testing.T) {
	content := random(1, 100_000)
	for _, length := range []int{1, 2, 3, 7, 64, 999, 4096, 65_537, 100_000} {
		if got, want := client.SumOf(content, length), sumOf(content); got != want {
			t.Errorf("in pieces of %d: got %s, want %s", length, got, want)
		}
	}
	if got, want := client.SumOf([]byte("123456789"), 4), "rosUhgp5mIg="; got != want { // CRC-64/NVME's check value
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPartsArePlannedAsTheAPIDoes(t *testing.T) {
	const mib = int64(1 << 20)
	for size, want := range map[int64]int64{
		1: 16 * mib, 5*mib - 1: 16 * mib, 16 * mib: 16 * mib, 5 << 30: 16 * mib, 16_000 * mib: 16 * mib, 16_000*mib + 1: 17 * mib,
		80 << 30: 64 * mib, 640_000 * mib: 64 * mib, 640_000*mib + 1: 65 * mib, 5 << 40: 525 * mib, api.MaxObject: 5120 * mib,
	} {
		if got := client.PlanPartSize(size); got != want {
			t.Errorf("%d bytes: got %d, want %d", size, got, want)
		}
	}
}

func TestUploadInParts(t *testing.T) {
	for _, size := range []int{1, testPart - 1, testPart, testPart + 1, 5*testPart + 7} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			s := startStage(t)
			content := random(2, size)
			options := inParts(size)
			var states []client.State
			options.Save = func(state client.State) error { states = append(states, state); return nil }
			var last int64
			options.Progress = func(sent int64) { last = sent }
			id, err := s.client.Upload(t.Context(), bytes.NewReader(content), options)
			if err != nil || id != idA {
				t.Fatalf("got %q, %v", id, err)
			}
			s.stores(content)
			steps := s.took()
			slices.Sort(steps)
			want := []string{"complete", "grant", "parts", "s3-complete", "s3-create"}
			for number := range (size + testPart - 1) / testPart {
				want = append(want, fmt.Sprintf("s3-part %d", number+1))
			}
			if diff := cmp.Diff(steps, want); diff != "" {
				t.Errorf("steps (-got +want)\n%s", diff)
			}
			if diff := cmp.Diff(states, []client.State{{ID: idA, PartSize: testPart}, {ID: idA, UploadID: "multipart-1", PartSize: testPart}}); diff != "" {
				t.Errorf("states (-got +want)\n%s", diff)
			}
			if last != int64(size) {
				t.Errorf("progress ends at %d, want %d", last, size)
			}
		})
	}
}

func TestViaIsChosenBySize(t *testing.T) {
	s := startStage(t)
	for _, test := range []struct {
		size int64
		want string
	}{{64 << 20, `"size":67108864}`}, {64<<20 + 1, `"via":"multipart"`}} {
		var asked string
		s.before = func(_ string, w http.ResponseWriter, r *http.Request) bool {
			body, _ := io.ReadAll(r.Body)
			asked = string(body)
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		_, _ = s.client.Upload(t.Context(), zeros{}, client.UploadOptions{Request: api.UploadRequest{Filename: "a.mp4", Size: test.size}})
		if !strings.Contains(asked, test.want) {
			t.Errorf("%d bytes: got %s, want %s in it", test.size, asked, test.want)
		}
	}
}

// zeros is a file of zeros without an end.
type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

// once returns a fault that happens the first times only.
func once(times int, step string, fault http.HandlerFunc) func(string, http.ResponseWriter, *http.Request) bool {
	var mutex sync.Mutex
	return func(at string, w http.ResponseWriter, r *http.Request) bool {
		mutex.Lock()
		defer mutex.Unlock()
		if times == 0 || at != step {
			return false
		}
		times--
		mutex.Unlock()
		defer mutex.Lock()
		fault(w, r)
		return true
	}
}

func s3Says(status int, code, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { refuseS3(w, status, code, message) }
}

// Whatever goes wrong once, at any step, the file arrives. Of a part whose answer was lost, S3's word is not known, so it is
// sent again.
func TestUploadSurvivesFaults(t *testing.T) {
	faults := map[string]http.HandlerFunc{
		"hangs up":       hangsUp,
		"slow down":      s3Says(http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate."),
		"internal error": s3Says(http.StatusInternalServerError, "InternalError", "We encountered an internal error."),
		"bad gateway":    says(http.StatusBadGateway, "<html>"),
		"expired":        s3Says(http.StatusForbidden, "AccessDenied", "Request has expired"),
		"expired token":  s3Says(http.StatusBadRequest, "ExpiredToken", "The provided token has expired."),
		"error in a 200": s3Says(http.StatusOK, "InternalError", "We encountered an internal error."),
		"half a 200":     says(http.StatusOK, "<?xml version=\"1.0\"?><CompleteMult"),
	}
	content := random(3, 3*testPart+5)
	for _, step := range []string{"grant", "parts", "complete", "s3-create", "s3-part 1", "s3-part 4", "s3-complete"} {
		for _, name := range slices.Sorted(maps.Keys(faults)) {
			s3 := strings.HasPrefix(step, "s3-")
			isXML := step == "s3-create" || step == "s3-complete"
			if strings.HasPrefix(name, "expired") && (!s3 || step == "s3-create") || strings.Contains(name, "200") && !isXML {
				continue
			}
			for _, when := range []string{"before", "after"} {
				t.Run(step+"/"+name+"/"+when, func(t *testing.T) {
					s := startStage(t)
					if fault := once(1, step, faults[name]); when == "before" {
						s.before = fault
					} else {
						s.after = fault
					}
					if _, err := s.client.Upload(t.Context(), bytes.NewReader(content), inParts(len(content))); err != nil {
						t.Fatal(err)
					}
					s.stores(content)
					for part, times := range sent(s.took()) {
						if times > 1 && part != step {
							t.Errorf("%s was sent %d times", part, times)
						}
					}
				})
			}
		}
	}
}

func TestUploadFails(t *testing.T) {
	content := random(4, 2*testPart)
	for _, test := range []struct {
		name, step string
		fault      http.HandlerFunc
		want       string
	}{
		{"no grant", "grant", refuses(http.StatusRequestEntityTooLarge, api.PayloadTooLarge), "asking for a grant: it is payload_too_large"},
		{"no create", "s3-create", s3Says(403, "AccessDenied", "Access Denied"), "creating the multipart upload: S3 answers 403 Forbidden: AccessDenied: Access Denied"},
		{"the user is removed", "parts", refuses(http.StatusUnauthorized, api.Unauthorized), "sending part 1 of 2: asking for signatures: it is unauthorized"},
		{"a part is refused", "s3-part 2", s3Says(403, "AccessDenied", "Access Denied"), "sending part 2 of 2: S3 answers 403"},
		{"a part that stays broken", "s3-part 2", s3Says(503, "SlowDown", "Slow"), "sending part 2 of 2: S3 answers 503 Service Unavailable: SlowDown: Slow"},
		{"always expired", "s3-part 1", s3Says(403, "AccessDenied", "Request has expired"), "Request has expired (S3's clock says "},
		{"create expired", "s3-create", s3Says(403, "AccessDenied", "Request has expired"), "Request has expired (S3's clock says "},
		{"create of the future", "s3-create", s3Says(403, "AccessDenied", "Request is not valid yet"), "Request is not valid yet (S3's clock says "},
		{"completion always expired", "s3-complete", s3Says(403, "AccessDenied", "Request has expired"), "Request has expired (S3's clock says "},
		{"a bad digest", "s3-complete", s3Says(400, "BadDigest", "Bad"), "completing the upload: S3 answers 400 Bad Request: BadDigest: Bad"},
		{"an error in a 200", "s3-complete", s3Says(200, "AccessDenied", "Access Denied"), "completing the upload: S3 answers 200 OK: AccessDenied: Access Denied"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startStage(t)
			s.before = once(100, test.step, test.fault)
			options := inParts(len(content))
			options.Concurrency = 1
			_, err := s.client.Upload(t.Context(), bytes.NewReader(content), options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			secretless(t, err)
			if len(s.objects) > 0 {
				t.Error("an object is stored")
			}
		})
	}
}

// When the answer of a completion is lost, the client looks whether it won before it sends another.
func TestLostCompletion(t *testing.T) {
	s := startStage(t)
	content := random(16, 2*testPart)
	s.after = once(1, "s3-complete", hangsUp)
	if _, err := s.client.Upload(t.Context(), bytes.NewReader(content), inParts(len(content))); err != nil {
		t.Fatal(err)
	}
	s.stores(content)
	steps := s.took()
	steps = slices.DeleteFunc(steps, func(step string) bool { return strings.HasPrefix(step, "s3-part ") })
	if diff := cmp.Diff(steps, []string{"grant", "s3-create", "parts", "complete", "s3-complete", "get"}); diff != "" {
		t.Errorf("steps (-got +want)\n%s", diff)
	}
}

// A guest is not told that the bytes have arrived before they are inspected: the completion is looked at until then.
func TestLostCompletionOfAGuest(t *testing.T) {
	s := startStage(t)
	content := random(17, testPart)
	s.after = once(1, "s3-complete", hangsUp)
	looks := 0
	s.before = func(step string, w http.ResponseWriter, _ *http.Request) bool {
		if step != "get" {
			return false
		}
		if looks++; looks <= 3 {
			_, _ = fmt.Fprintf(w, `{"id":%q,"status":"waiting","type":"video/mp4","createdAt":"2026-03-14T15:09:26.000Z","version":0}`, idA)
			return true
		}
		return false
	}
	if _, err := s.client.Upload(t.Context(), bytes.NewReader(content), inParts(len(content))); err != nil {
		t.Fatal(err)
	}
	s.stores(content)
	if looks != 4 {
		t.Errorf("looked %d times, want 4", looks)
	}
}

// A part that was altered on the way is sent again, as S3's checksum tells.
func TestAlteredPartIsSentAgain(t *testing.T) {
	s := startStage(t)
	content := random(5, 2*testPart)
	s.altered = sumOf([]byte("other bytes"))
	options := inParts(len(content))
	var last int64
	options.Progress = func(sent int64) { last = sent }
	if _, err := s.client.Upload(t.Context(), bytes.NewReader(content), options); err != nil {
		t.Fatal(err)
	}
	s.stores(content)
	total := 0
	for _, times := range sent(s.took()) {
		total += times
	}
	if total != 3 || last != int64(len(content)) {
		t.Errorf("parts were sent %d times, want 3; progress ends at %d, want %d", total, last, len(content))
	}
}

// Signatures that live for fewer parts than are signed at once are renewed, fewer at a time, and no part is sent twice.
func TestShortLivedSignatures(t *testing.T) {
	s := startStage(t)
	content := random(6, 40*testPart)
	var mutex sync.Mutex
	stored := 0
	s.after = func(step string, _ http.ResponseWriter, _ *http.Request) bool {
		mutex.Lock()
		defer mutex.Unlock()
		if strings.HasPrefix(step, "s3-part ") {
			if stored++; stored%9 == 0 {
				s.mutex.Lock()
				s.generation++
				s.mutex.Unlock()
			}
		}
		return false
	}
	if _, err := s.client.Upload(t.Context(), bytes.NewReader(content), inParts(len(content))); err != nil {
		t.Fatal(err)
	}
	s.stores(content)
	calls := 0
	for _, step := range s.took() {
		if step == "parts" {
			calls++
		}
	}
	if calls < 4 || calls > 30 {
		t.Errorf("parts were signed in %d calls, want some", calls)
	}
}

// An upload that was cut off after any number of requests goes on with its id alone, and sends nothing that S3 has.
func TestResumeWithIDAlone(t *testing.T) {
	content := random(7, 6*testPart+9)
	for cut := 2; ; cut++ {
		done := false
		if !t.Run(fmt.Sprintf("after %d requests", cut), func(t *testing.T) {
			s := startStage(t)
			ctx, kill := context.WithCancel(t.Context())
			var mutex sync.Mutex
			count := 0
			kept := map[string]int{}
			s.after = func(step string, _ http.ResponseWriter, _ *http.Request) bool {
				mutex.Lock()
				defer mutex.Unlock()
				if count++; count >= cut {
					kill()
				}
				kept[step]++
				return ctx.Err() != nil
			}
			options := inParts(len(content))
			_, err := s.client.Upload(ctx, bytes.NewReader(content), options)
			done = err == nil
			mutex.Lock()
			first := maps.Clone(kept)
			mutex.Unlock()
			s.mutex.Lock()
			s.after = nil
			s.mutex.Unlock()
			s.took()
			options.Resume = &client.State{ID: idA}
			if _, err := s.client.Upload(t.Context(), bytes.NewReader(content), options); err != nil {
				t.Fatal(err)
			}
			s.stores(content)
			for part := range sent(s.took()) {
				if first[part] > 0 {
					t.Errorf("%s was sent again", part)
				}
			}
		}) || done {
			return
		}
	}
}

func TestResumeRefusesAnotherFile(t *testing.T) {
	content := random(8, 4*testPart+9)
	other := func(change func([]byte) []byte) []byte { return change(bytes.Clone(content)) }
	for _, test := range []struct {
		name string
		file []byte
		want error
	}{
		{"the same", content, nil},
		{"changed in the first part", other(func(b []byte) []byte { b[0] ^= 1; return b }), client.ErrChanged},
		{"changed in the second part", other(func(b []byte) []byte { b[testPart] ^= 1; return b }), client.ErrChanged},
		{"longer", other(func(b []byte) []byte { return append(b, 'x') }), nil}, // no part tells; the size that was declared does, at S3
		{"much shorter", content[:testPart/2], client.ErrChanged},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startStage(t)
			s.multiparts["multipart-1"] = map[int64][]byte{1: content[:testPart], 2: content[testPart : 2*testPart]}
			s.multiparts["multipart-2"] = map[int64][]byte{} // of an attempt whose answer was lost
			options := inParts(len(test.file))
			options.Resume = &client.State{ID: idA}
			_, err := s.client.Upload(t.Context(), bytes.NewReader(test.file), options)
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestResumeOfWhatIsOver(t *testing.T) {
	content := random(9, 3*testPart)
	resume := func(s *stage, state client.State, file []byte) error {
		options := inParts(len(file))
		options.Resume = &state
		_, err := s.client.Upload(s.t.Context(), bytes.NewReader(file), options)
		return err
	}
	t.Run("complete", func(t *testing.T) {
		s := startStage(t)
		s.objects[idA] = content
		for _, state := range []client.State{{ID: idA}, {ID: idA, UploadID: "multipart-1", PartSize: testPart}} {
			if err := resume(s, state, content); err != nil {
				t.Errorf("%+v: %v", state, err)
			}
		}
		if parts := sent(s.took()); len(parts) > 0 {
			t.Errorf("parts were sent: %v", parts)
		}
	})
	t.Run("complete with another file", func(t *testing.T) {
		s := startStage(t)
		s.objects[idA] = content
		for _, file := range [][]byte{random(10, 3*testPart), content[1:]} {
			if err := resume(s, client.State{ID: idA}, file); !errors.Is(err, client.ErrChanged) {
				t.Errorf("got %v, want %v", err, client.ErrChanged)
			}
		}
	})
	t.Run("nothing is left", func(t *testing.T) {
		s := startStage(t)
		for _, state := range []client.State{{ID: idA}, {ID: idA, UploadID: "multipart-1", PartSize: testPart}} {
			if err := resume(s, state, content); !errors.Is(err, client.ErrGone) {
				t.Errorf("%+v: got %v, want %v", state, err, client.ErrGone)
			}
		}
	})
}

// Two processes that go on with one upload at once both end well.
func TestTwoProcessesAtOnce(t *testing.T) {
	s := startStage(t)
	content := random(11, 12*testPart)
	s.multiparts["multipart-1"] = map[int64][]byte{1: content[:testPart]}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			options := inParts(len(content))
			options.Resume = &client.State{ID: idA}
			if _, err := s.client.Upload(t.Context(), bytes.NewReader(content), options); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	s.stores(content)
}

// A file that changes while it is read is not stored, however it is sent.
func TestFileThatChanges(t *testing.T) {
	for _, via := range []string{api.ViaPut, api.ViaMultipart} {
		for name, change := range map[string]func(*os.File) error{
			"grows":    func(f *os.File) error { return f.Truncate(4 * testPart) },
			"shrinks":  func(f *os.File) error { return f.Truncate(testPart) },
			"modified": func(f *os.File) error { return os.Chtimes(f.Name(), time.Time{}, time.Unix(1, 0)) },
		} {
			t.Run(via+"/"+name, func(t *testing.T) {
				s := startStage(t)
				file, err := os.Create(filepath.Join(t.TempDir(), "a.mp4"))
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = file.Close() }()
				if _, err := file.Write(random(12, 3*testPart)); err != nil {
					t.Fatal(err)
				}
				s.before = func(step string, _ http.ResponseWriter, _ *http.Request) bool {
					if step == "grant" {
						if err := change(file); err != nil {
							t.Error(err)
						}
					}
					return false
				}
				options := inParts(0)
				options.Request.Via = &via
				_, err = s.client.Upload(t.Context(), file, options)
				if !errors.Is(err, client.ErrChanged) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("got %v, want %v", err, client.ErrChanged)
				}
				if len(s.objects) > 0 {
					t.Error("an object is stored")
				}
			})
		}
	}
}

func TestStream(t *testing.T) {
	content := random(13, 17<<20)
	for _, test := range []struct {
		name     string
		declared int
		want     string
	}{
		{"large", len(content), ""},
		{"small", testPart, ""},
		{"empty beyond", len(content) + 1, "it ends before the 17825793 bytes that were declared"},
		{"more than declared", len(content) - 1, "it has more than the 17825791 bytes that were declared"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startStage(t)
			s.before = once(1, "s3-part 3", hangsUp)
			file := content
			if test.name == "small" {
				file = content[:test.declared]
			}
			options := client.UploadOptions{Request: api.UploadRequest{Filename: "a.mp4", Size: int64(test.declared)}}
			_, err := s.client.UploadStream(t.Context(), io.MultiReader(bytes.NewReader(file)), options)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				s.stores(file)
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || len(s.objects) > 0 {
				t.Errorf("got %v, %d objects, want %q", err, len(s.objects), test.want)
			}
		})
	}
}

// A connection on which nothing moves is given up, and the part is sent again.
func TestSilentConnection(t *testing.T) {
	s := startStage(t)
	client.SetSilence(t, 200*time.Millisecond)
	content := random(14, 2*testPart)
	over := make(chan struct{})
	s.before = once(1, "s3-part 1", func(http.ResponseWriter, *http.Request) { <-over })
	ctx, end := context.WithTimeout(t.Context(), 20*time.Second)
	defer end()
	_, err := s.client.Upload(ctx, bytes.NewReader(content), inParts(len(content)))
	close(over)
	if err != nil {
		t.Fatal(err)
	}
	s.stores(content)
}

func TestInterruptedUpload(t *testing.T) {
	s := startStage(t)
	ctx, interrupt := context.WithCancel(t.Context())
	content := random(15, 8*testPart)
	s.before = func(step string, _ http.ResponseWriter, _ *http.Request) bool {
		if step == "s3-part 3" {
			interrupt()
		}
		return false
	}
	if id, err := s.client.Upload(ctx, bytes.NewReader(content), inParts(len(content))); !errors.Is(err, context.Canceled) || id != idA {
		t.Errorf("got %q, %v, want %v", id, err, context.Canceled)
	}
}

func TestGrants(t *testing.T) {
	requests := []api.UploadRequest{{Filename: "a.mp4", Size: 1}, {Filename: "b.exe", Size: 2}}
	for _, test := range []struct{ name, answer, want string }{
		{"one of each", `{"uploads":[{"id":"` + idA + `","method":"PUT"},{"error":{"message":"refused","code":"invalid_request"}}]}`, ""},
		{"too few", `{"uploads":[{"id":"` + idA + `","method":"PUT"}]}`, "answers 1 grants for 2 files"},
		{"neither", `{"uploads":[{},{}]}`, "neither a grant nor an error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, c := play(t, says(http.StatusCreated, test.answer))
			results, err := c.Grants(t.Context(), requests)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
				return
			}
			if err != nil || results[0].ID != idA || results[1].Error.Message != "refused" {
				t.Errorf("got %+v, %v", results, err)
			}
			want := []string{`POST /api/uploads {"uploads":[{"filename":"a.mp4","size":1},{"filename":"b.exe","size":2}]}`}
			if diff := cmp.Diff(s.requests, want); diff != "" {
				t.Errorf("requests (-got +want)\n%s", diff)
			}
		})
	}
}
