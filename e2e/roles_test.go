package e2e_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"image"
	"image/png"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"postern/api"

	"postern/local/clip"
)

// The mail and the password of the service that these tests add.
const (
	serviceMail     = "service@example.com"
	servicePassword = "service-password"
)

// A need is a request that fails without a statement of a role.
type need struct {
	request func(t *testing.T, run *localRun) (status int, code string)
	works   int
	fails   string // status and code without the statement
	says    string // what the local run then says, after the role's id
}

// Beginnings of the local run's ARNs, which are the same in every template.
const (
	usersTable   = "arn:aws:dynamodb:eu-west-1:000000000000:table/Postern-local-Users"
	uploadsTable = "arn:aws:dynamodb:eu-west-1:000000000000:table/Postern-local-UploadsTable"
	uploadBucket = "arn:aws:s3:::postern-local-uploads"
	inspections  = "arn:aws:sqs:eu-west-1:000000000000:Postern-local-Inspections"
	eventBus     = "arn:aws:events:eu-west-1:000000000000:event-bus/default"
)

// needs has a request for each statement of each role, but for those on logs and traces. Of a statement that is named with an
// action, it has one for each action, but for hedges.
var needs = map[string]need{
	"AuthorizerRole/Users dynamodb:BatchGetItem": {
		request: getForm(demoUser), works: http.StatusOK, fails: "503 internal_error",
		says: "lacks dynamodb:BatchGetItem on " + usersTable,
	},
	"AuthorizerRole/Users dynamodb:GetItem": {
		request: getForm(serviceMail + ":" + servicePassword), works: http.StatusOK, fails: "503 internal_error",
		says: "lacks dynamodb:GetItem on " + usersTable,
	},
	"AuthorizerRole/Guesses": {
		request: getForm("demo@example.com:a wrong password"), works: http.StatusUnauthorized, fails: "503 internal_error",
		says: "lacks dynamodb:UpdateItem on " + usersTable,
	},
	"AuthorizerRole/Usage": {
		request: getForm(demoUser), works: http.StatusOK, fails: "503 internal_error",
		says: "lacks dynamodb:GetItem on " + uploadsTable,
	},
	"AuthorizerRole/OwnerKey": {
		request: getForm(demoUser), works: http.StatusOK, fails: "503 internal_error",
		says: "lacks secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:000000000000:secret:Postern-local-OwnerKey",
	},
	"PresignRole/Objects s3:PutObject": {
		request: useForm, works: http.StatusNoContent, fails: "403 AccessDenied", says: "lacks s3:PutObject on " + uploadBucket,
	},
	"PresignRole/Objects s3:ListMultipartUploadParts": {
		request: listParts, works: http.StatusOK, fails: "403 AccessDenied", says: "lacks s3:ListMultipartUploadParts on " + uploadBucket,
	},
	"PresignRole/TagPending": {
		request: useForm, works: http.StatusNoContent, fails: "403 AccessDenied", says: "lacks s3:PutObjectTagging on " + uploadBucket,
	},
	"ManageRole/Records": {
		request: call(http.MethodGet, "uploads"), works: http.StatusOK, fails: "500 internal_error", says: "lacks dynamodb:Query on " + uploadsTable,
	},
	"ManageRole/ReadReady": {
		request: downloadFile, works: http.StatusOK, fails: "403 AccessDenied", says: "lacks s3:GetObjectVersion on " + uploadBucket,
	},
	"ManageRole/Objects s3:DeleteObjectVersion": {
		request: deleteFile, works: http.StatusNoContent, fails: "500 internal_error", says: "lacks s3:DeleteObjectVersion on " + uploadBucket,
	},
	"ManageRole/Objects s3:AbortMultipartUpload": {
		request: deleteBegun, works: http.StatusNoContent, fails: "500 internal_error", says: "lacks s3:AbortMultipartUpload on " + uploadBucket,
	},
	"ManageRole/Objects s3:ListMultipartUploadParts": {
		request: showBegun, works: http.StatusOK, fails: "500 internal_error", says: "lacks s3:ListMultipartUploadParts on " + uploadBucket,
	},
	"ManageRole/Versions": {
		request: showGrant, works: http.StatusOK, fails: "500 internal_error", says: "lacks s3:ListBucketVersions on " + uploadBucket,
	},
	"ManageRole/Multiparts": {
		request: deleteFile, works: http.StatusNoContent, fails: "500 internal_error", says: "lacks s3:ListBucketMultipartUploads on " + uploadBucket,
	},
	"ManageRole/Queue": {
		request: deleteFile, works: http.StatusNoContent, fails: "500 internal_error", says: "lacks sqs:SendMessage on " + inspections,
	},
	"ManageRole/ScriptKeys": {
		request: call(http.MethodGet, "keys"), works: http.StatusOK, fails: "500 internal_error", says: "lacks dynamodb:GetItem on " + usersTable,
	},
	"InspectRole/Records": {
		request: inspected, works: http.StatusOK, fails: "0 ", says: "lacks dynamodb:GetItem on " + uploadsTable,
	},
	"InspectRole/Objects s3:GetObjectVersion": {
		request: inspected, works: http.StatusOK, fails: "0 ", says: "lacks s3:GetObjectVersion on " + uploadBucket,
	},
	"InspectRole/Objects s3:GetObjectVersionTagging": {
		request: inspected, works: http.StatusOK, fails: "0 ", says: "lacks s3:GetObjectVersionTagging on " + uploadBucket,
	},
	"InspectRole/TagVerdict": {
		request: inspected, works: http.StatusOK, fails: "0 ", says: "lacks s3:PutObjectVersionTagging on " + uploadBucket,
	},
	"InspectRole/OwnerKey": {
		request: inspected, works: http.StatusOK, fails: "0 ",
		says: "lacks secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:000000000000:secret:Postern-local-OwnerKey",
	},
	"InspectRole/Events": {
		request: inspected, works: http.StatusOK, fails: "0 ", says: "lacks events:PutEvents on " + eventBus,
	},
	"InspectRole/Queue": {
		request: inspected, works: http.StatusOK, fails: "0 ", says: "lacks sqs:",
	},
	"InspectRole/Objects s3:DeleteObjectVersion": {
		request: replayed, works: http.StatusOK, fails: "0 ", says: "lacks s3:DeleteObjectVersion on " + uploadBucket,
	},
	"InspectRole/Versions": {
		request: publishedDeletion, works: http.StatusOK, fails: "0 ", says: "lacks s3:ListBucketVersions on " + uploadBucket,
	},
}

// TestEveryStatementIsNeeded removes each statement of the template's roles in turn.
func TestEveryStatementIsNeeded(t *testing.T) {
	requireLocal(t)
	t.Parallel() // with the tests that wait for redeliveries
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
			t.Parallel()
			need, ok := needs[name]
			if !ok {
				t.Fatal("nothing shows that a request needs this statement")
			}
			run := serve(t, edited(t, without(name)))
			addService(t, run)
			status, code := need.request(t, run)
			// The inspection may remove a deleted file's version first. Then manage has nothing to remove.
			for tries := 1; name == "ManageRole/Objects s3:DeleteObjectVersion" && status == need.works && tries < 10; tries++ {
				status, code = need.request(t, run)
			}
			if got := fmt.Sprint(status, " ", code); got != need.fails {
				t.Errorf("got %s, want %s", got, need.fails)
			}
			role, _, _ := strings.Cut(name, "/")
			line := regexp.MustCompile(`(?m)^iam: denied: ` + role + `[0-9A-F]{8} ` + regexp.QuoteMeta(need.says))
			// The line may come shortly after the answer.
			for range 20 {
				if line.MatchString(run.Log()) {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
			t.Errorf("got no line %s in\n%s", line, run.Log())
		})
	}
}

// getForm asks for a form with a user's credentials.
func getForm(user string) func(*testing.T, *localRun) (int, string) {
	return func(t *testing.T, run *localRun) (int, string) {
		a := newClient(run.API, user).do(t, http.MethodGet, "presignedurl?mail=demo%40example.com")
		var fault errorBody
		_ = json.Unmarshal(a.body, &fault)
		return a.status, string(fault.Code)
	}
}

// useForm uploads a video.
func useForm(t *testing.T, run *localRun) (int, string) {
	return newClient(run.API, demoUser).presignedURL(t).post(t, clip.MP4())
}

// listParts begins a multipart upload and lists its parts.
func listParts(t *testing.T, run *localRun) (int, string) {
	c := newClient(run.API, demoUser)
	m := c.begin(t, "a.txt", 1)
	a := m.list(t, 0)
	return a.status, s3Code(a)
}

// call calls a route as the demo user.
func call(method, path string) func(*testing.T, *localRun) (int, string) {
	return func(t *testing.T, run *localRun) (int, string) {
		return refusal(newClient(run.API, demoUser).do(t, method, path))
	}
}

// refusal returns an answer's status and, if it is an error, its code.
func refusal(a answer) (int, string) {
	var fault errorBody
	_ = json.Unmarshal(a.body, &fault)
	return a.status, string(fault.Code)
}

// showGrant gets the record of an upload whose bytes have not come.
func showGrant(t *testing.T, run *localRun) (int, string) {
	c := newClient(run.API, demoUser)
	return refusal(c.do(t, http.MethodGet, "uploads/"+c.presignedURL(t).ID))
}

// ready returns an upload that is ready.
func ready(t *testing.T, run *localRun, more ...any) (client, grant) {
	c := newClient(run.API, demoUser)
	g := c.store(t, "a.txt", []byte("text"), more...)
	c.await(t, g.ID, "ready")
	return c, g
}

// downloadFile downloads an upload.
func downloadFile(t *testing.T, run *localRun) (int, string) {
	c, g := ready(t, run)
	a := c.do(t, http.MethodGet, "uploads/"+g.ID+"/download")
	if a.status != http.StatusOK {
		return refusal(a)
	}
	got := fetch(t, decoded[struct{ URL string }](t, a).URL)
	var fault struct{ Code string }
	_ = xml.Unmarshal(got.body, &fault)
	return got.status, fault.Code
}

// deleteFile deletes an upload.
func deleteFile(t *testing.T, run *localRun) (int, string) {
	c, g := ready(t, run)
	return refusal(c.do(t, http.MethodDelete, "uploads/"+g.ID))
}

// deleteBegun deletes an upload that has an open multipart upload.
func deleteBegun(t *testing.T, run *localRun) (int, string) {
	m := newClient(run.API, demoUser).begin(t, "a.txt", 1)
	return refusal(m.client.do(t, http.MethodDelete, "uploads/"+m.grant.ID))
}

// showBegun gets the record of an upload that has an open multipart upload.
func showBegun(t *testing.T, run *localRun) (int, string) {
	m := newClient(run.API, demoUser).begin(t, "a.txt", 1)
	return refusal(m.client.do(t, http.MethodGet, "uploads/"+m.grant.ID))
}

// inspected uploads a file and waits until it is ready and its event published: 200, or 0 if something was denied before.
func inspected(t *testing.T, run *localRun) (int, string) {
	c := newClient(run.API, demoUser)
	g := c.store(t, "a.txt", []byte("text"))
	return happens(t, run, func() bool {
		return c.show(t, g.ID).Status == "ready" && len(run.events(t, g.ID)) > 0
	})
}

// replayed uses a form twice and waits until the second version is gone.
func replayed(t *testing.T, run *localRun) (int, string) {
	_, g := ready(t, run, "via", "form")
	o := run.operator(t)
	if status, code := g.post(t, []byte("more")); status != http.StatusNoContent {
		return status, code
	}
	return happens(t, run, func() bool { return len(o.versions(t, g.Key)) == 1 })
}

// publishedDeletion deletes an upload and waits until the event of that is published.
func publishedDeletion(t *testing.T, run *localRun) (int, string) {
	c, g := ready(t, run)
	if status, code := refusal(c.do(t, http.MethodDelete, "uploads/"+g.ID)); status != http.StatusNoContent {
		return status, code
	}
	return happens(t, run, func() bool {
		return slices.ContainsFunc(run.events(t, g.ID), func(e event) bool { return e.DetailType == "Upload Deleted" })
	})
}

// happens returns 200 once something happens, or 0 if the local run has denied the inspect function something before.
func happens(t *testing.T, run *localRun, it func() bool) (int, string) {
	t.Helper()
	status := 0
	eventually(t, func() bool {
		if it() {
			status = http.StatusOK
		}
		return status != 0 || strings.Contains(run.Log(), "iam: denied: InspectRole")
	}, func() string { return "it never happens\n" + tail(run.Log()) })
	return status, ""
}

// addService adds a user with role service by the operator's command.
func addService(t *testing.T, run *localRun) {
	t.Helper()
	run.postern(t, servicePassword+"\n", "user", "add", serviceMail, "--role", "service")
}

// generated matches what CDK adds to the names in a template, in either case.
var generated = regexp.MustCompile(`([A-Za-z])(?:[0-9A-F]{8}|[0-9a-f]{8})\b`)

func readable(id string) string { return generated.ReplaceAllString(id, "$1") }

// statements returns the names of all statements of the template's roles, except those on logs and traces.
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
		actions := actionsOf(statement)
		switch {
		case !slices.ContainsFunc(actions, isWork):
		case !byAction(name):
			names = append(names, name)
		default:
			for _, action := range slices.DeleteFunc(actions, isHedge) {
				names = append(names, name+" "+action)
			}
		}
		return true
	})
	slices.Sort(names)
	return names
}

// byAction reports whether needs has each action of a statement by itself.
func byAction(statement string) bool {
	for name := range needs {
		if strings.HasPrefix(name, statement+" ") {
			return true
		}
	}
	return false
}

func actionsOf(statement map[string]any) []string {
	list, ok := statement["Action"].([]any)
	if !ok {
		list = []any{statement["Action"]}
	}
	actions := make([]string, len(list))
	for i, action := range list {
		actions[i] = action.(string)
	}
	return actions
}

// isWork reports whether an action is not one on logs or traces.
func isWork(action string) bool {
	return !strings.HasPrefix(action, "logs:") && !strings.HasPrefix(action, "xray:")
}

// isHedge reports whether an action is granted beside the one on versions, because AWS's pages disagree on which is needed.
func isHedge(action string) bool {
	return action == "s3:DeleteObject" || action == "s3:GetObjectTagging"
}

// without returns an edit that removes a statement, or an action of one.
func without(removed string) edit {
	statementName, action, hasAction := strings.Cut(removed, " ")
	return func(_ *testing.T, template map[string]any) {
		eachStatement(template, func(name string, statement map[string]any) bool {
			if name == statementName && hasAction {
				statement["Action"] = slices.DeleteFunc(actionsOf(statement), func(a string) bool { return a == action })
			}
			return name != statementName || hasAction
		})
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

// unused lists the grants that no test uses, each with why it is there.
var unused = func() map[string]string {
	all := map[string]string{}
	for _, action := range []string{
		"CreateLogGroup", "CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "FilterLogEvents", "GetLogEvents", "PutLogEvents",
	} {
		all["ApiGatewayLogRole logs:"+action+" on *"] = noLogs
	}
	for _, function := range []string{"Authorizer", "Presign", "Manage", "Inspect", "Site"} {
		all[function+"Role logs:CreateLogStream on "+logGroup(function)] = noLogs
		all[function+"Role logs:PutLogEvents on "+logGroup(function)] = noLogs
		all[function+"Role xray:PutTelemetryRecords on *"] = noTraces
		all[function+"Role xray:PutTraceSegments on *"] = noTraces
	}
	for _, folder := range []string{"audio", "documents", "images", "videos"} {
		all["ManageRole s3:DeleteObject on "+uploadBucket+"/"+folder+"/*"] = hedged
		all["InspectRole s3:DeleteObject on "+uploadBucket+"/"+folder+"/*"] = hedged
		all["InspectRole s3:GetObjectTagging on "+uploadBucket+"/"+folder+"/*"] = hedged
		all["InspectRole s3:PutObjectTagging on "+uploadBucket+"/"+folder+"/*"] = hedged
	}
	return all
}()

const (
	hedged   = "AWS's pages disagree on whether a call on a version needs it: a first deployment decides"
	noLogs   = "the local run has no CloudWatch Logs: logs go to its standard error"
	noTraces = "the local run has no X-Ray"
)

func logGroup(function string) string {
	return "arn:aws:logs:eu-west-1:000000000000:log-group:Postern-local-" + function + "Logs:*"
}

// TestEveryGrantIsUsed does what needs grants, and then reads which of them the local run reports as unused.
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
	c := newClient(run.API, demoUser)
	t.Run("folders", func(t *testing.T) {
		for filename, file := range samples(t) {
			t.Run(filename, func(t *testing.T) {
				t.Parallel() // waiting takes most of the time
				useFolder(t, run, c, filename, file)
			})
		}
	})
	call(http.MethodDelete, "uploads/"+c.presignedURL(t).ID)(t, run) // whose bytes have not come
	c.newKey(t, api.RightRead)
	if a := c.newLink(t, manyFiles).do(t, http.MethodGet, "link"); a.status != http.StatusOK {
		t.Errorf("GET link: got %d %s", a.status, a.body)
	}
	run.operator(t).send(t, reconcileMessage)
	eventually(t, func() bool { return strings.Count(run.Log(), "page reconciled") >= 4 }, func() string { return "the folders are not reconciled\n" + tail(run.Log()) })
	if err := run.stop(); err != nil {
		t.Fatal(err)
	}

	all, err := grants(run.Data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(unusedOf(all), unused); diff != "" {
		t.Errorf("unused grants (-got +want, with the reasons):\n%s", diff)
	}
}

// samples holds one good file for each folder, by name.
func samples(t *testing.T) map[string][]byte {
	t.Helper()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	frame := "\xff\xfb\x90\x00" + strings.Repeat("\x00", 413) // MPEG-1, layer III, 128 kbit/s at 44.1 kHz: 417 bytes
	return map[string][]byte{
		"a.mp3": []byte(strings.Repeat(frame, 4)), "a.txt": []byte("text"), "a.png": picture.Bytes(), "a.mp4": clip.MP4(),
	}
}

// useFolder does everything that can be done with an upload of a folder.
func useFolder(t *testing.T, run *localRun, c client, filename string, file []byte) {
	t.Helper()
	o := run.operator(t)
	g := c.store(t, filename, file, "via", "form")
	c.await(t, g.ID, "ready")
	if got, _ := c.download(t, g.ID); !bytes.Equal(got, file) {
		t.Errorf("%s: downloaded %d bytes, want %d", filename, len(got), len(file))
	}
	g.post(t, file) // again
	eventually(t, func() bool { return len(o.versions(t, g.Key)) == 1 }, func() string { return filename + ": a second version stays" })
	begun := c.begin(t, filename, int64(len(file)))
	if a := begun.list(t, 0); a.status != http.StatusOK {
		t.Errorf("%s: listing parts: got %d %s, want 200", filename, a.status, a.body)
	}
	if open := c.show(t, begun.grant.ID).Multiparts; len(open) != 1 {
		t.Errorf("%s: open: got %v, want one", filename, open)
	}
	deletes(t, c, begun.grant)
	_, err := o.objects.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(o.outputs["BucketName"]), Key: &g.Key})
	if err != nil {
		t.Fatal(err)
	}
	if a := c.do(t, http.MethodDelete, "uploads/"+g.ID); a.status != http.StatusNoContent {
		t.Errorf("%s: DELETE: got %d %s, want 204", filename, a.status, a.body)
	}
	run.awaitEvent(t, g.ID, "Upload Deleted")
	for i := 0; onBadDay && i < 3; i++ {
		// Inspect learns of a deletion too. It may have removed everything before a DELETE whose calls fail does.
		second := c.store(t, filename, file)
		c.await(t, second.ID, "ready")
		c.do(t, http.MethodDelete, "uploads/"+second.ID)
	}
}

// A granted is an action in the local run's report.
type granted struct {
	Role, Action, Resource string
	Used                   int
}

// grants returns what a local run reports that has ended and kept its data in a folder.
func grants(data string) ([]granted, error) {
	b, err := os.ReadFile(filepath.Join(data, "grants.json"))
	if err != nil {
		return nil, fmt.Errorf("reading the report of grants: %w", err)
	}
	var all []granted
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("reading the report of grants: %w", err)
	}
	return all, nil
}

// unusedOf returns the grants that nothing used: their readable names, with the reason if there is one.
func unusedOf(all []granted) map[string]string {
	names := map[string]string{}
	for _, grant := range all {
		if grant.Used == 0 {
			name := grant.name()
			names[name] = unused[name]
		}
	}
	return names
}

// name returns the readable name of a grant.
func (g granted) name() string {
	return readable(g.Role) + " " + g.Action + " on " + readable(g.Resource)
}

// A tally adds up what several local runs report.
type tally struct {
	mu     sync.Mutex
	grants map[string]granted // by name
}

// allGrants holds the grants of all local runs that these tests have stopped.
var allGrants tally

// add adds what a local run reports, which has ended and kept its data in a folder.
func (y *tally) add(data string) error {
	all, err := grants(data)
	if err != nil {
		return err
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.grants == nil {
		y.grants = map[string]granted{}
	}
	for _, grant := range all {
		name := grant.name()
		grant.Used += y.grants[name].Used
		y.grants[name] = grant
	}
	return nil
}

// report prints in one line what nothing used. TestEveryGrantIsUsed is what fails.
func (y *tally) report(w io.Writer) {
	y.mu.Lock()
	defer y.mu.Unlock()
	reasons := map[string]int{}
	var others []string
	for name, reason := range unusedOf(slices.Collect(maps.Values(y.grants))) {
		if reason == "" {
			others = append(others, name)
		} else {
			reasons[reason]++
		}
	}
	slices.Sort(others)
	parts := []string{fmt.Sprintf("%d without a reason", len(others))}
	if len(others) > 0 {
		parts[0] += " (" + strings.Join(others, ", ") + ")"
	}
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		parts = append(parts, fmt.Sprintf("%d because %s", reasons[reason], reason))
	}
	_, _ = fmt.Fprintf(w, "granted actions that nothing used, of %d: %s\n", len(y.grants), strings.Join(parts, "; "))
}
