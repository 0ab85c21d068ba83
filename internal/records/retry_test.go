package records_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/google/go-cmp/cmp"

	"postern/internal/records"
	"postern/internal/upload"
)

func TestConflictsAreTriedAgain(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		times        int // that it is answered
		want         error
		pauses       int
	}{
		{"a conflict", conflict, 3, nil, 3},
		{"a throttle", throttled, 1, nil, 1},
		{"a conflict without end", conflict, 1000, errFault, 7},
		{"a record that is there, and a conflict", mixed, 1, upload.ErrChanged, 0},
		{"over quota, and a conflict", overAndClash, 1, nil, 1},
		{"a fault", invalid, 1, errFault, 0},
	} {
		b := newBench(t)
		left := test.times
		b.meddle = func(_, _ string, w http.ResponseWriter, pass func()) {
			if left--; left >= 0 {
				refuse(w, http.StatusBadRequest, test.answer)
				return
			}
			pass()
		}
		err := b.Accept(t.Context(), full(idOf(1)), roomy)
		if errors.Is(test.want, errFault) {
			if err == nil || errors.Is(err, upload.ErrChanged) || errors.Is(err, upload.ErrOverQuota) {
				t.Errorf("%s: %v, want a fault", test.name, err)
			}
		} else if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		if len(b.pauses) != test.pauses {
			t.Errorf("%s: pauses %v, want %d", test.name, b.pauses, test.pauses)
		}
	}
}

var errFault = errors.New("any other error")

const ms = time.Millisecond

// pauses are the longest ones of a write that meets others without end.
var pauses = []time.Duration{25 * ms, 50 * ms, 100 * ms, 200 * ms, 400 * ms, 800 * ms, time.Second}

func TestPausesGrow(t *testing.T) {
	b := newBench(t)
	b.meddle = func(_, _ string, w http.ResponseWriter, _ func()) { refuse(w, http.StatusBadRequest, itemConflict) }
	if _, err := b.SetVerdict(t.Context(), full(idOf(1))); err == nil || errors.Is(err, upload.ErrChanged) {
		t.Errorf("SetVerdict: %v, want a fault", err)
	}
	if diff := cmp.Diff(b.pauses, pauses); diff != "" {
		t.Errorf("pauses (-got +want)\n%s", diff)
	}
}

// inConflict are uploads whose every write meets another, and which wait by the clock. They call back at every try.
func inConflict(try func()) *records.Uploads {
	return records.NewUploads(dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String("http://dynamodb.test"), Credentials: credentials,
		HTTPClient: inProcess{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			try()
			refuse(w, http.StatusBadRequest, itemConflict)
		})},
	}), uploadsTable)
}

// A pause is any part of its longest time: writes that met each other do not meet again.
func TestPausesAreRandom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries []time.Time
		uploads := inConflict(func() { tries = append(tries, time.Now()) })
		shortest, longest := time.Second, time.Duration(0)
		for range 100 {
			tries = nil
			if _, err := uploads.SetVerdict(t.Context(), full(idOf(1))); err == nil || len(tries) != 8 {
				t.Fatalf("SetVerdict: %v after %d tries, want a fault after 8", err, len(tries))
			}
			for i, most := range pauses {
				if pause := tries[i+1].Sub(tries[i]); pause < 0 || pause > most {
					t.Errorf("pause %d is %v, want at most %v", i, pause, most)
				}
			}
			last := tries[7].Sub(tries[6])
			shortest, longest = min(shortest, last), max(longest, last)
		}
		// Chance misses a quarter of a second 100 times once in 10^12 runs.
		if shortest > time.Second/4 || longest < 3*time.Second/4 {
			t.Errorf("pauses of up to 1s are from %v to %v", shortest, longest)
		}
	})
}

func TestNoTryAfterTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		start, tries := time.Now(), 0
		uploads := inConflict(func() {
			tries++
			cancel()
		})
		_, err := uploads.SetVerdict(ctx, full(idOf(1)))
		if waited := time.Since(start); !errors.Is(err, context.Canceled) || tries != 1 || waited > 0 {
			t.Errorf("SetVerdict: %v after %d tries and %v, want one and no time", err, tries, waited)
		}
	})
}
