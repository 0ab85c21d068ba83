package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"postern/api"
	"postern/client"
)

const (
	// smokeQuota is what each of the run's users may keep, in bytes: what a fault of this command can cost.
	smokeQuota = 64 << 20
	// smokeParts is the size of what is sent in parts: two of the least size that S3 takes, and a rest.
	smokeParts    = 11 << 20
	smokePartSize = 5 << 20
	smokeTitle    = "a title"
)

// smallText and largeText are what is uploaded.
var (
	smallText = []byte("Postern's smoke test.\n")
	largeText = bytes.Repeat([]byte("0123456789abcdefghijklmnopqrstu\n"), smokeParts/32)
)

func (s *smoke) steps() []step {
	return []step{
		{"two users", s.addUsers},
		{"watch the event bus", s.watchEvents},
		{"usage is zero", s.usageIsZero},
		{"upload by a form", s.uploadForm},
		{"upload by a PUT", s.uploadPut},
		{"upload 11 MiB in parts", s.uploadParts},
		{"upload what is no pdf", s.uploadWrong},
		{"inspected: ready", s.becomesReady},
		{"inspected: rejected", s.becomesRejected},
		{"an event of each verdict", s.seeEvents},
		{"list", s.list},
		{"describe", s.describe},
		{"download as attachment", s.downloadAttachment},
		{"download a range inline", s.downloadInline},
		{"no download of a rejected", s.refuseRejected},
		{"wrong password", s.refuseStranger},
		{"another user's upload", s.refuseOther},
		{"delete", s.delete},
		{"usage is zero again", s.usageIsZero},
	}
}

func (s *smoke) addUsers(ctx context.Context) (err error) {
	if s.own, s.stranger, err = s.addUser(ctx); err != nil {
		return err
	}
	s.other, _, err = s.addUser(ctx)
	return err
}

func (s *smoke) usageIsZero(ctx context.Context) error {
	for {
		usage, err := s.own.Usage(ctx)
		if err != nil || usage.Used == 0 && usage.Files == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("usage is %d bytes in %d files", usage.Used, usage.Files)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (s *smoke) uploadForm(ctx context.Context) error {
	form, err := s.own.Form(ctx, string(s.users[0].mail.Mail), "smoke.txt", "")
	if err != nil {
		return err
	}
	s.form = form.ID
	return s.own.Post(ctx, form.URL, form.Fields, bytes.NewReader(smallText), int64(len(smallText)))
}

func (s *smoke) uploadPut(ctx context.Context) (err error) {
	s.put, err = s.upload(ctx, smallText, api.UploadRequest{Filename: "smoke.txt", Via: new(api.ViaPut)})
	return err
}

func (s *smoke) uploadParts(ctx context.Context) (err error) {
	s.parts, err = s.upload(ctx, largeText, api.UploadRequest{Filename: "smoke.txt", Via: new(api.ViaMultipart), PartSize: new(int64(smokePartSize))})
	return err
}

func (s *smoke) uploadWrong(ctx context.Context) (err error) {
	s.rejected, err = s.upload(ctx, smallText, api.UploadRequest{Filename: "smoke.pdf"})
	return err
}

func (s *smoke) upload(ctx context.Context, content []byte, request api.UploadRequest) (id string, err error) {
	request.Size = int64(len(content))
	return s.own.Upload(ctx, bytes.NewReader(content), client.UploadOptions{Request: request})
}

func (s *smoke) becomesReady(ctx context.Context) error {
	for _, id := range []string{s.form, s.put, s.parts} {
		upload, err := s.own.Await(ctx, id)
		if err != nil {
			return err
		}
		if upload.Status != api.StatusReady {
			return fmt.Errorf("upload %s is %s %s: must be ready", id, upload.Status, upload.Reason)
		}
	}
	return nil
}

func (s *smoke) becomesRejected(ctx context.Context) error {
	upload, err := s.own.Await(ctx, s.rejected)
	if err == nil && upload.Status != api.StatusRejected {
		return fmt.Errorf("upload %s, which is no pdf, is %s: must be rejected", s.rejected, upload.Status)
	}
	return err
}

func (s *smoke) list(ctx context.Context) error {
	missing := map[string]bool{s.form: true, s.put: true, s.parts: true, s.rejected: true}
	for page, err := range s.own.List(ctx, client.ListOptions{}) {
		if err != nil {
			return err
		}
		for _, upload := range page.Uploads {
			delete(missing, upload.ID)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%d of 4 uploads are not listed", len(missing))
	}
	return nil
}

func (s *smoke) describe(ctx context.Context) error {
	upload, err := s.own.Patch(ctx, s.put, api.UploadPatch{Title: new(smokeTitle)}, client.AnyVersion)
	if err == nil && upload.Title != smokeTitle {
		return fmt.Errorf("the title is %q: must be %q", upload.Title, smokeTitle)
	}
	return err
}

func (s *smoke) downloadAttachment(ctx context.Context) error {
	upload, err := s.own.Get(ctx, s.parts)
	if err != nil {
		return err
	}
	download, err := s.own.Download(ctx, upload.Upload)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(download) // whose checksum it compares
	if err := errors.Join(err, download.Close()); err != nil {
		return err
	}
	if !bytes.Equal(content, largeText) {
		return fmt.Errorf("got %d bytes that differ from the %d that were uploaded", len(content), len(largeText))
	}
	return checkDisposition(download.Header, api.Attachment)
}

func (s *smoke) downloadInline(ctx context.Context) error {
	signed, err := s.own.DownloadURL(ctx, s.parts, api.Inline)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, signed.URL, http.NoBody)
	if err != nil {
		return errors.New("the URL is malformed")
	}
	const first, last = 3 << 20, 3<<20 + 999
	request.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", first, last))
	response, err := s.own.HTTP.Do(request)
	if err != nil {
		return fmt.Errorf("%s does not answer", request.URL.Host)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, smokeParts))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode != http.StatusPartialContent || !bytes.Equal(content, largeText[first:last+1]) {
		return fmt.Errorf("S3 answers %s with %d bytes: must be 206 with the 1000 of the range", response.Status, len(content))
	}
	return checkDisposition(response.Header, api.Inline)
}

func checkDisposition(header http.Header, want string) error {
	if got := header.Get("Content-Disposition"); !strings.HasPrefix(got, want+";") || !strings.Contains(got, "smoke.txt") {
		return fmt.Errorf("content disposition is %q: must be %s, with the file's name", got, want)
	}
	return nil
}

func (s *smoke) refuseRejected(ctx context.Context) error {
	_, err := s.own.DownloadURL(ctx, s.rejected, api.Attachment)
	return checkRefused(err, http.StatusConflict)
}

func (s *smoke) refuseStranger(ctx context.Context) error {
	_, err := s.stranger.Usage(ctx)
	return checkRefused(err, http.StatusUnauthorized)
}

func (s *smoke) refuseOther(ctx context.Context) error {
	_, err := s.other.Get(ctx, s.put)
	return checkRefused(err, http.StatusNotFound)
}

// checkRefused returns nil if err is the API's refusal with a status.
func checkRefused(err error, status int) error {
	refusal, ok := errors.AsType[*client.Error](err)
	switch {
	case err == nil:
		return fmt.Errorf("it is not refused: must be %d", status)
	case !ok:
		return err
	case refusal.Status != status:
		return fmt.Errorf("it is refused with %d, %w: must be %d", refusal.Status, refusal, status)
	}
	return nil
}

func (s *smoke) delete(ctx context.Context) error {
	for _, id := range []string{s.form, s.put, s.parts, s.rejected} {
		if err := s.own.Delete(ctx, id); err != nil {
			return err
		}
		if _, err := s.own.Get(ctx, id); checkRefused(err, http.StatusNotFound) != nil {
			return fmt.Errorf("upload %s is still there after its deletion", id)
		}
	}
	return nil
}
