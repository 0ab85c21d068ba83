package main

import (
	"context"
	"log"
	"math"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// A series holds measured values in the order of measuring: seconds, bytes or a number.
type series []float64

// seconds returns durations as a series.
func seconds(durations []time.Duration) series {
	s := make(series, 0, len(durations))
	for _, d := range durations {
		s = append(s, d.Seconds())
	}
	return s
}

// quantile returns the smallest value that at least the fraction q (0 to 1) of the series does not exceed. The median of a
// series of even length is the mean of the two values in the middle.
func (s series) quantile(q float64) float64 {
	sorted := slices.Sorted(slices.Values(s))
	if q == 0.5 && len(sorted)%2 == 0 {
		return (sorted[len(sorted)/2-1] + sorted[len(sorted)/2]) / 2
	}
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// over divides each value by the one of another series that was measured at the same time.
func (s series) over(reference series) series {
	ratios := make(series, len(s))
	for i := range s {
		ratios[i] = s[i] / reference[i]
	}
	return ratios
}

// inTurn measures two sides a number of times, in turn, so that other load on the machine affects both alike. The first
// round warms up and does not count.
func inTurn[T any](ctx context.Context, times int, ours, reference func() (T, error)) (a, b []T, err error) {
	for i := range times + 1 {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		one, err := ours()
		if err != nil {
			return nil, nil, err
		}
		other, err := reference()
		if err != nil {
			return nil, nil, err
		}
		if i > 0 {
			a, b = append(a, one), append(b, other)
		}
	}
	return a, b, nil
}

// timed returns a function that measures how long an operation takes.
func timed(operation func() error) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		begin := time.Now()
		err := operation()
		return time.Since(begin), err
	}
}

// A side is one of two things that do the same work, or one of two ways to do it.
type side struct {
	name     string
	measured series
	goal     float64 // for the median, which must not exceed it; 0: none
}

// A comparison is some work with both sides' series, which have the same length.
type comparison struct {
	work            string
	unit            unit
	ours, reference side
	ratioGoal       float64 // for the median of ours divided by the reference; 0: none
}

const line = "%-44s %9s %9s %9s %9s   %s"

// printHead says where the figures come from, and what their columns are.
func printHead(out *log.Logger) {
	out.Printf("%s/%s, %d CPUs, %s. Ratios are of values measured one after the other.\n\n",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	out.Printf(line, "", "median", "min", "max", "p95", "goal for the median")
}

// print writes the work, both sides and their ratio, a line each.
func (c comparison) print(out *log.Logger) {
	out.Printf("\n%s (%d times each)", c.work, len(c.ours.measured))
	c.ours.print(out, c.unit)
	c.reference.print(out, c.unit)
	side{"ratio", c.ours.measured.over(c.reference.measured), c.ratioGoal}.print(out, plain)
}

func (s side) print(out *log.Logger, unit unit) {
	median, verdict := s.measured.quantile(0.5), "-"
	switch {
	case s.goal == 0:
	case median <= s.goal:
		verdict = "<= " + unit(s.goal) + ": reached"
	default:
		verdict = "<= " + unit(s.goal) + ": not reached"
	}
	out.Printf(line, "  "+s.name, unit(median), unit(s.measured.quantile(0)), unit(s.measured.quantile(1)),
		unit(s.measured.quantile(0.95)), verdict)
}

// A unit writes a value to three digits.
type unit func(float64) string

// plain writes a number.
func plain(value float64) string {
	digits := 0
	switch {
	case value < 1:
		digits = 3
	case value < 10:
		digits = 2
	case value < 100:
		digits = 1
	}
	return strconv.FormatFloat(value, 'f', digits, 64)
}

// duration writes seconds.
func duration(value float64) string {
	switch {
	case value < 1e-3:
		return plain(value*1e6) + " µs"
	case value < 1:
		return plain(value*1e3) + " ms"
	}
	return plain(value) + " s"
}

// size writes bytes.
func size(value float64) string {
	if value < 1e6 {
		return plain(value/1e3) + " kB"
	}
	return plain(value/1e6) + " MB"
}
