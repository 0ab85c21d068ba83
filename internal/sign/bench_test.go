package sign_test

import (
	"testing"

	"postern/internal/sign"
)

// BenchmarkPresignPost signs the form of a typical upload. A session token, which temporary credentials add, makes up
// half of a form: it is in the policy too.
func BenchmarkPresignPost(b *testing.B) {
	for _, bench := range []struct{ name, token string }{
		{"long-lived", ""},
		{"temporary", exampleToken},
	} {
		b.Run(bench.name, func(b *testing.B) {
			config := exampleConfig()
			config.Credentials.SessionToken = bench.token
			signer, err := sign.New(config)
			if err != nil {
				b.Fatal(err)
			}
			post := examplePost()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := signer.PresignPost(post, exampleNow, exampleLifetime); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPresignPut signs the request of a typical upload, with temporary credentials.
func BenchmarkPresignPut(b *testing.B) {
	config := exampleConfig()
	config.Credentials.SessionToken = exampleToken
	signer, err := sign.New(config)
	if err != nil {
		b.Fatal(err)
	}
	put := examplePut()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := signer.PresignPut(put, exampleNow, exampleLifetime); err != nil {
			b.Fatal(err)
		}
	}
}
