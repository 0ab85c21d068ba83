package upload_test

import (
	"errors"
	"testing"
	"time"

	"postern/api"
	"postern/internal/upload"
)

func TestParseDownload(t *testing.T) {
	for _, test := range []struct {
		name, contentType string
		query             map[string]string
		longest           time.Duration
		want              upload.Download
	}{
		{"nothing said", "text/csv", nil, time.Hour, upload.Download{Disposition: "attachment", Lifetime: 5 * time.Minute}},
		{"nothing said, short signatures", "text/csv", nil, 2 * time.Minute, upload.Download{Disposition: "attachment", Lifetime: 2 * time.Minute}},
		{"attachment", "text/html", map[string]string{"disposition": "attachment"}, time.Hour, upload.Download{Disposition: "attachment", Lifetime: 5 * time.Minute}},
		{"shortest", "text/csv", map[string]string{"expires": "60"}, time.Hour, upload.Download{Disposition: "attachment", Lifetime: time.Minute}},
		{"longest", "video/mp4", map[string]string{"expires": "3600", "disposition": "inline"}, time.Hour, upload.Download{Disposition: "inline", Lifetime: time.Hour}},
		{"picture", "image/png", map[string]string{"disposition": "inline"}, time.Hour, upload.Download{Disposition: "inline", Lifetime: 5 * time.Minute}},
		{"sound", "audio/mpeg", map[string]string{"disposition": "inline"}, time.Hour, upload.Download{Disposition: "inline", Lifetime: 5 * time.Minute}},
		{"text", "text/plain", map[string]string{"disposition": "inline"}, time.Hour, upload.Download{Disposition: "inline", Lifetime: 5 * time.Minute}},
	} {
		if got, err := upload.ParseDownload(test.query, test.contentType, test.longest); err != nil || got != test.want {
			t.Errorf("%s: got %+v, %v, want %+v", test.name, got, err, test.want)
		}
	}
}

func TestParseDownloadRefuses(t *testing.T) {
	for _, test := range []struct{ parameter, value, contentType, message string }{
		{"disposition", "", "video/mp4", `disposition "" is not known: must be one of attachment, inline`},
		{"disposition", "Inline", "video/mp4", `disposition "Inline" is not known: must be one of attachment, inline`},
		{"disposition", "inline; filename=x", "video/mp4", `disposition "inline; filename=x" is not known: must be one of attachment, inline`},
		{"disposition", "inline", "image/svg+xml", `disposition inline is not allowed for image/svg+xml: must be attachment`},
		{"disposition", "inline", "text/html", `disposition inline is not allowed for text/html: must be attachment`},
		{"disposition", "inline", "application/pdf", `disposition inline is not allowed for application/pdf: must be attachment`},
		{"disposition", "inline", "application/xhtml+xml", `disposition inline is not allowed for application/xhtml+xml: must be attachment`},
		{"disposition", "inline", "", `disposition inline is not allowed for : must be attachment`},
		{"expires", "59", "video/mp4", `expires "59" is not allowed: must be 60 to 900 seconds`},
		{"expires", "901", "video/mp4", `expires "901" is not allowed: must be 60 to 900 seconds`},
		{"expires", "0060", "video/mp4", `expires "0060" is not allowed: must be 60 to 900 seconds`},
		{"expires", "", "video/mp4", `expires "" is not allowed: must be 60 to 900 seconds`},
		{"expires", "-60", "video/mp4", `expires "-60" is not allowed: must be 60 to 900 seconds`},
		{"expires", "1e2", "video/mp4", `expires "1e2" is not allowed: must be 60 to 900 seconds`},
		{"expires", "9223372036854775808", "video/mp4", `expires "9223372036854775808" is not allowed: must be 60 to 900 seconds`},
	} {
		got, err := upload.ParseDownload(map[string]string{test.parameter: test.value}, test.contentType, 15*time.Minute)
		refusal, ok := errors.AsType[*upload.Error](err)
		if !ok || refusal.Code != api.InvalidRequest || refusal.Message != test.message {
			t.Errorf("%s %q of %s: got %+v, %v, want %s", test.parameter, test.value, test.contentType, got, err, test.message)
		}
	}
}
