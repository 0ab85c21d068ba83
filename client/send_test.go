package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/client"
)

// stores answers as S3 does that stores a file, and checks how it came.
func stores(t *testing.T, length int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != int64(length) || len(r.TransferEncoding) > 0 {
			t.Errorf("got length %d, encoding %q, want %d bytes", r.ContentLength, r.TransferEncoding, length)
		}
		if r.Header.Get("Authorization") != "" {
			t.Error("S3 got the API's credentials")
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *script) signed() string { return s.url + "/bucket?X-Amz-Signature=" + signature }

func TestForm(t *testing.T) {
	s, c := play(t, says(http.StatusOK, `{"url":"u","fields":{"a":"b"},"id":"i","key":"k"}`), says(http.StatusOK, "{}"))
	form, err := c.Form(t.Context(), "ann+b@example.com", "a b.mp4", "video/mp4")
	if diff := cmp.Diff(form, api.PresignedForm{URL: "u", Fields: map[string]string{"a": "b"}, ID: "i", Key: "k"}); diff != "" || err != nil {
		t.Errorf("form (-got +want)\n%s%v", diff, err)
	}
	if _, err := c.Form(t.Context(), "ann@example.com", "", ""); err != nil {
		t.Error(err)
	}
	want := []string{
		"GET /api/presignedurl?filename=a+b.mp4&mail=ann%2Bb%40example.com&type=video%2Fmp4",
		"GET /api/presignedurl?mail=ann%40example.com",
	}
	if diff := cmp.Diff(s.requests, want); diff != "" {
		t.Errorf("requests (-got +want)\n%s", diff)
	}
}

func TestPost(t *testing.T) {
	const file = "the bytes"
	s, c := play(t, func(w http.ResponseWriter, r *http.Request) {
		parts, err := r.MultipartReader()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			part, err := parts.NextPart()
			if err != nil {
				break
			}
			content, _ := io.ReadAll(part)
			got = append(got, part.FormName()+"="+string(content))
		}
		if diff := cmp.Diff(got, []string{"key=k", "policy=p", "x-amz-date=d", "file=" + file}); diff != "" {
			t.Errorf("form (-got +want)\n%s", diff)
		}
		stores(t, int(r.ContentLength))(w, r)
		if r.ContentLength <= 0 {
			t.Errorf("got length %d", r.ContentLength)
		}
	})
	fields := map[string]string{"policy": "p", "x-amz-date": "d", "key": "k"}
	if err := c.Post(t.Context(), s.signed(), fields, strings.NewReader(file), int64(len(file))); err != nil {
		t.Error(err)
	}
	s.ended()
}

func TestUpload(t *testing.T) {
	var s *script
	s, c := play(t, func(w http.ResponseWriter, r *http.Request) {
		says(http.StatusCreated, fmt.Sprintf(`{"id":%q,"method":"PUT","url":%q,"headers":{"If-None-Match":"*"}}`, idA, s.signed()))(w, r)
	}, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("If-None-Match"); got != "*" {
			t.Errorf("got If-None-Match %q", got)
		}
		stores(t, 5)(w, r)
	})
	id, err := c.Upload(t.Context(), strings.NewReader("bytes and more"), client.UploadOptions{Request: api.UploadRequest{Filename: "a.mp4", Size: 5}})
	if err != nil || id != idA {
		t.Errorf("got %q, %v", id, err)
	}
	want := []string{`POST /api/uploads {"filename":"a.mp4","size":5}`, "PUT /bucket?X-Amz-Signature=SIGNATURE bytes"}
	if diff := cmp.Diff(s.requests, want); diff != "" {
		t.Errorf("requests (-got +want)\n%s", diff)
	}
	if err := c.Send(t.Context(), api.UploadGrant{Method: "PATCH"}, strings.NewReader(""), 0); err == nil {
		t.Error("a grant of an unknown method was sent")
	}
}

const s3Fault = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>%s</Code><Message>Access
 Denied</Message><StringToSign>` + signature + `</StringToSign><SignatureProvided>` + signature + `</SignatureProvided></Error>`

func TestPutRetries(t *testing.T) {
	fault := func(status int, code string) http.HandlerFunc { return says(status, fmt.Sprintf(s3Fault, code)) }
	slow, taken, stored := fault(503, "SlowDown"), fault(412, "PreconditionFailed"), says(http.StatusOK, "")
	for _, test := range []struct {
		name  string
		steps []http.HandlerFunc
		want  *client.S3Error
	}{
		{"stored", []http.HandlerFunc{stored}, nil},
		{"after faults", []http.HandlerFunc{slow, hangsUp, stored}, nil},
		{"stored before", []http.HandlerFunc{hangsUp, taken}, nil},
		{"taken", []http.HandlerFunc{taken}, &client.S3Error{Status: 412, Code: "PreconditionFailed", Message: "Access Denied"}},
		{"conflict", []http.HandlerFunc{fault(409, "ConditionalRequestConflict"), stored}, nil},
		{"connection too slow", []http.HandlerFunc{fault(400, "RequestTimeout"), stored}, nil},
		{"refused", []http.HandlerFunc{fault(403, "AccessDenied")}, &client.S3Error{Status: 403, Code: "AccessDenied", Message: "Access Denied"}},
		{"no document", []http.HandlerFunc{says(400, "<html>")}, &client.S3Error{Status: 400}},
		{"led away", []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}}, &client.S3Error{Status: 307}},
		{"busy for ever", []http.HandlerFunc{slow, slow, slow, slow}, &client.S3Error{Status: 503, Code: "SlowDown", Message: "Access Denied"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			client.RecordPauses(t)
			s, c := play(t, test.steps...)
			err := c.Put(t.Context(), s.signed(), nil, strings.NewReader("bytes"), 5)
			failure, _ := errors.AsType[*client.S3Error](err)
			if diff := cmp.Diff(failure, test.want); diff != "" || err != nil != (test.want != nil) {
				t.Errorf("got %v (-got +want)\n%s", err, diff)
			}
			secretless(t, err)
			s.ended()
			for _, request := range s.requests {
				if request != "PUT /bucket?X-Amz-Signature=SIGNATURE bytes" {
					t.Errorf("got request %q", request)
				}
			}
		})
	}
}

// A file that cannot be read, or has become shorter, is read once.
func TestBadFile(t *testing.T) {
	pauses := client.RecordPauses(t)
	s, c := play(t)
	s.steps = []http.HandlerFunc{hangsUp, hangsUp}
	err := c.Put(t.Context(), s.signed(), nil, strings.NewReader("bytes"), 7)
	if err == nil || err.Error() != "sending the file: reading it: unexpected EOF: 2 bytes are missing" {
		t.Errorf("got %v", err)
	}
	err = c.Post(t.Context(), s.signed(), nil, broken{}, 7)
	if err == nil || err.Error() != "sending the file: reading it: the disk is gone" {
		t.Errorf("got %v", err)
	}
	if got := pauses(); len(got) > 0 {
		t.Errorf("got pauses %v, want none", got)
	}
}

// broken is a file that cannot be read.
type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, errors.New("the disk is gone") }

func TestSendInPrivate(t *testing.T) {
	_, c := play(t)
	for _, address := range []string{"http://example.com/?X-Amz-Signature=" + signature, ":%" + signature, ""} {
		err := c.Put(t.Context(), address, nil, strings.NewReader("bytes"), 5)
		if err == nil || err.Error() != "sending the file: the API answers with something else than a URL of https" {
			t.Errorf("%q: got %v", address, err)
		}
	}
	client.RecordPauses(t)
	err := c.Put(t.Context(), "http://127.0.0.1:1/?X-Amz-Signature="+signature, nil, strings.NewReader("bytes"), 5)
	if err == nil || !strings.HasPrefix(err.Error(), "sending the file: dial tcp") {
		t.Errorf("got %v", err)
	}
	secretless(t, err)
}

// A large file is not sent to a bucket that refuses it.
func TestExpectContinue(t *testing.T) {
	sent := 0
	_, c := play(t)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Expect") != "100-continue" {
			t.Error("S3 was not asked")
		}
		says(403, fmt.Sprintf(s3Fault, "AccessDenied"))(w, r)
	})
	server := serve(t, handler)
	err := c.Put(t.Context(), server, nil, counted{&sent}, 2<<20)
	if err == nil || !strings.Contains(err.Error(), "S3 answers 403 Forbidden: AccessDenied: Access Denied") {
		t.Errorf("got %v", err)
	}
	if sent != 0 {
		t.Errorf("%d bytes were read, want none", sent)
	}
}

// counted is a file of zeros that counts what is read of it.
type counted struct{ n *int }

func (c counted) ReadAt(p []byte, _ int64) (int, error) {
	*c.n += len(p)
	return len(p), nil
}
