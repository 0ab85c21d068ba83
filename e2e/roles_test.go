package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/local/clip"
)

// The mail and the password of the service that these tests add.
const (
	serviceMail     = "service@example.com"
	servicePassword = "service-password"
)

// A need is a request that a statement of a role is there for.
type need struct {
	request func(t *testing.T, run *localRun) (status int, code string)
	works   int
	fails   string // status and code without the statement
	says    string // what the local run then says, after the role's id
}

// needs has a request for each statement of each role, but for those on logs and traces.
var needs = map[string]need{
	"AuthorizerRole/Users": {
		request: getForm(demoUser, "demo@example.com"), works: http.StatusOK, fails: "500 internal_error",
		says: "lacks dynamodb:GetItem on arn:aws:dynamodb:eu-west-1:000000000000:table/Postern-local-Users",
	},
	"AuthorizerRole/OwnerKey": {
		// The owner of a mail without a row has to be derived.
		request: getForm(serviceMail+":"+servicePassword, "new@example.com"), works: http.StatusOK, fails: "500 internal_error",
		says: "lacks secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:000000000000:secret:Postern-local-OwnerKey",
	},
	"PresignRole/Put": {
		request: useForm, works: http.StatusNoContent, fails: "403 AccessDenied",
		says: "lacks s3:PutObject on arn:aws:s3:::postern-local-uploads",
	},
	"PresignRole/TagPending": {
		request: useForm, works: http.StatusNoContent, fails: "403 AccessDenied",
		says: "lacks s3:PutObjectTagging on arn:aws:s3:::postern-local-uploads",
	},
}

// TestEveryStatementIsNeeded takes one statement after the other out of the template's roles.
func TestEveryStatementIsNeeded(t *testing.T) {
	requireLocal(t)
	intact := serve(t, assembly)
	addService(t, intact)
	for name, need := range needs {
		if status, code := need.request(t, intact); status != need.works {
			t.Errorf("%s: with all statements got %d %s, want %d", name, status, code, need.works)
		}
	}
	names := statements(t)
	for name := range needs {
		if !slices.Contains(names, name) {
			t.Errorf("the template has no statement %s", name)
		}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			need, ok := needs[name]
			if !ok {
				t.Fatal("nothing shows that a request needs this statement")
			}
			run := serve(t, edited(t, without(name)))
			addService(t, run)
			status, code := need.request(t, run)
			if got := fmt.Sprint(status, " ", code); got != need.fails {
				t.Errorf("got %s, want %s", got, need.fails)
			}
			role, _, _ := strings.Cut(name, "/")
			line := regexp.MustCompile(`(?m)^iam: denied: ` + role + `[0-9A-F]{8} ` + regexp.QuoteMeta(need.says))
			// The line may come a moment after the answer.
			for range 20 {
				if line.MatchString(run.logs.String()) {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
			t.Errorf("got no line %s in\n%s", line, run.logs)
		})
	}
}

// getForm asks for a form with a user's credentials.
func getForm(user, mail string) func(*testing.T, *localRun) (int, string) {
	return func(t *testing.T, run *localRun) (int, string) {
		a := newClient(run.url, user).do(t, http.MethodGet, "presignedurl?mail="+strings.ReplaceAll(mail, "@", "%40"))
		var fault errorBody
		_ = json.Unmarshal(a.body, &fault)
		return a.status, fault.Code
	}
}

// useForm uploads a video.
func useForm(t *testing.T, run *localRun) (int, string) {
	return newClient(run.url, demoUser).presignedURL(t).post(t, clip.MP4())
}

// addService adds a service by the operator's command.
func addService(t *testing.T, run *localRun) {
	t.Helper()
	run.postern(t, servicePassword+"\n", "user", "add", serviceMail, "--role", "service")
}

// generated is what CDK adds to the names in a template, in either case.
var generated = regexp.MustCompile(`([A-Za-z])(?:[0-9A-F]{8}|[0-9a-f]{8})\b`)

func readable(id string) string { return generated.ReplaceAllString(id, "$1") }

// statements are the names of all statements of the template's roles, but for those on logs and traces.
func statements(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(assembly, "Postern-local.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var template map[string]any
	if err := json.Unmarshal(b, &template); err != nil {
		t.Fatal(err)
	}
	var names []string
	eachStatement(template, func(name string, statement map[string]any) bool {
		if !isObservation(statement["Action"]) {
			names = append(names, name)
		}
		return true
	})
	slices.Sort(names)
	return names
}

// isObservation reports whether all actions are on logs or traces.
func isObservation(actions any) bool {
	list, ok := actions.([]any)
	if !ok {
		list = []any{actions}
	}
	return !slices.ContainsFunc(list, func(action any) bool {
		name := action.(string)
		return !strings.HasPrefix(name, "logs:") && !strings.HasPrefix(name, "xray:")
	})
}

// without is the edit that takes a statement out.
func without(removed string) edit {
	return func(_ *testing.T, template map[string]any) {
		eachStatement(template, func(name string, _ map[string]any) bool { return name != removed })
	}
}

// eachStatement keeps the statements of roles for which keep returns true. A statement's name is its role's and its Sid.
func eachStatement(template map[string]any, keep func(name string, statement map[string]any) bool) {
	for id, resource := range template["Resources"].(map[string]any) {
		resource := resource.(map[string]any)
		if resource["Type"] != "AWS::IAM::Role" {
			continue
		}
		policies, _ := resource["Properties"].(map[string]any)["Policies"].([]any)
		for _, policy := range policies {
			document := policy.(map[string]any)["PolicyDocument"].(map[string]any)
			document["Statement"] = slices.DeleteFunc(document["Statement"].([]any), func(s any) bool {
				statement := s.(map[string]any)
				return !keep(fmt.Sprint(readable(id), "/", statement["Sid"]), statement)
			})
		}
	}
}

// unused are the grants that nothing here uses, each with why it is there.
var unused = map[string]string{
	"ApiGatewayLogRole logs:CreateLogGroup on *":     noLogs,
	"ApiGatewayLogRole logs:CreateLogStream on *":    noLogs,
	"ApiGatewayLogRole logs:DescribeLogGroups on *":  noLogs,
	"ApiGatewayLogRole logs:DescribeLogStreams on *": noLogs,
	"ApiGatewayLogRole logs:FilterLogEvents on *":    noLogs,
	"ApiGatewayLogRole logs:GetLogEvents on *":       noLogs,
	"ApiGatewayLogRole logs:PutLogEvents on *":       noLogs,

	"AuthorizerRole logs:CreateLogStream on " + logGroup("Authorizer"): noLogs,
	"AuthorizerRole logs:PutLogEvents on " + logGroup("Authorizer"):    noLogs,
	"AuthorizerRole xray:PutTelemetryRecords on *":                     noTraces,
	"AuthorizerRole xray:PutTraceSegments on *":                        noTraces,

	"PresignRole logs:CreateLogStream on " + logGroup("Presign"): noLogs,
	"PresignRole logs:PutLogEvents on " + logGroup("Presign"):    noLogs,
	"PresignRole xray:PutTelemetryRecords on *":                  noTraces,
	"PresignRole xray:PutTraceSegments on *":                     noTraces,
}

const (
	noLogs   = "the local run has no CloudWatch Logs: logs go to its standard error"
	noTraces = "the local run has no X-Ray"
)

func logGroup(function string) string {
	return "arn:aws:logs:eu-west-1:000000000000:log-group:Postern-local-" + function + "Logs:*"
}

// TestEveryGrantIsUsed does what needs a grant, and reads the local run's report of the others.
func TestEveryGrantIsUsed(t *testing.T) {
	requireLocal(t)
	run, err := startLocal(assembly, filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	addService(t, run)
	for name, need := range needs {
		if status, code := need.request(t, run); status != need.works {
			t.Errorf("%s: got %d %s, want %d", name, status, code, need.works)
		}
	}
	for _, filename := range []string{"a.mp3", "a.pdf", "a.png", "a.mp4"} { // one of each folder
		f := newClient(run.url, demoUser).presignedURL(t, "filename", filename)
		if status, code := f.post(t, []byte("a file")); status != http.StatusNoContent {
			t.Errorf("%s: got %d %s, want 204", filename, status, code)
		}
	}
	if err := run.stop(); err != nil {
		t.Fatal(err)
	}

	got := map[string]string{}
	for _, grant := range grants(t, run.data) {
		if grant.Used == 0 {
			name := readable(grant.Role) + " " + grant.Action + " on " + readable(grant.Resource)
			got[name] = unused[name]
		}
	}
	if diff := cmp.Diff(got, unused); diff != "" {
		t.Errorf("unused grants (-got +want, with the reasons):\n%s", diff)
	}
}

// A granted action is a line of the local run's report.
type granted struct {
	Role, Action, Resource string
	Used                   int
}

func grants(t *testing.T, data string) []granted {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(data, "grants.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []granted
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}
