package stack_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/infra/stack"
	"postern/infra/stage"
	"postern/internal/contract"
)

// TestGoldens compares whole templates with those checked in, so that a review sees every change. After a wanted one:
// go test ./infra/... -update.
func TestGoldens(t *testing.T) {
	deployed(t, func(t *testing.T, s stage.Stage, template *template) { checkGolden(t, s.Name, template) })
	t.Run("choices", func(t *testing.T) { checkGolden(t, "choices", choices) })
}

func checkGolden(t *testing.T, name string, template *template) {
	t.Helper()
	path := filepath.Join("testdata", name+".template.json")
	if *update {
		if err := writeFile(path, []byte(template.text)); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(template.text, string(want)); diff != "" {
		t.Errorf("%s (-got +want):\n%s", path, diff)
	}
}

func TestResourceTypes(t *testing.T) {
	want := []string{
		"AWS::ApiGateway::Authorizer", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::GatewayResponse",
		"AWS::ApiGateway::Method", "AWS::ApiGateway::Resource", "AWS::ApiGateway::RestApi",
		"AWS::ApiGateway::Stage", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard", "AWS::DynamoDB::Table", "AWS::Events::Rule", "AWS::IAM::Role",
		"AWS::Lambda::EventSourceMapping", "AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Logs::LogGroup",
		"AWS::Logs::MetricFilter",
		"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "AWS::SecretsManager::Secret",
	}
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		types := map[string]bool{}
		for _, r := range template.Resources {
			types[r.Type] = true
		}
		if s.APIGatewayLogRole == stage.CreateLogRole {
			delete(types, "AWS::ApiGateway::Account")
		}
		if s.WAF != stage.NoWAF {
			delete(types, "AWS::WAFv2::WebACL")
			delete(types, "AWS::WAFv2::WebACLAssociation")
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(types)), want); diff != "" {
			t.Errorf("types (-got +want):\n%s", diff)
		}
		if got := len(template.of("AWS::Lambda::Function")); got != len(contract.Functions) {
			t.Errorf("got %d functions, want %d", got, len(contract.Functions))
		}
	})
}

func TestNoPhysicalNames(t *testing.T) {
	names := map[string]string{
		"AWS::S3::Bucket":             "BucketName",
		"AWS::DynamoDB::Table":        "TableName",
		"AWS::SecretsManager::Secret": "Name",
		"AWS::Lambda::Function":       "FunctionName",
		"AWS::Logs::LogGroup":         "LogGroupName",
		"AWS::IAM::Role":              "RoleName",
		"AWS::SQS::Queue":             "QueueName",
		"AWS::CloudWatch::Alarm":      "AlarmName",

		"AWS::CloudWatch::CompositeAlarm": "AlarmName",
	}
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		for kind, property := range names {
			for name, r := range template.of(kind) {
				if got, ok := r.Properties[property]; ok {
					t.Errorf("%s has the physical name %v", name, got)
				}
			}
		}
	})
}

func TestFunctions(t *testing.T) {
	type settings struct {
		Architectures []any
		Runtime       any
		MemorySize    any
		Timeout       any
		Tracing       any
		Logs          string
	}
	want := map[string]settings{
		"Authorizer": {[]any{"arm64"}, "provided.al2023", 1769.0, 10.0, "Active", "${AuthorizerLogs}"},
		"Presign":    {[]any{"arm64"}, "provided.al2023", 256.0, 5.0, "Active", "${PresignLogs}"},
		"Manage":     {[]any{"arm64"}, "provided.al2023", 512.0, 29.0, "Active", "${ManageLogs}"},
		"Inspect":    {[]any{"arm64"}, "provided.al2023", 512.0, 30.0, "Active", "${InspectLogs}"},
		"Site":       {[]any{"arm64"}, "provided.al2023", 256.0, 5.0, "Active", "${SiteLogs}"},
	}
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		got := map[string]settings{}
		for name, function := range template.of("AWS::Lambda::Function") {
			p := function.Properties
			got[name] = settings{
				p["Architectures"].([]any), p["Runtime"], p["MemorySize"], p["Timeout"],
				p["TracingConfig"].(map[string]any)["Mode"], write(p["LoggingConfig"].(map[string]any)["LogGroup"]),
			}
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("functions (-got +want):\n%s", diff)
		}
		for name, group := range template.of("AWS::Logs::LogGroup") {
			if got, want := group.Properties["RetentionInDays"], float64(s.LogRetentionDays); got != want {
				t.Errorf("%s are kept for %v days, want %v", name, got, want)
			}
		}
	})
}

func TestTables(t *testing.T) {
	attribute := func(name string) any { return map[string]any{"AttributeName": name, "AttributeType": "S"} }
	key := func(name, kind string) any { return map[string]any{"AttributeName": name, "KeyType": kind} }
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		want := map[string]map[string]any{
			"Users": {
				"AttributeDefinitions":    []any{attribute("mail")},
				"KeySchema":               []any{key("mail", "HASH")},
				"TimeToLiveSpecification": map[string]any{"AttributeName": "forgetAt", "Enabled": true},
			},
			"UploadsTable": {
				"AttributeDefinitions":    []any{attribute("owner"), attribute("id")},
				"KeySchema":               []any{key("owner", "HASH"), key("id", "RANGE")},
				"TimeToLiveSpecification": map[string]any{"AttributeName": "expires", "Enabled": true},
			},
		}
		for _, table := range want {
			table["BillingMode"] = "PAY_PER_REQUEST"
			table["DeletionProtectionEnabled"] = s.Removal == stage.Retain
			table["PointInTimeRecoverySpecification"] = map[string]any{"PointInTimeRecoveryEnabled": true}
		}
		got := map[string]map[string]any{}
		for name, table := range template.of("AWS::DynamoDB::Table") {
			got[name] = table.Properties
			delete(got[name], "Tags")
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("properties by table (-got +want):\n%s", diff)
		}
	})
}

func TestOwnerKey(t *testing.T) {
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		got := template.only(t, "AWS::SecretsManager::Secret").Properties["GenerateSecretString"]
		want := map[string]any{"PasswordLength": 64.0, "ExcludePunctuation": true}
		if diff := cmp.Diff(got, any(want)); diff != "" {
			t.Errorf("generation (-got +want):\n%s", diff)
		}
	})
}

// variables are a function's environment, as the function would look it up.
func (t *template) variables(function string) map[string]string {
	environment := t.of("AWS::Lambda::Function")[function].Properties["Environment"].(map[string]any)
	variables := map[string]string{}
	for name, value := range environment["Variables"].(map[string]any) {
		variables[name] = write(value)
	}
	return variables
}

func TestEnvironmentIsTheContracts(t *testing.T) {
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		checkEnvironment(t, template.variables("Authorizer"), contract.AuthorizerEnv{
			UsersTable:     "${Users}",
			UploadsTable:   "${UploadsTable}",
			OwnerKeySecret: "${OwnerKey}",
			Basic:          s.Basic,
			Issuers:        s.Issuers,
			DefaultMaxSize: s.DefaultMaxSize,
			DefaultQuota:   s.DefaultQuota,

			DefaultFileQuota: int64(s.DefaultFileQuota),
		})
		checkEnvironment(t, template.onOneThread(t, "Presign"), contract.PresignEnv{
			Bucket:   "${Uploads}",
			Lifetime: s.SignatureLifetime,
			Folders:  s.Folders,
			Throttle: s.CallerThrottle(),
		})
		checkEnvironment(t, template.onOneThread(t, "Manage"), contract.ManageEnv{
			Bucket:       "${Uploads}",
			UploadsTable: "${UploadsTable}",
			UsersTable:   "${Users}",
			QueueURL:     "${Inspections}",
			Lifetime:     s.SignatureLifetime,
			Folders:      s.Folders,
			Throttle:     s.CallerThrottle(),
		})
		checkEnvironment(t, template.onOneThread(t, "Inspect"), contract.InspectEnv{
			Bucket:         "${Uploads}",
			UploadsTable:   "${UploadsTable}",
			QueueURL:       "${Inspections}",
			EventBus:       "default",
			OwnerKeySecret: "${OwnerKey}",
			Folders:        s.Folders,
			Inspection:     s.Inspection(),
		})
	})
}

// onOneThread are the variables of a function with less than a processor, besides the one that says so.
func (t *template) onOneThread(test *testing.T, function string) map[string]string {
	test.Helper()
	variables := t.variables(function)
	if got := variables["GOMAXPROCS"]; got != "1" {
		test.Errorf("GOMAXPROCS of %s: got %q, want 1", function, got)
	}
	delete(variables, "GOMAXPROCS")
	return variables
}

// checkEnvironment checks that variables are those that a function reads, and no other.
func checkEnvironment[T any](t *testing.T, variables map[string]string, want T) {
	t.Helper()
	got, err := contract.FromEnv[T](func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	})
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%T (-got +want):\n%s", want, diff)
	}
	written, err := contract.Env(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(variables, written); diff != "" {
		t.Errorf("variables of %T (-got +want):\n%s", want, diff)
	}
}

// TestRoomForTheFormatTable compares the variables beside the largest format table that a stage may have with the room that
// the stage's validation leaves them: 640 bytes.
func TestRoomForTheFormatTable(t *testing.T) {
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		for function := range template.of("AWS::Lambda::Function") {
			total := 0
			for name, value := range template.variables(function) {
				if name == "FOLDERS" {
					value = ""
				}
				total += len(name) + len(longest.Replace(value))
			}
			t.Logf("%s: %d bytes", function, total)
			if total > 640 {
				t.Errorf("%s: got %d bytes, want at most 640", function, total)
			}
		}
	})
}

// longest puts the longest values that there are in place of references: the stack's name is Postern- and a stage's, of
// 32 characters, and CloudFormation appends 13 to the names that it makes of it.
var longest = strings.NewReplacer(
	"${Uploads}", strings.Repeat("b", 63),
	"${Uploads.Arn}", "arn:aws-iso-b:s3:::"+strings.Repeat("b", 63),
	"${Users}", made("Users"),
	"${UploadsTable}", made("UploadsTable"),
	"${UploadsTable.Arn}", arn("dynamodb")+"table/"+made("UploadsTable"),
	"${Users.Arn}", arn("dynamodb")+"table/"+made("Users"),
	"${OwnerKey}", arn("secretsmanager")+"secret:"+made("OwnerKey")+"-abcdef",
	"${Inspections}", "https://sqs.ap-southeast-99.amazonaws.com.cn/123456789012/"+made("Inspections"),
	"${Inspections.Arn}", arn("sqs")+made("Inspections"),
	"${AuthorizerLogs.Arn}", arn("logs")+"log-group:"+made("AuthorizerLogs")+":*",
	"${PresignLogs.Arn}", arn("logs")+"log-group:"+made("PresignLogs")+":*",
	"${ManageLogs.Arn}", arn("logs")+"log-group:"+made("ManageLogs")+":*",
	"${InspectLogs.Arn}", arn("logs")+"log-group:"+made("InspectLogs")+":*",
	"${AWS::Partition}", "aws-iso-b",
	"${AWS::Region}", "ap-southeast-99",
	"${AWS::AccountId}", "123456789012",
)

// made is a name as long as the longest that CloudFormation makes for a resource of a construct.
func made(id string) string {
	return strings.Repeat("s", len("Postern-")+32) + "-" + id + "01234567" + "-" + strings.Repeat("r", 13)
}

// arn is the beginning of an ARN, as long as any.
func arn(service string) string { return "arn:aws-iso-b:" + service + ":ap-southeast-99:123456789012:" }

func TestOutputs(t *testing.T) {
	want := map[string]string{
		"ApiUrl":            "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${ApiDeploymentStageapi}/",
		"BucketName":        "${Uploads}",
		"UsersTableName":    "${Users}",
		"UploadsTableName":  "${UploadsTable}",
		"QueueUrl":          "${Inspections}",
		"OwnerKeySecretArn": "${OwnerKey}",
		"Version":           api.Version,
	}
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		got := map[string]string{}
		for name, output := range template.Outputs {
			got[name] = write(output.Value)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("outputs (-got +want):\n%s", diff)
		}
	})
}

// TestLocalIsLikeDev lists every difference between the template that make run serves and one that is deployed, when
// their stages are configured alike.
func TestLocalIsLikeDev(t *testing.T) {
	s := stages["dev"]
	s.Name, s.Tags = stage.Local, maps.Clone(s.Tags)
	s.Tags["stage"] = stage.Local
	served, err := synthesize(t, s, func(awsapigateway.RestApi) {})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	if runtime.GOARCH == "amd64" {
		want = []string{
			`Resources.Authorizer.Properties.Architectures: ["x86_64"] instead of ["arm64"]`,
			`Resources.Inspect.Properties.Architectures: ["x86_64"] instead of ["arm64"]`,
			`Resources.Manage.Properties.Architectures: ["x86_64"] instead of ["arm64"]`,
			`Resources.Presign.Properties.Architectures: ["x86_64"] instead of ["arm64"]`,
			`Resources.Site.Properties.Architectures: ["x86_64"] instead of ["arm64"]`,
		}
	}
	local, dev := leaves(t, served, stage.Local), leaves(t, templates["dev"], "dev")
	var got []string
	for _, path := range slices.Sorted(maps.Keys(local)) {
		if local[path] != dev[path] {
			got = append(got, fmt.Sprintf("%s: %s instead of %s", path, local[path], dev[path]))
		}
		delete(dev, path)
	}
	for _, path := range slices.Sorted(maps.Keys(dev)) {
		got = append(got, fmt.Sprintf("%s: nothing instead of %s", path, dev[path]))
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("differences (-got +want):\n%s", diff)
	}
}

var anyID = regexp.MustCompile(`"([A-Z][A-Za-z]+?)[0-9A-F]{8}(?:[0-9a-f]{32})?"`)

// leaves are the values of a template by path, the stage's name and the hashes in logical ids masked. A list of strings
// is a value.
func leaves(t *testing.T, of *template, stageName string) map[string]string {
	t.Helper()
	text := regexp.MustCompile(`Postern-?`+stageName+`|stage `+stageName).ReplaceAllString(of.text, "<stack>")
	text = strings.ReplaceAll(text, `"`+stageName+`"`, `"<stage>"`)
	text = regexp.MustCompile(`RequestAuthorizer[0-9A-F]{8}(Permissions[0-9A-F]{8})?`).ReplaceAllString(text, "RequestAuthorizer$1")
	text = regexp.MustCompile(`RequestAuthorizerPermissions[0-9A-F]{8}`).ReplaceAllString(text, "RequestAuthorizerPermissions")
	text = anyID.ReplaceAllString(text, `"$1"`)
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	collect(value, "", found)
	return found
}

func collect(value any, path string, into map[string]string) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			collect(member, strings.TrimPrefix(path+"."+name, "."), into)
		}
		return
	case []any:
		if len(value) > 0 {
			if _, ok := value[0].(string); ok {
				break
			}
		}
		for i, member := range value {
			collect(member, fmt.Sprintf("%s[%d]", path, i), into)
		}
		return
	}
	text, _ := json.Marshal(value)
	into[path] = string(text)
}

func TestLint(t *testing.T) {
	lint, err := exec.LookPath("cfn-lint")
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal("cfn-lint is not installed: pip install cfn-lint")
	}
	if err != nil {
		t.Log("cfn-lint is not installed, and not asked for without CI")
		return
	}
	check := func(t *testing.T, folder, stageName string) {
		path := filepath.Join(folder, stack.Name(stageName)+".template.json")
		cmd := exec.CommandContext(t.Context(), lint, "--non-zero-exit-code", "error", path)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	deployed(t, func(t *testing.T, s stage.Stage, _ *template) { check(t, assembly, s.Name) })
	check(t, chosen, "choices")
}

// TestMissingFunction names what is not compiled and what to do.
func TestMissingFunction(t *testing.T) {
	folder := t.TempDir()
	_, err := stack.New(nil, "Postern-dev", stack.Props{Stage: stages["dev"], Functions: folder})
	want := filepath.Join(folder, "authorizer", "bootstrap") + " is missing: run `make build`, which compiles the functions"
	if got := fmt.Sprint(err); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUnknownArchitecture(t *testing.T) {
	_, err := stack.New(nil, "Postern-dev", stack.Props{Stage: stages["dev"], Functions: functions, Architecture: "riscv64"})
	want := `architecture must be arm64 or amd64; got "riscv64"`
	if got := fmt.Sprint(err); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestWarnings reads what the CDK's CLI prints of a stage: the origin in cdk.json is a placeholder.
func TestWarnings(t *testing.T) {
	want := map[string]string{
		"prod": `stages.prod.allowedOrigins: "https://app.example.com" is a placeholder: list your own origins [ack: postern:stage]` +
			"stages.prod.alarmMail: alarms tell nobody: give an address, or a topic as alarmTopic [ack: postern:stage]",
	}
	for name := range stages {
		var metadata map[string][]struct {
			Type string
			Data any
		}
		readJSON(t, stack.Name(name)+".metadata.json", &metadata)
		var got string
		for _, message := range metadata["/"+stack.Name(name)] {
			if message.Type == "aws:cdk:warning" {
				got += fmt.Sprint(message.Data)
			}
		}
		if got != want[name] {
			t.Errorf("%s: got %q, want %q", name, got, want[name])
		}
	}
}

// readJSON reads a file of the assembly.
func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(assembly, file))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// TestStageWithoutTraces holds a stage that wants none: no function makes any, and no role may.
func TestStageWithoutTraces(t *testing.T) {
	s := stages["dev"]
	s.Tracing = false
	got, err := synthesize(t, s, func(awsapigateway.RestApi) {})
	if err != nil {
		t.Fatal(err)
	}
	for name, function := range got.of("AWS::Lambda::Function") {
		if config := function.Properties["TracingConfig"]; config != nil {
			t.Errorf("%s: got %v", name, config)
		}
	}
	if strings.Contains(got.text, "xray:") {
		t.Error("a role may write traces")
	}
}
