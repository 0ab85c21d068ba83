package main

import (
	"bytes"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// A caller who may not use every folder is granted nothing in another, and signs nothing of an upload there.
func TestFoldersOfACaller(t *testing.T) {
	const part = `{"uploadId":"` + uploadID + `","size":1,"parts":[{"number":1}]}`
	for _, test := range []struct {
		folders string
		event   events.APIGatewayProxyRequest
		status  int
	}{
		{"videos", uploadEvent(t, `{"filename":"a.mp4","size":1}`), 201},
		{"videos,images", uploadEvent(t, `{"filename":"a.mp4","size":1}`), 201},
		{"images", uploadEvent(t, `{"filename":"a.mp4","size":1}`), 415},
		{"", uploadEvent(t, `{"filename":"a.mp4","size":1}`), 415},
		{"videos", multipartEvent(t, "/parts", part), 200},
		{"images", multipartEvent(t, "/parts", part), 404},
		{"", multipartEvent(t, "/parts", part), 404},
	} {
		test.event.RequestContext.Authorizer["folders"] = test.folders
		response, err := started(t, setup(&bytes.Buffer{}))(t.Context(), test.event)
		if err != nil || response.StatusCode != test.status {
			t.Errorf("folders %q, %s: got %d %s, %v, want %d", test.folders, test.event.Resource, response.StatusCode, response.Body, err, test.status)
		}
	}
}
