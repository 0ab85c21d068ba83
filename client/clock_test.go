package client_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postern/api"
	"postern/client"
)

// Where this machine's clock is wrong, no certificate is valid. The error says what the clock shows.
func TestCertificateAndClock(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	c, err := client.New(server.URL+"/api", nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := c.HTTP.Transport.(*http.Transport)
	transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	wrong := server.Certificate().NotAfter.Add(time.Hour)
	transport.TLSClientConfig.Time = func() time.Time { return wrong }
	_, apiErr := c.Grant(t.Context(), api.UploadRequest{Filename: "a.mp4", Size: 1})
	s3Err := c.Put(t.Context(), server.URL+"/bucket", nil, strings.NewReader("a"), 1)
	for step, err := range map[string]error{"API": apiErr, "S3": s3Err} {
		if err == nil || !strings.Contains(err.Error(), "this machine's clock says "+time.Now().UTC().Format("2006-")) {
			t.Errorf("%s: got %v, want what the clock says", step, err)
		}
	}
}
