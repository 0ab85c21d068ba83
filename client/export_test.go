package client

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/minio/crc64nvme"
)

// RecordPauses makes pauses take no time until the test ends, and returns those that were made.
func RecordPauses(t *testing.T) func() []time.Duration {
	var mutex sync.Mutex
	var pauses []time.Duration
	before := sleep
	sleep = func(ctx context.Context, d time.Duration) error {
		mutex.Lock()
		defer mutex.Unlock()
		pauses = append(pauses, d)
		return ctx.Err()
	}
	t.Cleanup(func() { sleep = before })
	return func() []time.Duration {
		mutex.Lock()
		defer mutex.Unlock()
		return slices.Clone(pauses)
	}
}

// SetSilence makes a transfer end after a time without progress, until the test ends.
func SetSilence(t *testing.T, limit time.Duration) {
	before := maxSilence
	maxSilence = limit
	t.Cleanup(func() { maxSilence = before })
}

// SumOf returns the checksum of content, made of the checksums of pieces of a length.
func SumOf(content []byte, length int) string {
	u := &upload{}
	for piece := range slices.Chunk(content, length) {
		u.parts = append(u.parts, part{size: int64(len(piece)), sum: checksum(crc64nvme.Checksum(piece)), known: true})
	}
	sum, _ := u.whole()
	return sum.String()
}

// PlanPartSize returns the part size of a file.
var PlanPartSize = planPartSize
