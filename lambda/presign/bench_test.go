package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
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
