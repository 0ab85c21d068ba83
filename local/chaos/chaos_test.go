package chaos_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/local/chaos"
)

// play asks for many decisions, and returns them and the killed roles.
func play(c *chaos.Chaos) (decisions, killed []string) {
	c.OnKill(func(role string) { killed = append(killed, role) })
	for range 2000 {
		decisions = append(decisions, fmt.Sprint(c.Copies(), c.Reorder()))
		for _, role := range []string{"Inspect", "Manage"} {
			for _, call := range []chaos.Call{
				{Role: role, Service: "dynamodb"},
				{Role: role, Service: "dynamodb", Transaction: true, Final: true},
				{Role: role, Service: "s3"},
				{Role: role, Service: "events"},
				{Service: "s3", Client: true},
			} {
				decisions = append(decisions, fmt.Sprint(call, c.Before(call), c.After(call)))
			}
		}
	}
	return decisions, killed
}

func TestSeed(t *testing.T) {
	first, second, other := chaos.New(7, []string{"Inspect"}), chaos.New(7, []string{"Inspect"}), chaos.New(8, []string{"Inspect"})
	want, killed := play(first)
	got, killedAgain := play(second)
	if diff := cmp.Diff(got, want); diff != "" || len(killed) != len(killedAgain) || first.String() != second.String() {
		t.Errorf("the same seed decides otherwise:\n%s", diff)
	}
	if got, _ := play(other); cmp.Equal(got, want) {
		t.Error("another seed decides the same")
	}
}

// TestKindsAreApart has the decisions on messages follow from the seed alone, however many calls are made meanwhile.
func TestKindsAreApart(t *testing.T) {
	first, second := chaos.New(7, nil), chaos.New(7, nil)
	for range 1000 {
		second.Before(chaos.Call{Role: "Manage", Service: "s3"})
		if diff := cmp.Diff(first.Copies(), second.Copies()); diff != "" {
			t.Fatalf("a call has changed a message:\n%s", diff)
		}
	}
}

func TestRates(t *testing.T) {
	c := chaos.New(1, []string{"Inspect"})
	_, killed := play(c)
	if len(killed) == 0 {
		t.Error("nothing was killed")
	}
	for _, role := range killed {
		if role != "Inspect" {
			t.Errorf("%s was killed, which no queue feeds", role)
		}
	}
	if strings.Contains(c.String(), " 0 ") {
		t.Errorf("a kind has never occurred: %s", c)
	}
	faults := 0
	for range 10_000 {
		if c.Before(chaos.Call{Role: "Manage", Service: "dynamodb"}) != chaos.None {
			faults++
		}
	}
	if faults < 300 || faults > 600 {
		t.Errorf("%d of 10,000 calls fail, want 3 to 6 %%", faults)
	}
	for range 1000 {
		for _, copied := range c.Copies() {
			if copied < 0 || copied > 500*time.Millisecond {
				t.Errorf("a message comes %v later, want some hundred milliseconds at most", copied)
			}
		}
	}
}

// TestWhatIsSpared checks that functions that serve the API have only faults that the SDK repairs.
func TestWhatIsSpared(t *testing.T) {
	c := chaos.New(1, []string{"Inspect"})
	for range 10_000 {
		for name, call := range map[string]chaos.Call{
			"the final attempt for the API": {Role: "Manage", Service: "s3", Final: true},
			"another service for the API":   {Role: "Manage", Service: "sqs"},
		} {
			if fault := c.Before(call); fault != chaos.None {
				t.Fatalf("%s: got the fault %d", name, fault)
			}
		}
		if fault := c.After(chaos.Call{Role: "Manage", Service: "dynamodb"}); fault != chaos.None {
			t.Fatalf("after a call for the API: got the fault %d", fault)
		}
		if fault := c.Before(chaos.Call{Role: "Inspect", Service: "s3"}); fault == chaos.Conflict {
			t.Fatal("a conflict without a transaction")
		}
	}
}
