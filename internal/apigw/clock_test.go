package apigw_test

import (
	"strings"
	"testing"
	"time"

	"postern/internal/apigw"
)

func TestWallClockHasNoMonotonicPart(t *testing.T) {
	if now := apigw.WallClock(); strings.Contains(now.String(), "m=") || time.Since(now) > time.Minute {
		t.Errorf("got %v", now)
	}
}
