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

	"postern/infra/stack"
	"postern/infra/stage"
	"postern/lambda/contract"
)

// TestGoldens compares whole templates with those checked in, so that a review sees every change. After a wanted one:
// go test ./infra/... -update.
func TestGoldens(t *testing.T) {
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		path := filepath.Join("testdata", s.Name+".template.json")
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
	})
}

func TestResourceTypes(t *testing.T) {
	want := []string{
		"AWS::ApiGateway::Authorizer", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::GatewayResponse",
		"AWS::ApiGateway::Method", "AWS::ApiGateway::RequestValidator", "AWS::ApiGateway::Resource", "AWS::ApiGateway::RestApi",
		"AWS::ApiGateway::Stage", "AWS::DynamoDB::Table", "AWS::IAM::Role", "AWS::Lambda::Function", "AWS::Lambda::Permission",
		"AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::SecretsManager::Secret",
	}
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		types := map[string]bool{}
		for _, r := range template.Resources {
			types[r.Type] = true
		}
		if s.APIGatewayLogRole == stage.CreateLogRole {
			delete(types, "AWS::ApiGateway::Account")
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

func TestUsersTable(t *testing.T) {
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		got := template.only(t, "AWS::DynamoDB::Table").Properties
		delete(got, "Tags")
		want := map[string]any{
			"AttributeDefinitions":             []any{map[string]any{"AttributeName": "mail", "AttributeType": "S"}},
			"KeySchema":                        []any{map[string]any{"AttributeName": "mail", "KeyType": "HASH"}},
			"BillingMode":                      "PAY_PER_REQUEST",
			"DeletionProtectionEnabled":        s.Removal == stage.Retain,
			"PointInTimeRecoverySpecification": map[string]any{"PointInTimeRecoveryEnabled": true},
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("properties (-got +want):\n%s", diff)
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
			OwnerKeySecret: "${OwnerKey}",
			DefaultMaxSize: s.DefaultMaxSize,
			DefaultQuota:   s.DefaultQuota,
		})
		presign := template.variables("Presign")
		if got := presign["GOMAXPROCS"]; got != "1" {
			t.Errorf("GOMAXPROCS of presign: got %q, want 1", got)
		}
		delete(presign, "GOMAXPROCS")
		checkEnvironment(t, presign, contract.PresignEnv{Bucket: "${Uploads}", Lifetime: s.SignatureLifetime, Folders: s.Folders})
	})
}

// checkEnvironment holds variables to be those that a function reads, and no other.
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

// TestRoomForTheFormatTable holds the variables beside the largest format table that a stage may have to the room that
// the stage's validation leaves them: 512 bytes.
func TestRoomForTheFormatTable(t *testing.T) {
	longest := map[string]string{"${Uploads}": strings.Repeat("b", 63)}
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		total := 0
		for name, value := range template.variables("Presign") {
			if name == "FOLDERS" {
				value = ""
			}
			if long, ok := longest[value]; ok {
				value = long
			}
			total += len(name) + len(value)
		}
		if total > 512 {
			t.Errorf("got %d bytes, want at most 512", total)
		}
	})
}

func TestOutputs(t *testing.T) {
	want := map[string]string{
		"ApiUrl":            "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${ApiDeploymentStageapi}/",
		"BucketName":        "${Uploads}",
		"UsersTableName":    "${Users}",
		"OwnerKeySecretArn": "${OwnerKey}",
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

func TestProtectionFromDeletion(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(assembly, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Artifacts map[string]struct {
			Properties struct{ TerminationProtection bool }
		}
	}
	if err := json.Unmarshal(b, &manifest); err != nil {
		t.Fatal(err)
	}
	for name, s := range stages {
		got := manifest.Artifacts[stack.Name(name)].Properties.TerminationProtection
		if want := s.Removal == stage.Retain; got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
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
			`Resources.Presign.Properties.Architectures: ["x86_64"] instead of ["arm64"]`,
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
	if err != nil {
		t.Log("skipped: cfn-lint is not installed")
		return
	}
	deployed(t, func(t *testing.T, s stage.Stage, _ *template) {
		path := filepath.Join(assembly, stack.Name(s.Name)+".template.json")
		cmd := exec.CommandContext(t.Context(), lint, "--non-zero-exit-code", "error", path)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
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
	want := `architecture "riscv64" is not one of Lambda's; allowed: arm64, amd64`
	if got := fmt.Sprint(err); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
