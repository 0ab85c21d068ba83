package main

import (
	"bytes"
	"context"
	"errors"
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
		{plain, 1.0 / 15, "0.067"},
		{plain, 12.34, "12.3"},
	} {
		if got := test.unit(test.value); got != test.want {
			t.Errorf("%v: got %q, want %q", test.value, got, test.want)
		}
	}
}

func TestQuantile(t *testing.T) {
	hundred := make(series, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for _, test := range []struct {
		name     string
		series   series
		quantile float64
		want     float64
	}{
		{"median of one", series{7}, 0.5, 7},
		{"median of an odd number", series{9, 1, 5}, 0.5, 5},
		{"median of an even number", series{9, 1, 5, 2}, 0.5, 3.5},
		{"smallest", series{9, 1, 5}, 0, 1},
		{"largest", series{9, 1, 5}, 1, 9},
		{"p95 of a few", series{9, 1, 5}, 0.95, 9},
		{"p95 of a hundred", hundred, 0.95, 95},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.series.quantile(test.quantile); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestOverDividesInOrder(t *testing.T) {
	got := series{2, 9}.over(series{4, 3})
	if diff := cmp.Diff(got, series{0.5, 3}); diff != "" {
		t.Errorf("ratios (-got +want):\n%s", diff)
	}
}

func TestInTurnAlternatesAndDropsTheFirstRound(t *testing.T) {
	var calls []int
	call := func(side int) func() (int, error) {
		return func() (int, error) {
			calls = append(calls, side)
			return len(calls), nil
		}
	}
	ours, reference, err := inTurn(t.Context(), 2, call(1), call(2))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(calls, []int{1, 2, 1, 2, 1, 2}); diff != "" {
		t.Errorf("calls (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff([][]int{ours, reference}, [][]int{{3, 5}, {4, 6}}); diff != "" {
		t.Errorf("measured (-got +want):\n%s", diff)
	}
}

func TestInTurnStops(t *testing.T) {
	broken := errors.New("broken")
	works := func() (int, error) { return 0, nil }
	fails := func() (int, error) { return 0, broken }
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name            string
		ctx             context.Context
		ours, reference func() (int, error)
		want            error
	}{
		{"ours", t.Context(), fails, works, broken},
		{"reference", t.Context(), works, fails, broken},
		{"interrupted", canceled, works, works, context.Canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, _, err := inTurn(test.ctx, 3, test.ours, test.reference); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}
