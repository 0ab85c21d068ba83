package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// BenchmarkInvoke answers an event, from API Gateway's JSON to the function's: that of a PUT, which is the default, and that
// of a form.
func BenchmarkInvoke(b *testing.B) {
	setup := setup(io.Discard)
	setup.Env.Throttle.OwnerRate, setup.Env.Throttle.OwnerBurst = 1e6, 1e6 // one caller asks all the time
	gateway, err := newFunction(setup)
	if err != nil {
		b.Fatal(err)
	}
	for _, test := range []struct{ name, event, begins string }{
		{"put", "testdata/put.json", `{"statusCode":201,`}, {"form", "testdata/event.json", `{"statusCode":200,`},
	} {
		b.Run(test.name, func(b *testing.B) {
			text, err := os.ReadFile(test.event)
			if err != nil {
				b.Fatal(err)
			}
			var payload bytes.Buffer // without spaces around its members, as API Gateway sends it
			if err := json.Compact(&payload, text); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				answer, err := gateway.Invoke(b.Context(), payload.Bytes())
				if err != nil || !bytes.HasPrefix(answer, []byte(test.begins)) {
					b.Fatalf("got %s, %v", answer, err)
				}
			}
		})
	}
}

// BenchmarkInvokeParts answers the event of 500 parts. The goal is a third of what the SDK's presign client takes to sign them
// (BenchmarkPresignParts).
func BenchmarkInvokeParts(b *testing.B) {
	gateway, err := newFunction(setup(io.Discard))
	if err != nil {
		b.Fatal(err)
	}
	var parts []string
	for number := range 500 {
		parts = append(parts, fmt.Sprintf(`{"number":%d}`, number+1))
	}
	event := multipartEvent(b, "/parts", fmt.Sprintf(`{"uploadId":"%s","size":%d,"parts":[%s]}`, uploadID, 500*16*mib, strings.Join(parts, ",")))
	event.RequestContext.Authorizer["maxSize"] = fmt.Sprint(500 * 16 * mib)
	payload, err := json.Marshal(event)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		answer, err := gateway.Invoke(b.Context(), payload)
		if err != nil || !bytes.HasPrefix(answer, []byte(`{"statusCode":200,`)) {
			b.Fatalf("got %.300s, %v", answer, err)
		}
	}
}
