package main

import (
	"log"
	"runtime"
)

// A side is one of two things that do the same work, or one of two ways to do it.
type side struct {
	name     string
	measured series
	goal     float64 // the largest median to reach; 0 is none
}

// A comparison is some work with what it took on both sides, measured in turn: the series have the same length.
type comparison struct {
	work            string
	unit            unit
	ours, reference side
	ratioGoal       float64 // of ours to the reference, as goal
}

const line = "%-44s %9s %9s %9s %9s   %s"

// printHead says where the figures come from, and what their columns are.
func printHead(out *log.Logger) {
	out.Printf("%s/%s, %d CPUs, %s. Ratios are of values measured one after the other.\n\n",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	out.Printf(line, "", "median", "min", "max", "p95", "goal for the median")
}

// print writes the comparison's lines: the work, both sides and their ratio.
func (c comparison) print(out *log.Logger) {
	out.Printf("\n%s (%d times each)", c.work, len(c.ours.measured))
	c.ours.print(out, c.unit)
	c.reference.print(out, c.unit)
	side{"ratio", c.ours.measured.over(c.reference.measured), c.ratioGoal}.print(out, plain)
}

func (s side) print(out *log.Logger, unit unit) {
	out.Printf(line, "  "+s.name, unit(s.measured.median()), unit(s.measured.quantile(0)), unit(s.measured.quantile(1)),
		unit(s.measured.quantile(0.95)), s.verdict(unit))
}

// verdict is the goal and whether it was reached.
func (s side) verdict(unit unit) string {
	switch {
	case s.goal == 0:
		return "-"
	case s.measured.median() <= s.goal:
		return "<= " + unit(s.goal) + ": reached"
	default:
		return "<= " + unit(s.goal) + ": not reached"
	}
}
