package main

import "strconv"

// A unit writes a value to three digits.
type unit func(float64) string

// plain writes a number.
func plain(value float64) string {
	switch {
	case value < 1:
		return strconv.FormatFloat(value, 'f', 3, 64)
	case value < 10:
		return strconv.FormatFloat(value, 'f', 2, 64)
	case value < 100:
		return strconv.FormatFloat(value, 'f', 1, 64)
	}
	return strconv.FormatFloat(value, 'f', 0, 64)
}

// count writes a number of things.
func count(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

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
