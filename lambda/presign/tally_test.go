package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// checkLog compares the lines of a log with some, without what differs each time: level, time and the ids of requests.
func checkLog(t *testing.T, log *bytes.Buffer, want ...string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(log.String()) {
		var members map[string]any
		if err := json.Unmarshal([]byte(line), &members); err != nil {
			t.Fatalf("line %s: %v", line, err)
		}
		if members["apiRequestId"] == "" || members["apiRequestId"] == nil {
			t.Errorf("line %s has no apiRequestId", line)
		}
		_, rest, _ := strings.Cut(line, `"owner":`)
		got = append(got, `{"message":"`+members["msg"].(string)+`","owner":`+strings.TrimSuffix(rest, "\n"))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("log: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestGrantsAreCounted reads the lines of which the stage's metrics are made: one for each way to send, whatever a request
// asks for.
func TestGrantsAreCounted(t *testing.T) {
	const begin = `{"message":"granted","owner":"` + owner + `",`
	const refused = `{"message":"refused by quota","owner":"` + owner + `","count":`
	for name, test := range map[string]struct {
		body   string
		status int
		want   []string
	}{
		"a PUT":     {`{"filename":"a.mp4","size":7}`, http.StatusCreated, []string{begin + `"transport":"PUT","count":1,"bytes":7}`}},
		"a form":    {`{"filename":"a.mp4","size":7,"via":"form"}`, http.StatusCreated, []string{begin + `"transport":"POST","count":1,"bytes":7}`}},
		"parts":     {`{"filename":"a.mp4","size":7,"via":"multipart"}`, http.StatusCreated, []string{begin + `"transport":"MULTIPART","count":1,"bytes":7}`}},
		"no format": {`{"filename":"a.exe","size":7}`, http.StatusUnsupportedMediaType, nil},
		// The folder of documents takes 1 MiB.
		"too large for the folder": {`{"filename":"a.pdf","size":1048577}`, http.StatusRequestEntityTooLarge, nil},
		"over what is left":        {`{"filename":"a.mp4","size":2097152}`, http.StatusRequestEntityTooLarge, []string{refused + `1}`}},
		"a batch": {
			`{"uploads":[{"filename":"a.mp4","size":1},{"filename":"b.mp4","size":2,"via":"multipart"},{"filename":"c.mp4","size":3},
				{"filename":"d.exe","size":1},{"filename":"e.mp4","size":2097152}]}`, http.StatusCreated,
			[]string{begin + `"transport":"PUT","count":2,"bytes":4}`, begin + `"transport":"MULTIPART","count":1,"bytes":2}`, refused + `1}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			e := uploadEvent(t, test.body)
			e.RequestContext.Authorizer["remaining"] = "2097152"
			response, err := started(t, setup(&log))(t.Context(), e)
			if err != nil || response.StatusCode != test.status {
				t.Fatalf("got %d %s, %v, want %d", response.StatusCode, response.Body, err, test.status)
			}
			checkLog(t, &log, test.want...)
		})
	}
}

// TestFormsOverQuotaAreCounted does the same for the route that gives forms.
func TestFormsOverQuotaAreCounted(t *testing.T) {
	var log bytes.Buffer
	e := event(t, nil)
	e.RequestContext.Authorizer["remaining"] = "0"
	response, err := started(t, setup(&log))(t.Context(), e)
	if err != nil || response.StatusCode != http.StatusForbidden {
		t.Fatalf("got %d %s, %v, want 403", response.StatusCode, response.Body, err)
	}
	checkLog(t, &log, `{"message":"refused by quota","owner":"`+owner+`","count":1}`)
}
