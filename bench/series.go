package main

import (
	"context"
	"math"
	"slices"
	"time"
)

// A series is what was measured, in the order it was measured: seconds, bytes or a number.
type series []float64

// quantile is the smallest value that at least the part q (0 to 1) of the series does not exceed; of the median's two
// candidates in a series of even length, it is the mean.
func (s series) quantile(q float64) float64 {
	sorted := slices.Sorted(slices.Values(s))
	if q == 0.5 && len(sorted)%2 == 0 {
		return (sorted[len(sorted)/2-1] + sorted[len(sorted)/2]) / 2
	}
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func (s series) median() float64 { return s.quantile(0.5) }

// over divides value by value: a series of what was measured at the same time as s.
func (s series) over(reference series) series {
	ratios := make(series, len(s))
	for i := range s {
		ratios[i] = s[i] / reference[i]
	}
	return ratios
}

// inTurn measures two sides a number of times, in turn, so that what else the machine does meets both alike. A first
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

// seriesOf makes a series of what was measured.
func seriesOf[T any](measured []T, value func(T) float64) series {
	s := make(series, 0, len(measured))
	for _, m := range measured {
		s = append(s, value(m))
	}
	return s
}

func seconds(durations []time.Duration) series {
	return seriesOf(durations, time.Duration.Seconds)
}
