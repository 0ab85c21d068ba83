package api_test

import (
	"encoding/json"
	"testing"
	"time"

	"postern/api"
)

func TestTimesHaveThreeFractionDigits(t *testing.T) {
	for nanoseconds, want := range map[int]string{
		0: "2026-03-14T15:09:26.000Z", 500_000_000: "2026-03-14T15:09:26.500Z", 535_000_000: "2026-03-14T15:09:26.535Z",
		7_000_000: "2026-03-14T15:09:26.007Z", 999_999_999: "2026-03-14T15:09:26.999Z",
	} {
		utc := time.Date(2026, time.March, 14, 15, 9, 26, nanoseconds, time.UTC)
		for _, at := range []time.Time{utc, utc.In(time.FixedZone("", 3600))} {
			body, err := json.Marshal(struct {
				At api.Time `json:"at"`
			}{api.Time{Time: at}})
			if string(body) != `{"at":"`+want+`"}` || err != nil {
				t.Errorf("%v: got %s, %v, want %s", at, body, err, want)
			}
			if text, err := (api.Time{Time: at}).MarshalText(); string(text) != want || err != nil {
				t.Errorf("%v: got %s, %v, want %s", at, text, err, want)
			}
			var back struct {
				At api.Time `json:"at"`
			}
			if err := json.Unmarshal(body, &back); err != nil || !back.At.Equal(utc.Truncate(time.Millisecond)) {
				t.Errorf("%s: read as %v, %v", body, back.At, err)
			}
		}
	}
	if body, err := json.Marshal(api.Time{Time: time.Date(10000, time.January, 1, 0, 0, 0, 0, time.UTC)}); err == nil {
		t.Errorf("got %s, want an error", body)
	}
}
