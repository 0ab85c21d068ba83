package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	postern "postern/cmd/postern"
)

// A deployedStage answers what CloudFormation, CloudWatch Logs and Lambda know of a stage: by their protocols, Query and
// JSON 1.1.
type deployedStage struct {
	template    string
	concurrency int
	// logged are the lines of each log group, the oldest first.
	mutex  sync.Mutex
	logged map[string][]loggedLine
	asked  []string // patterns
	fails  string   // the operation that is refused
}

type loggedLine struct {
	id, text string
	at       time.Time
}

func (s *deployedStage) start(t *testing.T) {
	t.Helper()
	setAWS(t, signed(http.HandlerFunc(s.cloudFormation)))
	t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", serve(t, signed(http.HandlerFunc(s.logs))).URL)
	t.Setenv("AWS_ENDPOINT_URL_LAMBDA", serve(t, signed(freshAccount{concurrency: s.concurrency})).URL)
}

func (s *deployedStage) cloudFormation(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/xml")
	action := r.FormValue("Action")
	switch {
	case action == s.fails:
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, refusal("AccessDenied", "no"))
	case r.FormValue("StackName") != "Postern-prod":
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, refusal("ValidationError", "Stack with id "+r.FormValue("StackName")+" does not exist"))
	case action == "GetTemplate":
		text := strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(s.template)
		_, _ = fmt.Fprintf(w, "<GetTemplateResponse><GetTemplateResult><TemplateBody>%s</TemplateBody></GetTemplateResult></GetTemplateResponse>", text)
	case action == "ListStackResources":
		_, _ = io.WriteString(w, "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>")
		for _, r := range [][3]string{
			{"PresignLogs0A1B2C3D", "presign-group", "AWS::Logs::LogGroup"},
			{"AccessLogs0A1B2C3D", "access-group", "AWS::Logs::LogGroup"},
			{"Dashboard0A1B2C3D", "Dashboard a/b", "AWS::CloudWatch::Dashboard"},
			{"Presign0A1B2C3D", "presign-function", "AWS::Lambda::Function"},
		} {
			_, _ = fmt.Fprintf(w, "<member><LogicalResourceId>%s</LogicalResourceId><PhysicalResourceId>%s</PhysicalResourceId><ResourceType>%s</ResourceType>"+
				"<ResourceStatus>CREATE_COMPLETE</ResourceStatus><LastUpdatedTimestamp>2026-01-01T00:00:00Z</LastUpdatedTimestamp></member>", r[0], r[1], r[2])
		}
		_, _ = io.WriteString(w, "</StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>")
	}
}

// logs answers FilterLogEvents, in pages of one event.
func (s *deployedStage) logs(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		LogGroupName, FilterPattern, NextToken string
		StartTime                              int64
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.Header.Get("X-Amz-Target") != "Logs_20140328.FilterLogEvents" || s.fails == "FilterLogEvents" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type": "AccessDeniedException", "message": "no"}`)
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.asked = append(s.asked, asked.LogGroupName+" "+asked.FilterPattern)
	var found []loggedLine
	for _, line := range s.logged[asked.LogGroupName] {
		if line.at.UnixMilli() >= asked.StartTime && strings.Contains(line.text, strings.Trim(asked.FilterPattern, `"`)) {
			found = append(found, line)
		}
	}
	page := 0
	_, _ = fmt.Sscan(asked.NextToken, &page)
	answer := map[string]any{"events": []any{}}
	if page < len(found) {
		line := found[page]
		answer["events"] = []any{map[string]any{"eventId": line.id, "timestamp": line.at.UnixMilli(), "message": line.text + "\n"}}
		answer["nextToken"] = fmt.Sprint(page + 1)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// goldenTemplate is a stage's. The S3 server of other tests changes the working directory.
var goldenTemplate, _ = filepath.Abs("../../infra/stack/testdata/%s.template.json")

func prodTemplate(t *testing.T) string {
	t.Helper()
	return templateOf(t, "prod")
}

// templateOf returns a golden of infra/stack.
func templateOf(t *testing.T, stage string) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf(goldenTemplate, stage))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// lines strips the times.
func linesOf(out string) []string {
	var all []string
	for line := range strings.Lines(out) {
		all = append(all, regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  `).ReplaceAllString(strings.TrimRight(line, "\n"), ""))
	}
	return all
}

func TestLogs(t *testing.T) {
	now := time.Now()
	s := &deployedStage{logged: map[string][]loggedLine{
		"presign-group": {
			{"old", "an hour ago and more", now.Add(-2 * time.Hour)},
			{"1", `{"message":"granted","apiRequestId":"r-1"}`, now.Add(-3 * time.Minute)},
			{"3", "\x1b[31mred", now.Add(-time.Minute)},
		},
		"access-group": {{"1", `{"requestId":"r-1","id":"` + idA + `"}`, now.Add(-2 * time.Minute)}},
	}}
	s.start(t)
	for _, test := range []struct {
		name  string
		args  []string
		want  []string
		asked string
	}{
		{"all", nil, []string{`presign     {"message":"granted","apiRequestId":"r-1"}`, `access      {"requestId":"r-1","id":"` + idA + `"}`, "presign     \uFFFD[31mred"}, "presign-group "},
		{"one function", []string{"--function=access"}, []string{`access      {"requestId":"r-1","id":"` + idA + `"}`}, "access-group "},
		{"one request", []string{"--request=r-1", "--function=Presign"}, []string{`presign     {"message":"granted","apiRequestId":"r-1"}`}, `presign-group "r-1"`},
		{"one upload", []string{"--upload", idA}, []string{`access      {"requestId":"r-1","id":"` + idA + `"}`}, `presign-group "` + idA + `"`},
		{"longer ago", []string{"--since=3h", "--function=presign", "--request=hour"}, []string{"presign     an hour ago and more"}, `presign-group "hour"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.asked = nil
			got := run(t, "", append([]string{"logs", "--stage=prod"}, test.args...)...)
			got.done(t)
			if diff := cmp.Diff(linesOf(got.out), test.want); diff != "" {
				t.Errorf("lines (-got +want):\n%s", diff)
			}
			if s.asked[0] != test.asked {
				t.Errorf("it asks for %q first, want %q", s.asked[0], test.asked)
			}
		})
	}
}

// TestLogsFollow prints what comes later, and no line twice.
func TestLogsFollow(t *testing.T) {
	s := &deployedStage{logged: map[string][]loggedLine{"presign-group": {{"1", "first", time.Now()}}}}
	s.start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	time.AfterFunc(time.Second, func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.logged["presign-group"] = append(s.logged["presign-group"], loggedLine{"2", "second", time.Now().Add(-10 * time.Second)})
	})
	var out, errs bytes.Buffer
	code := postern.RealMain(ctx, []string{"logs", "--stage=prod", "--follow"}, strings.NewReader(""), &out, &errs)
	if diff := cmp.Diff(linesOf(out.String()), []string{"presign     first", "presign     second"}); code != 0 || diff != "" {
		t.Errorf("got %d, %q (-got +want):\n%s", code, errs.String(), diff)
	}
}

func TestLogsRefuses(t *testing.T) {
	s := &deployedStage{}
	s.start(t)
	for _, test := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"--stage=local"}, 2, "the local run keeps no log: it is what make run prints"},
		{[]string{"--stage=prod", "--function=api"}, 2, `no log "api" in stack Postern-prod: must be one of access, presign`},
		{[]string{"--stage=dev"}, 1, "listing what stack Postern-dev has"},
		{[]string{"--stage=prod", `--request=" "`}, 2, "must be a requestId"},
		{[]string{"--stage=prod", "--upload=x"}, 2, "not the id of an upload"},
		{[]string{"--stage=prod", "--since=-1h"}, 2, "--since must be a time to go back"},
		{[]string{"--stage=prod", "--request=r", "--upload=" + idA}, 2, "exclude each other"},
	} {
		run(t, "", append([]string{"logs"}, test.args...)...).refused(t, test.status, test.says)
	}
	s.fails = "FilterLogEvents"
	run(t, "", "logs", "--stage=prod").refused(t, 1, "reading log presign: AWS does not let these credentials call FilterLogEvents")
}

func TestOpenPrints(t *testing.T) {
	s := &deployedStage{}
	s.start(t)
	got := run(t, "", "open", "--stage=prod", "--print")
	got.done(t)
	if want := "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#dashboards/dashboard/Dashboard%20a%2Fb\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	startLocal(t)
	if got := local(t, "", "open", "--print"); got.out != "http://127.0.0.1:8080/api/\n" {
		t.Errorf("the local run's: got %+v", got)
	}
}

func TestURL(t *testing.T) {
	startLocal(t)
	if got := local(t, "", "url"); got.code != 0 || got.out != "http://127.0.0.1:8080/api/\n" {
		t.Errorf("the local run's: got %+v", got)
	}
	setAWS(t, cloudFormation(t, http.StatusOK, stacks(map[string]string{"ApiUrl": "https://id.execute-api.eu-west-1.amazonaws.com/api/"})))
	if got := run(t, "", "url", "--stage=dev"); got.out != "https://id.execute-api.eu-west-1.amazonaws.com/api/\n" {
		t.Errorf("a deployed one's: got %+v", got)
	}
}

// TestPolicy reads the deployed template, and one that was synthesized.
func TestPolicy(t *testing.T) {
	s := &deployedStage{template: prodTemplate(t)}
	s.start(t)
	deployed := run(t, "", "policy", "presign", "--stage=prod")
	deployed.done(t)
	for _, want := range []string{
		"PresignRole, for lambda.amazonaws.com\n", "  Objects: may s3:ListMultipartUploadParts, s3:PutObject\n    on ${Uploads.Arn}/audio/*\n",
		"    only if s3:RequestObjectTag/status StringEquals pending\n",
	} {
		if !strings.Contains(deployed.out, want) {
			t.Errorf("it lacks %q:\n%s", want, deployed.out)
		}
	}
	if strings.Contains(deployed.out, "ManageRole") {
		t.Errorf("it has another role:\n%s", deployed.out)
	}
	folder := assemblyOf(t, "Postern-prod", s.template)
	if got := run(t, "", "policy", "presign", "--assembly", folder); got.out != deployed.out {
		t.Errorf("of an assembly: got %+v, want the same", got)
	}
	all := run(t, "", "policy", "--assembly", folder, "--stage=prod")
	if n := strings.Count(all.out, ", for "); all.code != 0 || n != 6 {
		t.Errorf("got %d roles, want 6:\n%s", n, all.out)
	}
	run(t, "", "policy", "nobody", "--stage=prod").refused(t, 2, `no role "nobody": must be one of apigatewaylog, authorizer, inspect, manage, presign, site`)
	run(t, "", "policy", "--assembly", folder, "--stage=dev").refused(t, 2, "has the stages prod: name one with --stage")
	run(t, "", "policy", "--assembly", t.TempDir()).refused(t, 1, "synthesize the stack first")
	s.fails = "GetTemplate"
	run(t, "", "policy", "--stage=prod").refused(t, 1, "AWS does not let these credentials call GetTemplate")
}

// assemblyOf writes an assembly of one stack.
func assemblyOf(t *testing.T, stack, template string) string {
	t.Helper()
	folder := t.TempDir()
	write(t, folder, "manifest.json", fmt.Sprintf(`{"artifacts": {%q: {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json"}}}}`, stack))
	write(t, folder, "t.json", template)
	return folder
}

func TestPlan(t *testing.T) {
	s := &deployedStage{template: prodTemplate(t), concurrency: 1000}
	s.start(t)
	assembly := assemblyOf(t, "Postern-prod", s.template)
	reserved := assemblyOf(t, "Postern-prod", templateOf(t, "choices"))
	for _, test := range []struct {
		name        string
		concurrency int
		args        []string
		want        []string // at the beginning of lines, spaces folded
	}{
		{"nothing binds", 1000, []string{"--uploads-per-second=10"}, []string{
			"stage: requests to one method (throttle.rate) 10 50 20 %", "Nothing binds. The first that would, at 5 times this load: stage: requests to one method (throttle.rate).",
		}},
		{"a thousand a second", 1000, []string{"--uploads-per-second=1000"}, []string{
			"BINDS stage: requests to one method (throttle.rate) 1000 50 2000 %", "BINDS stage: inspections at once (inspectConcurrency) 150 50 300 %",
			"BINDS DynamoDB: write units of the uploads table, while it is new 8000 4000 200 %", "Lambda: executions at once of the account 181 1000 18 %",
			"4 of 16 must be raised, first: stage: requests to one method (throttle.rate).",
		}},
		{"a new account", 10, []string{"--uploads-per-second=100"}, []string{"BINDS Lambda: executions at once of the account 18.1 10 181 %"}},
		{"large files", 1000, []string{"--uploads-per-second=1", "--size=100GiB"}, []string{"BINDS S3: requests that write, of a new bucket's one partition 6403 3500 183 %", "stage: requests to one method (throttle.rate) 13 50 26 %"}},
		{"one user", 1000, []string{"--uploads-per-second=600", "--owners=1"}, []string{
			"BINDS DynamoDB: write units of one user's usage, one partition 1200 1000 120 %", "BINDS stage: requests of one user (throttle.ownerRate) 1200 20 6000 %",
		}},
		{"an assembly", 10, []string{"--uploads-per-second=100", "--assembly", assembly}, []string{"Lambda: executions at once of the account 18.1 1000 2 %"}},
		{"reserved executions", 1000, []string{"--uploads-per-second=400", "--assembly", reserved}, []string{
			"BINDS stage: authorizers at once (authorizerConcurrency) 80 50 160 %", "stage: signers at once (presignConcurrency) 40 50 80 %",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.concurrency = test.concurrency
			t.Setenv("AWS_ENDPOINT_URL_LAMBDA", serve(t, signed(freshAccount{concurrency: test.concurrency})).URL)
			got := run(t, "", append([]string{"plan", "--stage=prod"}, test.args...)...)
			got.done(t)
			text := regexp.MustCompile(`(?m) {2,}`).ReplaceAllString(got.out, " ")
			for _, want := range test.want {
				if !regexp.MustCompile(`(?m)^ ?` + regexp.QuoteMeta(want)).MatchString(text) {
					t.Errorf("no line begins with %q:\n%s", want, text)
				}
			}
		})
	}
	for args, says := range map[string]string{
		"--uploads-per-second=0":            "must be more than 0",
		"--uploads-per-second=1e9":          "at most 1000000",
		"--uploads-per-second=1 --owners=0": "--owners must be 1 or more",
		"--uploads-per-second=1 --size=0":   "must be 1 byte to",
		"--uploads-per-second=NaN":          "must be more than 0",
	} {
		run(t, "", append([]string{"plan", "--stage=prod"}, strings.Fields(args)...)...).refused(t, 2, says)
	}
}

// TestPlanOfTheLocalRun reads the template that it serves.
func TestPlanOfTheLocalRun(t *testing.T) {
	startLocal(t)
	data := os.Getenv("DATA")
	if err := os.Rename(assemblyOf(t, "Postern-local", prodTemplate(t)), filepath.Join(data, "cdk.out")); err != nil {
		t.Fatal(err)
	}
	if got := local(t, "", "plan", "--uploads-per-second=1"); got.code != 0 || !strings.Contains(got.out, "stage local, 1 uploads a second") {
		t.Errorf("got %+v", got)
	}
}
