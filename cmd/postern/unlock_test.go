package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// A stackInState is a CloudFormation with the stack Postern-prod, and what it was asked to do with it.
type stackInState struct {
	status    string
	protected bool
	refusal   string // of UpdateTerminationProtection

	updates []string
}

func (s *stackInState) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/xml")
	if r.FormValue("Action") == "DescribeStacks" {
		_, _ = fmt.Fprintf(w, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>%s</StackName>`+
			`<StackStatus>%s</StackStatus><EnableTerminationProtection>%t</EnableTerminationProtection>`+
			`<CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
			r.FormValue("StackName"), s.status, s.protected)
		return
	}
	s.updates = append(s.updates, r.FormValue("Action")+" "+r.FormValue("StackName")+" "+r.FormValue("EnableTerminationProtection"))
	if s.refusal != "" {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(s.refusal))
		return
	}
	_, _ = w.Write([]byte(`<UpdateTerminationProtectionResponse><UpdateTerminationProtectionResult/></UpdateTerminationProtectionResponse>`))
}

// TestUnlock lifts the protection of a stack that was never completed, and of no other.
func TestUnlock(t *testing.T) {
	for _, test := range []struct {
		status    string
		protected bool
		lifted    bool
	}{
		{"ROLLBACK_COMPLETE", true, true},
		{"ROLLBACK_FAILED", true, true},
		{"ROLLBACK_IN_PROGRESS", true, true},
		{"ROLLBACK_COMPLETE", false, false},
		{"CREATE_COMPLETE", true, false},
		{"UPDATE_COMPLETE", true, false},
		{"UPDATE_ROLLBACK_COMPLETE", true, false},
		{"UPDATE_ROLLBACK_FAILED", true, false},
		{"DELETE_FAILED", true, false},
	} {
		t.Run(fmt.Sprint(test.status, " ", test.protected), func(t *testing.T) {
			stack := &stackInState{status: test.status, protected: test.protected}
			setAWS(t, stack)
			run(t, "", "unlock", "--stage=prod", "--region=").done(t)
			got, want := strings.Join(stack.updates, ", "), ""
			if test.lifted {
				want = "UpdateTerminationProtection Postern-prod false"
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestUnlockWithoutAStack(t *testing.T) {
	setAWS(t, cloudFormation(t, http.StatusBadRequest, refusal("ValidationError", "Stack with id Postern-dev does not exist")))
	run(t, "", "unlock", "--stage=dev").done(t)
}

func TestUnlockThatIsRefused(t *testing.T) {
	setAWS(t, &stackInState{status: "ROLLBACK_COMPLETE", protected: true, refusal: refusal("AccessDenied", "not authorized")})
	run(t, "", "unlock", "--stage=prod").refused(t, 1, "lifting the protection of stack Postern-prod: ")
	setAWS(t, cloudFormation(t, http.StatusForbidden, refusal("ExpiredToken", "expired")))
	run(t, "", "unlock", "--stage=dev").refused(t, 1, "AWS refuses the credentials")
	run(t, "", "unlock", "--stage=local").refused(t, 2, "unlock works on a stage on AWS")
}
