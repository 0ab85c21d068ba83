package api_test

import (
	"math"
	"testing"

	"postern/api"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1500": 1500, "1500 B": 1500, "1500B": 1500, "5 KiB": 5 << 10, "5MiB": 5 << 20, "5 GiB": 5 << 30,
		"2 TiB": 2 << 40, "5 kB": 5000, "5 MB": 5e6, "5 GB": 5e9, "5TB": 5e12,
		"9223372036854775807": math.MaxInt64, "8388607 TiB": 8388607 << 40,
	} {
		if got, err := api.ParseSize(text); got != want || err != nil {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", " ", "GiB", "5 gib", "5 KB", "5 iB", "5  GiB", " 5 GiB", "5 GiB ", "-5 GiB", "1.5 GiB", "5 PiB", "0x5", "٥",
		"9223372036854775808", "8388608 TiB", "9223373 TB", "99999999999999999999",
	} {
		if got, err := api.ParseSize(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}

func TestFormatSize(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 1: "1 B", 1500: "1500 B", 1024: "1 KiB", 1536: "1536 B", 5 << 30: "5 GiB", 1 << 40: "1 TiB",
		api.MaxObject: "50000 GiB",
	} {
		if got := api.FormatSize(bytes); got != want {
			t.Errorf("%d: got %q, want %q", bytes, got, want)
		}
		if parsed, err := api.ParseSize(want); parsed != bytes || err != nil {
			t.Errorf("%q: parsed as %d, %v", want, parsed, err)
		}
	}
}
