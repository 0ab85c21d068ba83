package api_test

import (
	"strings"
	"testing"
	"time"

	"postern/lambda/internal/api"
)

func TestWallClockHasNoMonotonicPart(t *testing.T) {
	if now := api.WallClock(); strings.Contains(now.String(), "m=") || time.Since(now) > time.Minute {
		t.Errorf("got %v", now)
	}
}
