package main_test

import (
	"strings"
	"testing"

	postern "postern/cmd/postern"
)

// TestDoctorRefusesWhatIsNoOrigin: a browser sends no path, and no slash at the end.
func TestDoctorRefusesWhatIsNoOrigin(t *testing.T) {
	a := serveAPI(t)
	for _, origin := range []string{"app.example.com", "https://app.example.com/", "https://app.example.com/page", "https://", ""} {
		got := run(t, "", "doctor", "--origin", origin)
		if got.code != 2 || !strings.Contains(got.err, "must be as a browser sends it") {
			t.Errorf("%q: got %+v, want 2", origin, got)
		}
	}
	if called := a.called(); len(called) > 0 {
		t.Errorf("the API was called: %q", called)
	}
}

// TestHostRegion reads the region from S3's hosts, in both styles.
func TestHostRegion(t *testing.T) {
	for host, want := range map[string]string{
		"bucket.s3.eu-west-1.amazonaws.com":           "eu-west-1",
		"my.bucket.s3.us-gov-east-1.amazonaws.com":    "us-gov-east-1",
		"s3.eu-central-1.amazonaws.com":               "eu-central-1",
		"bucket.s3.dualstack.us-east-2.amazonaws.com": "us-east-2",
		"bucket.s3.cn-north-1.amazonaws.com.cn":       "cn-north-1",
		"bucket.s3.amazonaws.com":                     "",
		"127.0.0.1":                                   "",
		"s3.eu-west-1.amazonaws.com.example.com":      "",
	} {
		if got := postern.HostRegion(host); got != want {
			t.Errorf("%s: got %q, want %q", host, got, want)
		}
	}
}
