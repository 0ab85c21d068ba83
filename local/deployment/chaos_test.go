package deployment

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/cfn"
)

func TestStartChaos(t *testing.T) {
	stack := &cfn.Stack{
		Queues: []cfn.Queue{
			{LogicalID: "Dead", Visibility: time.Minute},
			{LogicalID: "Slow", Visibility: 3 * time.Minute, DeadLetters: "Dead", MaxReceives: 5},
			{LogicalID: "Fast", Visibility: time.Second, DeadLetters: "Dead", MaxReceives: 500},
		},
		Functions:    []cfn.Function{{LogicalID: "Inspect", Role: "InspectRole"}},
		EventSources: []cfn.EventSource{{Queue: "Slow", Function: "Inspect"}, {Queue: "Fast", Function: "Inspect"}},
	}
	if got := startChaos(7, stack).Seed(); got != 7 {
		t.Errorf("got the seed %d, want 7", got)
	}
	want := []cfn.Queue{
		{LogicalID: "Dead", Visibility: time.Minute},
		{LogicalID: "Slow", Visibility: 2 * time.Second, DeadLetters: "Dead", MaxReceives: 30},
		{LogicalID: "Fast", Visibility: time.Second, DeadLetters: "Dead", MaxReceives: 500},
	}
	if diff := cmp.Diff(stack.Queues, want); diff != "" {
		t.Errorf("queues (-got +want):\n%s", diff)
	}
	if first, second := startChaos(0, stack).Seed(), startChaos(0, stack).Seed(); first == 0 || first == second {
		t.Errorf("got the seeds %d and %d, want random ones", first, second)
	}
}
