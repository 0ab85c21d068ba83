package deployment

import (
	"math/rand/v2"
	"slices"
	"time"

	"postern/internal/cfn"
	"postern/local/chaos"
)

// Settings of the queues that feed functions, with chaos. What a killed function has not processed comes back soon. A valid
// message is not killed so often that it becomes a dead letter. A poisoned one still does.
const (
	ChaosVisibility = 2 * time.Second
	ChaosReceives   = 30
)

// startChaos makes the decisions of a seed, a random one if it is zero, and changes the stack's queues.
func startChaos(seed uint64, stack *cfn.Stack) *chaos.Chaos {
	for seed == 0 {
		seed = rand.Uint64()
	}
	var queued []string
	for _, source := range stack.EventSources {
		queued = append(queued, roleOf(stack, source.Function))
		i := slices.IndexFunc(stack.Queues, func(q cfn.Queue) bool { return q.LogicalID == source.Queue })
		q := &stack.Queues[i]
		q.Visibility = min(q.Visibility, ChaosVisibility)
		q.MaxReceives = max(q.MaxReceives, ChaosReceives)
	}
	return chaos.New(seed, queued)
}
