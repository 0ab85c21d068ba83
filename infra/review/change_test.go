package review_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/infra/review"
	"postern/internal/cfn"
)

var update = flag.Bool("update", false, "write the goldens anew")

// edited returns stage prod's template with its text changed.
func edited(t *testing.T, edit func(text string) string) *cfn.Template {
	t.Helper()
	b, err := os.ReadFile("../stack/testdata/prod.template.json")
	if err != nil {
		t.Fatal(err)
	}
	changed := edit(string(b))
	if changed == string(b) {
		t.Fatal("the edit changes nothing")
	}
	template, err := cfn.ParseTemplate("Postern-prod", []byte(changed))
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// withoutFolder returns stage prod's template without a folder of the format table.
func withoutFolder(t *testing.T, folder string) *cfn.Template {
	t.Helper()
	template := golden(t, "prod")
	for id, r := range template.Resources {
		r.Properties = pruned(t, r.Properties, folder).(map[string]any)
		template.Resources[id] = r
	}
	return template
}

func pruned(t *testing.T, value any, folder string) any {
	switch value := value.(type) {
	case []any:
		var rest []any
		for _, member := range value {
			if text := cfn.Text(member); text == folder+"/*" || strings.HasSuffix(text, ".Arn}/"+folder+"/*") {
				continue
			}
			rest = append(rest, pruned(t, member, folder))
		}
		return rest
	case map[string]any:
		for name, member := range value {
			if table, ok := member.(string); ok && name == "FOLDERS" {
				var folders map[string]json.RawMessage
				if err := json.Unmarshal([]byte(table), &folders); err != nil {
					t.Fatal(err)
				}
				delete(folders, folder)
				b, err := json.Marshal(folders)
				if err != nil {
					t.Fatal(err)
				}
				member = string(b)
			}
			value[name] = pruned(t, member, folder)
		}
	}
	return value
}

func TestSamples(t *testing.T) {
	with := pages(t)
	slow := mutation{"CallersThrottled", "Threshold", 500, ""}
	for _, sample := range []struct {
		name         string
		base, change review.Side
		stops        bool
	}{
		{
			"route",
			review.Side{Template: lacking(t, "ApiuploadsidPATCH"), Pages: with},
			review.Side{Template: golden(t, "prod"), Pages: with},
			false,
		},
		{
			"wider-role",
			review.Side{Template: golden(t, "prod"), Pages: with},
			review.Side{Template: mutated(t, mutation{"InspectRole", permissions + "2/Action", []any{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"}, ""}), Pages: with},
			false,
		},
		{
			"renamed-table",
			review.Side{Template: golden(t, "prod"), Pages: with},
			review.Side{Template: edited(t, func(text string) string { return strings.ReplaceAll(text, "UploadsTableFE9AB9DB", "RecordsA1B2C3D4") }), Pages: with},
			true,
		},
		{
			"folder",
			review.Side{Template: withoutFolder(t, "audio"), Pages: with},
			review.Side{Template: golden(t, "prod"), Pages: with},
			false,
		},
		{
			"alarm",
			review.Side{Template: lacking(t, "AddressesBlocked"), Pages: less(with, "AddressesBlocked")},
			review.Side{Template: mutated(t, slow), Pages: with},
			false,
		},
	} {
		t.Run(sample.name, func(t *testing.T) {
			change := review.Compare(sample.base, sample.change)
			if got := change.Stops(false); got != sample.stops {
				t.Errorf("stops: got %v, want %v", got, sample.stops)
			}
			compare(t, sample.name+".md", review.Markdown("main", "a-branch", []review.Change{change}, false))
		})
	}
}

// lacking returns stage prod's template without a resource.
func lacking(t *testing.T, resource string) *cfn.Template {
	t.Helper()
	return lackingOf(t, "prod", resource)
}

func less(pages []string, page string) []string {
	return slices.DeleteFunc(slices.Clone(pages), func(p string) bool { return p == page })
}

// TestRisks compares what a reviewer sees first of a change, and whether it stops.
func TestRisks(t *testing.T) {
	with := pages(t)
	opened := mutated(t, mutation{"ApiusageGET", "AuthorizationType", "NONE", ""})
	for _, test := range []struct {
		name         string
		base, change *cfn.Template
		stops        bool // though losses are allowed
		want         string
	}{
		{"nothing", golden(t, "prod"), golden(t, "prod"), false, "No change."},
		{"new stack", nil, golden(t, "prod"), false, "the stack is new, with"},
		{"route gone", golden(t, "prod"), lacking(t, "ApiuploadsidPATCH"), false, "**breaks** clients that call `PATCH /uploads/{id}`"},
		{"route opened", golden(t, "prod"), opened, true, "**opens** `GET /usage`"},
		{"finding as before", opened, opened, true, "must have the authorizer: the route table does not call it public (as before)"},
		{"alarm gone", golden(t, "prod"), lacking(t, "CallersRefused"), true, "**silences** `CallersRefused`"},
		{"stack gone", golden(t, "prod"), nil, false, "**destroys** `OwnerKey` (AWS::SecretsManager::Secret)"},
		{"data not kept", golden(t, "prod"), golden(t, "dev"), false, "**destroys** `Uploads` (AWS::S3::Bucket) is kept no longer"},
		{"protection", golden(t, "prod"), mutated(t, mutation{"Users", "DeletionProtectionEnabled", false, ""}), true, "**destroys** `Users` (AWS::DynamoDB::Table) loses its deletion protection"},
		{"key schema", golden(t, "prod"), mutated(t, mutation{"Users", "KeySchema/0/AttributeName", "subject", ""}), false, "is replaced, because `KeySchema` changes: this orphans your data"},
		{"host off", golden(t, "prod"), mutated(t, mutation{"Api", "DisableExecuteApiEndpoint", true, ""}), true, "`Api` (AWS::ApiGateway::RestApi) is no longer reached by API Gateway's own host"},
		{"domain gone", golden(t, "choices"), lackingOf(t, "choices", "Domain"), true, "`Domain` (AWS::ApiGateway::DomainName) has another logical id, or is gone: the API's address changes"},
		{"vault gone", golden(t, "choices"), lackingOf(t, "choices", "BackupVault"), true, "the copies of the tables stay in a vault that the stack no longer knows"},
		{"deletes", golden(t, "dev"), lackingOf(t, "dev", "Uploads"), true, "this deletes your data: the files"},
		{"denial gone", golden(t, "prod"), mutated(t, mutation{"UploadsPolicy", policy + "4", nil, ""}), true, "**broadens** `UploadsPolicy / DenyOverwrites`: gone: deny"},
		{"denial narrowed", golden(t, "prod"), mutated(t, mutation{"UploadsPolicy", policy + "4/Action", "s3:GetObject", ""}), true, "**broadens** `UploadsPolicy / DenyOverwrites`"},
		{"condition gone", golden(t, "prod"), mutated(t, mutation{"PresignRole", permissions + "3/Condition", nil, ""}), true, "no longer only if `StringEquals s3:RequestObjectTag/status: pending`"},
		{"statement gone", golden(t, "prod"), mutated(t, mutation{"ManageRole", permissions + "7", nil, ""}), false, "`ManageRole / Queue`: gone: allow"},
		{"permission widened", golden(t, "prod"), mutated(t, mutation{"ManageInvocation", "SourceArn", nil, ""}), true, "**broadens** `ManageInvocation`"},
		{"dearer", golden(t, "dev"), golden(t, "prod"), false, "- Firewall: none → 6.12 (1 web ACL, 1 rule, 200,000 requests)"},
		{"cheaper", golden(t, "prod"), lacking(t, "Firewall"), false, "(-6.12), with 100000 uploads of 10 MiB on average\n- Firewall: 6.12 (1 web ACL, 1 rule, 200,000 requests) → none"},
		{"names that are Markdown", golden(t, "prod"), mutated(t, mutation{"Presign", variables + "X", "`*@somebody*`\n# x", ""}), false, "none → `'*@somebody*' # x`"},
	} {
		t.Run(test.name, func(t *testing.T) {
			change := review.Compare(review.Side{Template: test.base, Pages: with}, review.Side{Template: test.change, Pages: with})
			if got := change.Stops(true); got != test.stops {
				t.Errorf("stops: got %v, want %v", got, test.stops)
			}
			if got := review.Markdown("main", "a-branch", []review.Change{change}, true); !strings.Contains(got, test.want) {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
		})
	}
}

func lackingOf(t *testing.T, stage, resource string) *cfn.Template {
	t.Helper()
	template := golden(t, stage)
	delete(template.Resources, idOf(t, template, resource))
	return template
}

// TestStacksThatChangeAlike share a section.
func TestStacksThatChangeAlike(t *testing.T) {
	with := pages(t)
	var changes []review.Change
	for _, stage := range []string{"dev", "prod"} {
		side := review.Side{Template: golden(t, stage), Pages: with}
		changes = append(changes, review.Compare(side, side))
	}
	if got, want := review.Markdown("main", "a-branch", changes, false), "## Postern-dev and Postern-prod\n\nNo change.\n"; !strings.Contains(got, want) {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func mutated(t *testing.T, m mutation) *cfn.Template {
	t.Helper()
	template := golden(t, "prod")
	mutate(t, template, m)
	return template
}

// compare compares a text with the golden of a name.
func compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, string(want)); diff != "" {
		t.Errorf("%s (-got +want):\n%s", path, diff)
	}
}
