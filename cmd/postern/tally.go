package main

import (
	"fmt"
	"io"
	"time"

	"postern/internal/queue"
	"postern/internal/reconcile"
)

// Prices in US dollars for a million: LIST requests to S3 Standard, read request units of DynamoDB on demand, requests to
// SQS standard. They are the list prices of us-east-1 in January 2025, without free tiers.
// Sources: https://aws.amazon.com/s3/pricing/, https://aws.amazon.com/dynamodb/pricing/on-demand/,
// https://aws.amazon.com/sqs/pricing/
const (
	listPrice = 5.00
	readPrice = 0.125
	sendPrice = 0.40

	priced = "list prices of us-east-1 in January 2025, which may differ today and elsewhere"
)

// expectation says what a run costs, before anything is read.
var expectation = fmt.Sprintf(`To expect for a million objects: %d LIST requests ($%.3f) and 1000000 read units, more where a record has over 4 KB ($%.3f);
for each million of them that is queued, %d requests to the queue ($%.3f) and what the inspections cost.
(%s)`,
	1_000_000/reconcile.MaxListed, listPrice/reconcile.MaxListed, readPrice, 1_000_000/queue.MaxBatch, sendPrice/queue.MaxBatch, priced)

// cost returns what was spent, in US dollars.
func cost(t reconcile.Tally) float64 {
	return (float64(t.Pages)*listPrice + float64(t.Reads)*readPrice + float64(t.Sends)*sendPrice) / 1e6
}

// summary writes what was found and done.
func (r *reconciliation) summary(out io.Writer) error {
	queued := "queued"
	if r.DryRun {
		queued = "to queue"
	}
	_, err := fmt.Fprintf(out, "%d keys: %d foreign, %d with a record; %s: %d\ncost: %d LIST requests, at least %d read units, %d requests to the queue: about $%.4f (%s)\n",
		r.Keys, r.Foreign, r.Recorded, queued, r.Queued, r.Pages, r.Reads, r.Sends, cost(r.Tally), priced)
	return err
}

// noticeEvery is how often progress is written where no terminal shows it. Tests replace it.
var noticeEvery = 10 * time.Second

// A notice shows progress: at a terminal on one line that is written again and again, elsewhere on a line now and then.
type notice struct {
	console console
	last    time.Time
	open    bool // whether the cursor is on the line
}

func (n *notice) show(text string) {
	if _, ok := terminalOf(n.console.err); ok {
		const clearLine = "\r\x1b[K"
		n.console.note(clearLine + text)
		n.open = true
		return
	}
	if time.Since(n.last) >= noticeEvery {
		n.console.note(text + "\n")
		n.last = time.Now()
	}
}

// end goes to the next line.
func (n *notice) end() {
	if n.open {
		n.console.note("\n")
	}
}
