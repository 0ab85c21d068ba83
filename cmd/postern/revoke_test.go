package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An account is what revoke works on: CloudFormation, IAM and Lambda.
type account struct {
	stack     []string          // logical ids
	policies  map[string]string // by role
	described map[string]string // description by function
	calls     []string
	fails     string // the call that is refused
	date      string // IAM's clock
}

func newAccount() *account {
	return &account{
		stack:    []string{"PresignRole0A1B2C3D", "ManageRole0A1B2C3D", "InspectRole0A1B2C3D", "Presign0A1B2C3D", "Manage0A1B2C3D", "ManageLogs0A1B2C3D", "Inspect0A1B2C3D"},
		policies: map[string]string{}, date: "Sun, 29 Nov 2026 14:50:00 GMT",
		described: map[string]string{"Presign": "Signs uploads; calls nothing", "Manage": "Lists"},
	}
}

// start has the command use the account.
func (a *account) start(t *testing.T) {
	t.Helper()
	setAWS(t, http.HandlerFunc(a.cloudFormation))
	t.Setenv("AWS_ENDPOINT_URL_IAM", serve(t, signed(http.HandlerFunc(a.iam))).URL)
	t.Setenv("AWS_ENDPOINT_URL_LAMBDA", serve(t, signed(http.HandlerFunc(a.lambda))).URL)
}

func (a *account) cloudFormation(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/xml")
	if r.FormValue("Action") != "ListStackResources" || r.FormValue("StackName") != "Postern-prod" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, refusal("ValidationError", "Stack with id "+r.FormValue("StackName")+" does not exist"))
		return
	}
	var members strings.Builder
	for _, id := range a.stack {
		kind := "AWS::Lambda::Function"
		switch {
		case strings.Contains(id, "Role"):
			kind = "AWS::IAM::Role"
		case strings.Contains(id, "Logs"):
			kind = "AWS::Logs::LogGroup"
		}
		fmt.Fprintf(&members, "<member><LogicalResourceId>%s</LogicalResourceId><PhysicalResourceId>%s</PhysicalResourceId><ResourceType>%s</ResourceType>"+
			"<ResourceStatus>CREATE_COMPLETE</ResourceStatus><LastUpdatedTimestamp>2026-01-01T00:00:00Z</LastUpdatedTimestamp></member>", id, id[:len(id)-8], kind)
	}
	_, _ = fmt.Fprintf(w, "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>%s</StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>", &members)
}

func (a *account) iam(w http.ResponseWriter, r *http.Request) {
	action, role := r.FormValue("Action"), r.FormValue("RoleName")
	a.calls = append(a.calls, action+" "+role)
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("Date", a.date)
	_, exists := a.policies[role]
	switch {
	case a.fails == action:
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, refusal("AccessDenied", "not authorized"))
	case action == "GetRole":
		_, _ = fmt.Fprintf(w, "<GetRoleResponse><GetRoleResult><Role><RoleName>%s</RoleName></Role></GetRoleResult></GetRoleResponse>", role)
	case action == "PutRolePolicy":
		a.policies[role] = r.FormValue("PolicyName") + " " + r.FormValue("PolicyDocument")
		_, _ = io.WriteString(w, "<PutRolePolicyResponse></PutRolePolicyResponse>")
	case action == "DeleteRolePolicy" && exists:
		delete(a.policies, role)
		_, _ = io.WriteString(w, "<DeleteRolePolicyResponse></DeleteRolePolicyResponse>")
	default:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, refusal("NoSuchEntity", "The role policy cannot be found."))
	}
}

func (a *account) lambda(w http.ResponseWriter, r *http.Request) {
	function := strings.Split(r.URL.Path, "/")[3]
	a.calls = append(a.calls, r.Method+" "+function)
	w.Header().Set("Content-Type", "application/json")
	if a.fails == r.Method+" "+function {
		w.Header().Set("X-Amzn-ErrorType", "ResourceConflictException")
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, `{"message":"an update is in progress"}`)
		return
	}
	if r.Method == http.MethodPut {
		var changes map[string]string
		if err := json.NewDecoder(r.Body).Decode(&changes); err != nil || len(changes) != 1 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		a.described[function] = changes["Description"]
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"Description": a.described[function]})
}

// TestRevoke denies what is signed, and starts what signs anew. It can be repeated, and undone.
func TestRevoke(t *testing.T) {
	a := newAccount()
	a.start(t)
	policy := func(time string) map[string]string {
		text := `AWSRevokeOlderSessions {"Statement":[{"Action":["s3:*"],"Condition":{"DateLessThan":{"aws:TokenIssueTime":"` + time +
			`"}},"Effect":"Deny","Resource":["*"]}],"Version":"2012-10-17"}`
		return map[string]string{"PresignRole": text, "ManageRole": text}
	}
	described := func(time string) map[string]string {
		return map[string]string{"Presign": "Signs uploads; calls nothing; revoked at " + time, "Manage": "Lists; revoked at " + time}
	}
	check := func(policies, descriptions map[string]string) {
		t.Helper()
		if diff := cmp.Diff([]any{a.policies, a.described}, []any{policies, descriptions}); diff != "" {
			t.Errorf("policies and descriptions (-got +want):\n%s", diff)
		}
	}
	for _, clock := range []struct{ date, want string }{
		{"Sun, 29 Nov 2026 14:50:00 GMT", "2026-11-29T14:50:00Z"}, {"Mon, 30 Nov 2026 08:00:01 GMT", "2026-11-30T08:00:01Z"},
	} {
		a.date, a.calls = clock.date, nil
		got := run(t, "", "revoke", "--stage=prod", "--yes")
		got.done(t)
		check(policy(clock.want), described(clock.want))
		for _, says := range []string{"refuses what it signed before " + clock.want, "function Manage: starts anew", "postern revoke --stage prod --undo"} {
			if !strings.Contains(got.out, says) {
				t.Errorf("it prints %q, want it to say %q", got.out, says)
			}
		}
		order := []string{"GetRole PresignRole", "PutRolePolicy PresignRole", "PutRolePolicy ManageRole", "GET Presign", "PUT Presign", "GET Manage", "PUT Manage"}
		if diff := cmp.Diff(a.calls, order); diff != "" {
			t.Errorf("calls (-got +want):\n%s", diff)
		}
	}
	for range 2 {
		run(t, "", "revoke", "--stage=prod", "--undo").done(t)
		check(map[string]string{}, described("2026-11-30T08:00:01Z"))
	}
}

func TestRevokeRefuses(t *testing.T) {
	for _, test := range []struct {
		name, fails string
		change      func(*account)
		args        []string
		status      int
		says        string
	}{
		{"the local run", "", nil, []string{"--stage=local", "--yes"}, 2, "the local run's signatures die when it is started anew"},
		{"no stage", "", nil, []string{"--yes"}, 2, "name it with --stage"},
		{"nobody to ask", "", nil, []string{"--stage=prod"}, 2, "confirm the revocation with --yes"},
		{"another stage", "", nil, []string{"--stage=dev", "--yes"}, 1, "listing what stack Postern-dev has"},
		{"a stack without a role", "", func(a *account) { a.stack = a.stack[1:] }, []string{"--stage=prod", "--yes"}, 1, "has 1 roles and 2 functions that sign"},
		{"may not read", "GetRole", nil, []string{"--stage=prod", "--yes"}, 1, "reading role PresignRole: AWS does not let these credentials call GetRole"},
		{"may not put", "PutRolePolicy", nil, []string{"--stage=prod", "--yes"}, 1, "putting policy AWSRevokeOlderSessions on role PresignRole"},
		{"may not delete", "DeleteRolePolicy", nil, []string{"--stage=prod", "--undo"}, 1, "removing policy AWSRevokeOlderSessions of role PresignRole"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAccount()
			a.fails = test.fails
			if test.change != nil {
				test.change(a)
			}
			a.start(t)
			run(t, "", append([]string{"revoke"}, test.args...)...).refused(t, test.status, test.says)
		})
	}
}

// TestRevokeTellsWhatIsLeft: all is revoked already when a function cannot be started anew.
func TestRevokeTellsWhatIsLeft(t *testing.T) {
	a := newAccount()
	a.fails = "PUT Presign"
	a.start(t)
	got := run(t, "", "revoke", "--stage=prod", "--yes")
	if says := "all is revoked, but function Presign still runs with old credentials"; got.code != 1 || !strings.Contains(got.err, says) {
		t.Errorf("got %d, %q, want 1 and %q", got.code, got.err, says)
	}
	if len(a.policies) != 2 {
		t.Errorf("got policies %v, want one of each role", a.policies)
	}
}
