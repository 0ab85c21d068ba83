package main

import (
	"testing"
	"time"
)

// RealMain is realMain.
var RealMain = realMain

// ShortenPausesForTest makes retries wait next to nothing until the test ends.
func ShortenPausesForTest(t *testing.T) {
	before := longestPause
	longestPause = time.Millisecond
	t.Cleanup(func() { longestPause = before })
}
