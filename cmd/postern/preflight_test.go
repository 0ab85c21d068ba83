package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// A freshAccount is one of AWS, with the status of each stack by name.
type freshAccount struct {
	stacks      map[string]string
	concurrency int
}

func (a freshAccount) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/account-settings") || strings.HasSuffix(r.URL.Path, "/account-settings/") {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"AccountLimit": {"ConcurrentExecutions": %d}}`, a.concurrency)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	status, ok := a.stacks[r.FormValue("StackName")]
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(refusal("ValidationError", "Stack does not exist")))
		return
	}
	_, _ = fmt.Fprintf(w, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName><StackStatus>%s</StackStatus>`+
		`<CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, status)
}

func TestPreflight(t *testing.T) {
	const ready = "CREATE_COMPLETE"
	for _, test := range []struct {
		name        string
		stacks      map[string]string
		concurrency int
		want        string // of stderr; empty: it can be deployed
	}{
		{"fresh account", map[string]string{"CDKToolkit": ready}, 1000, ""},
		{"deployed", map[string]string{"CDKToolkit": "UPDATE_COMPLETE", "Postern-prod": "UPDATE_ROLLBACK_COMPLETE"}, 1000, ""},
		{"creation rolled back", map[string]string{"CDKToolkit": ready, "Postern-prod": "ROLLBACK_COMPLETE"}, 1000, ""},
		{"not bootstrapped", nil, 1000, "run npx cdk bootstrap"},
		{"bootstrap rolled back", map[string]string{"CDKToolkit": "ROLLBACK_COMPLETE"}, 1000, "run npx cdk bootstrap"},
		{"second deploy", map[string]string{"CDKToolkit": ready, "Postern-prod": "UPDATE_IN_PROGRESS"}, 1000, "is in state UPDATE_IN_PROGRESS: somebody deploys or deletes it: wait"},
		{"stuck update", map[string]string{"CDKToolkit": ready, "Postern-prod": "UPDATE_ROLLBACK_FAILED"}, 1000, "run aws cloudformation continue-update-rollback --stack-name Postern-prod"},
		{"stuck deletion", map[string]string{"CDKToolkit": ready, "Postern-prod": "DELETE_FAILED"}, 1000, "run aws cloudformation delete-stack --stack-name Postern-prod"},
		{"new account", map[string]string{"CDKToolkit": ready}, 10, "this account may run 10 functions at once, and the stage wants 50"},
		{"just enough", map[string]string{"CDKToolkit": ready}, 150, ""},
		{"one less", map[string]string{"CDKToolkit": ready}, 149, "may run 149 functions"},
	} {
		t.Run(test.name, func(t *testing.T) {
			served := freshAccount{test.stacks, test.concurrency}
			setAWS(t, served)
			t.Setenv("AWS_ENDPOINT_URL_LAMBDA", serve(t, served).URL)
			if test.want == "" {
				run(t, "", "preflight", "--stage=prod").done(t)
				return
			}
			run(t, "", "preflight", "--stage=prod").refused(t, 1, test.want)
		})
	}
}

func TestPreflightRefused(t *testing.T) {
	setAWS(t, cloudFormationThatRefuses("ExpiredToken"))
	run(t, "", "preflight", "--stage=prod").refused(t, 1, "AWS refuses the credentials")
	run(t, "", "preflight").refused(t, 2, "preflight works on a stage on AWS: name it with --stage")
	run(t, "", "preflight", "--stage=local").refused(t, 2, "preflight works on a stage on AWS")
	t.Setenv("AWS_REGION", "")
	run(t, "", "preflight", "--stage=prod").refused(t, 1, "no AWS region")
}

func cloudFormationThatRefuses(code string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(refusal(code, "no")))
	})
}
