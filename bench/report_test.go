package main

import (
	"bytes"
	"log"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPrint(t *testing.T) {
	c := comparison{
		"knocking: time", duration,
		side{"by hand", series{1e-3, 4e-3, 2e-3}, 2e-3},
		side{"by ram", series{2e-3, 2e-3, 2e-3}, 0},
		0.9,
	}
	var out bytes.Buffer
	c.print(log.New(&out, "", 0))
	var got [][]string
	for line := range strings.Lines(strings.TrimSpace(out.String())) {
		got = append(got, strings.Fields(line))
	}
	want := [][]string{
		strings.Fields("knocking: time (3 times each)"),
		strings.Fields("by hand 2.00 ms 1.00 ms 4.00 ms 4.00 ms <= 2.00 ms: reached"),
		strings.Fields("by ram 2.00 ms 2.00 ms 2.00 ms 2.00 ms -"),
		strings.Fields("ratio 1.00 0.500 2.00 2.00 <= 0.900: not reached"),
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("lines (-got +want):\n%s", diff)
	}
}

func TestUnits(t *testing.T) {
	for _, test := range []struct {
		unit  unit
		value float64
		want  string
	}{
		{duration, 5.23e-6, "5.23 µs"},
		{duration, 0.0123, "12.3 ms"},
		{duration, 1.5, "1.50 s"},
		{duration, 300e-6, "300 µs"},
		{size, 2_512_000, "2.51 MB"},
		{size, 150e6, "150 MB"},
		{size, 1500, "1.50 kB"},
		{count, 8, "8"},
		{count, 373, "373"},
		{plain, 1.0 / 15, "0.067"},
		{plain, 12.34, "12.3"},
	} {
		if got := test.unit(test.value); got != test.want {
			t.Errorf("%v: got %q, want %q", test.value, got, test.want)
		}
	}
}
