package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"testing"
)

// BenchmarkInvoke answers the event of a form, from API Gateway's JSON to the function's.
func BenchmarkInvoke(b *testing.B) {
	gateway, err := newFunction(setup(io.Discard))
	if err != nil {
		b.Fatal(err)
	}
	text, err := os.ReadFile("testdata/event.json")
	if err != nil {
		b.Fatal(err)
	}
	var payload bytes.Buffer // without spaces around its members, as API Gateway sends it
	if err := json.Compact(&payload, text); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		answer, err := gateway.Invoke(b.Context(), payload.Bytes())
		if err != nil || !bytes.HasPrefix(answer, []byte(`{"statusCode":200,`)) {
			b.Fatalf("got %s, %v", answer, err)
		}
	}
}
