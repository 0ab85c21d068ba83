package sign_test

import (
	"encoding/hex"
	"sync"
	"testing"
	"time"

	"postern/internal/sign"
)

// TestSigningKeyOfDay goes over midnight and back: each form is signed with its own day's key.
func TestSigningKeyOfDay(t *testing.T) {
	signer := newSigner(t, exampleConfig())
	if got := sign.CachedDayForTest(signer); got != "" {
		t.Errorf("got cached day %q, want none", got)
	}
	midnight := time.Date(2026, time.March, 15, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		now time.Time
		day string
	}{
		{midnight.Add(-time.Nanosecond), "20260314"},
		{midnight, "20260315"},
		{midnight.Add(-time.Second), "20260314"}, // a clock set back
		{midnight.Add(24*time.Hour - 1), "20260315"},
		{midnight.Add(-time.Hour).In(time.FixedZone("", 2*3600)), "20260314"}, // already the next day there
		{midnight.AddDate(1, 0, 0), "20270315"},
	} {
		form := presign(t, signer, examplePost(), test.now, exampleLifetime)
		if got := sign.CachedDayForTest(signer); got != test.day {
			t.Errorf("%s: got cached day %q, want %q", test.now, got, test.day)
		}
		if got, want := form.Fields["x-amz-signature"], signatureOf(exampleConfig(), form.Fields["policy"], test.now); got != want {
			t.Errorf("%s: got signature %s, want %s", test.now, got, want)
		}
		if got, want := form.Fields["x-amz-credential"], exampleAccessKeyID+"/"+test.day+"/eu-west-1/s3/aws4_request"; got != want {
			t.Errorf("%s: got credential %s, want %s", test.now, got, want)
		}
	}
}

func TestSigningKeyIsCached(t *testing.T) {
	signer := newSigner(t, exampleConfig())
	day := time.Date(2026, time.March, 14, 0, 0, 0, 0, time.UTC)
	if !sign.SameKeyForTest(signer, day, day.Add(24*time.Hour-1)) {
		t.Error("the key was derived again within its day")
	}
	if sign.SameKeyForTest(signer, day, day.Add(24*time.Hour)) {
		t.Error("the key was kept over midnight")
	}
}

// TestPresignPostConcurrently signs around midnight from many goroutines; the race detector watches in make test-race.
func TestPresignPostConcurrently(t *testing.T) {
	signer := newSigner(t, exampleConfig())
	midnight := time.Date(2026, time.March, 15, 0, 0, 0, 0, time.UTC)
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for n := range 200 {
				now, day := midnight, "20260315"
				if (g+n)%2 == 0 {
					now, day = midnight.Add(-time.Second), "20260314"
				}
				form, err := signer.PresignPost(examplePost(), now, exampleLifetime)
				if err != nil {
					t.Errorf("PresignPost: %v", err)
					return
				}
				if got, want := form.Fields["x-amz-signature"], signatureOf(exampleConfig(), form.Fields["policy"], now); got != want {
					t.Errorf("%s: got signature %s, want %s", day, got, want)
				}
			}
		})
	}
	group.Wait()
}

// TestDeriveKey has the example of AWS's documentation, "Derive a signing key".
func TestDeriveKey(t *testing.T) {
	got := hex.EncodeToString(sign.DeriveKey("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam"))
	if want := "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
