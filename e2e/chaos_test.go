package e2e_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// onBadDay says whether chaos is on: every local run of these tests then makes things go wrong on purpose.
var onBadDay = os.Getenv("CHAOS") == "1"

// What a local run prints about chaos: the seed at its start, and how often each kind has occurred at its end.
var (
	chaosSeed   = regexp.MustCompile(`(?m)^  chaos +CHAOS_SEED=(\d+) repeats it`)
	chaosCounts = regexp.MustCompile(`(?m)^chaos: seed (\d+): (\d+ .+)$`)
)

// chaosKinds lists what must occur while the whole suite runs, by the words of the local run's counts. Of two, one is
// enough, because each alone is too rare to be certain.
var chaosKinds = [][]string{
	{"messages duplicated"},
	{"messages delayed", "batches reordered"}, // few batches have two messages
	{"calls throttled"},
	{"transactions in conflict"},
	{"calls failed without effect"},
	{"calls failed after their effect"},
	{"functions killed before a call", "functions killed after a call"},
	{"requests of clients cut off"},
	{"answers to clients dropped"},
}

// readChaos returns how often each kind of chaos occurred, by the logs of a local run that has ended. It fails unless they
// name the seed at the start and the counts at the end or, if chaos is off, neither.
func readChaos(logs string, on bool) (map[string]int, error) {
	seed, counts := chaosSeed.FindStringSubmatch(logs), chaosCounts.FindStringSubmatch(logs)
	switch {
	case !on && seed == nil && counts == nil:
		return nil, nil
	case !on:
		return nil, errors.New("the local run speaks of chaos, which is off")
	case seed == nil || counts == nil || seed[1] != counts[1]:
		return nil, fmt.Errorf("chaos is on, but the local run says %q at its start and %q at its end", seed, counts)
	}
	all := map[string]int{}
	for count := range strings.SplitSeq(counts[2], ", ") {
		number, kind, _ := strings.Cut(count, " ")
		n, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("reading the counts of chaos: %w", err)
		}
		all[kind] = n
	}
	return all, nil
}

// checkKinds fails unless each of the kinds of chaos has occurred.
func checkKinds(counts map[string]int) error {
	for _, kinds := range chaosKinds {
		if !slices.ContainsFunc(kinds, func(kind string) bool { return counts[kind] > 0 }) {
			return fmt.Errorf("chaos is on, but there were no %s: %v", strings.Join(kinds, " or "), counts)
		}
	}
	return nil
}

// A chaosTally adds up the counts of several local runs.
type chaosTally struct {
	mu     sync.Mutex
	counts map[string]int
}

// allChaos holds the counts of all local runs that these tests have stopped.
var allChaos = chaosTally{counts: map[string]int{}}

// add adds the counts in the logs of a local run that has ended.
func (y *chaosTally) add(logs string) error {
	counts, err := readChaos(logs, onBadDay)
	y.mu.Lock()
	defer y.mu.Unlock()
	for kind, n := range counts {
		y.counts[kind] += n
	}
	return err
}

// check prints the counts. If the whole suite ran, it fails unless every kind has occurred.
func (y *chaosTally) check(w io.Writer, whole bool) error {
	if !onBadDay {
		return nil
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	_, _ = fmt.Fprintf(w, "chaos: %v\n", y.counts)
	if !whole {
		return nil
	}
	return checkKinds(y.counts)
}

func TestChaosIsNoticed(t *testing.T) {
	const (
		start = "  chaos      CHAOS_SEED=7 repeats it.\n"
		end   = "chaos: seed 7: 1 messages duplicated, 2 messages delayed, 3 batches reordered, 4 calls throttled, " +
			"5 transactions in conflict, 6 calls failed without effect, 7 calls failed after their effect, " +
			"0 functions killed before a call, 10 functions killed after a call, 11 requests of clients cut off, 12 answers to clients dropped\n"
	)
	for _, test := range []struct {
		name, logs string
		on         bool
		good       bool // whether the logs are as they are to be
		every      bool // whether every kind has occurred
	}{
		{name: "off", logs: "Postern-local\n", good: true},
		{name: "off, but started", logs: start},
		{name: "off, but counted", logs: end},
		{name: "on", logs: start + end, on: true, good: true, every: true},
		{name: "never switched on", logs: "Postern-local\n", on: true},
		{name: "no counts", logs: start, on: true},
		{name: "another seed", logs: start + strings.Replace(end, "7", "8", 1), on: true},
		{name: "a kind that never occurred", logs: start + strings.Replace(end, "4 calls", "0 calls", 1), on: true, good: true},
		{name: "a kind that is not counted", logs: start + strings.Replace(end, "4 calls throttled, ", "", 1), on: true, good: true},
		{name: "nothing killed", logs: start + strings.Replace(end, "10 functions", "0 functions", 1), on: true, good: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			counts, err := readChaos(test.logs, test.on)
			if (err == nil) != test.good {
				t.Fatalf("got %v, want no error: %t", err, test.good)
			}
			if err := checkKinds(counts); (err == nil) != test.every {
				t.Errorf("got %v, want no error: %t", err, test.every)
			}
		})
	}
}
