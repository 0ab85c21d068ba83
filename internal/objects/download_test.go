package objects_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/sign"
	"postern/internal/upload"
)

// TestDownload gets the version that was signed from the server, under the headers that were signed.
func TestDownload(t *testing.T) {
	s := start(t)
	version := s.put(t, key, "a video")
	s.put(t, key, "a second")
	signer, err := sign.New(sign.Config{Region: region, Bucket: name, Endpoint: s.url, Credentials: sign.Credentials{
		AccessKeyID: s.credentials.AccessKeyID, SecretAccessKey: s.credentials.SecretAccessKey, SessionToken: s.credentials.SessionToken,
	}})
	if err != nil {
		t.Fatal(err)
	}
	disposition := upload.Disposition(api.Attachment, `Übung "1" 50% + é.mp4`)
	signed, err := signer.PresignGet(sign.Get{Key: key, VersionID: version, ContentDisposition: disposition, ContentType: "video/mp4"}, time.Now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), signed.Method, signed.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body)
	got := []string{response.Status, string(body), response.Header.Get("Content-Disposition"), response.Header.Get("Content-Type")}
	if diff := cmp.Diff(got, []string{"200 OK", "a video", disposition, "video/mp4"}); diff != "" {
		t.Errorf("answer (-got +want):\n%s", diff)
	}
}
