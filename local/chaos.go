package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"postern/internal/cfn"
	"postern/local/chaos"
	"postern/local/runtime"
)

// What chaos makes of the queues that feed functions: what a killed function has not processed comes back soon, and
// nothing valid is killed so often that it ends as a dead letter, while what is poisoned still does.
const (
	chaosVisibility = 2 * time.Second
	chaosReceives   = 30
)

// startChaos makes the decisions of a seed, or of a random one, and changes the stack's queues.
func startChaos(seed uint64, stack *cfn.Stack) *chaos.Chaos {
	for seed == 0 {
		seed = rand.Uint64()
	}
	var queued []string
	for _, source := range stack.EventSources {
		queued = append(queued, roleOf(stack, source.Function))
		i := slices.IndexFunc(stack.Queues, func(q cfn.Queue) bool { return q.LogicalID == source.Queue })
		q := &stack.Queues[i]
		q.Visibility = min(q.Visibility, chaosVisibility)
		q.MaxReceives = max(q.MaxReceives, chaosReceives)
	}
	return chaos.New(seed, queued)
}

// killer kills a function of a role, in the middle of what it does.
func killer(stack *cfn.Stack, functions *runtime.Runtime) func(role string) {
	return func(role string) {
		for _, f := range stack.Functions {
			if f.Role == role {
				functions.Kill(f.LogicalID)
			}
		}
	}
}

func chaosLines(c *chaos.Chaos) []string {
	return []string{
		fmt.Sprintf("  chaos      CHAOS_SEED=%d repeats it. Messages come twice, late and in another order; calls of functions fail;", c.Seed()),
		fmt.Sprintf("             what a queue feeds is killed: its messages come again after %v, %d times.", chaosVisibility, chaosReceives),
	}
}
