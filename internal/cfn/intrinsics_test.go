package cfn_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/internal/cfn"
)

func TestLoadIntrinsics(t *testing.T) {
	type object = map[string]any
	for _, test := range []struct {
		name  string
		value any
		want  string
	}{
		{"number", 5, "5"},
		{"boolean", true, "true"},
		{"region", object{"Ref": "AWS::Region"}, "eu-central-1"},
		{"account", object{"Ref": "AWS::AccountId"}, "000000000000"},
		{"partition", object{"Ref": "AWS::Partition"}, "aws"},
		{"suffix", object{"Ref": "AWS::URLSuffix"}, "amazonaws.com"},
		{"stack", object{"Ref": "AWS::StackName"}, "Postern-local"},
		{"stack id", object{"Ref": "AWS::StackId"}, "arn:aws:cloudformation:eu-central-1:000000000000:stack/Postern-local/local"},
		{"bucket", object{"Ref": "Uploads4F6EB0FD"}, "postern-local-uploads4f6eb0fd"},
		{"log group", object{"Fn::GetAtt": "ApiLogs3D05D88B.Arn"}, "arn:aws:logs:eu-central-1:000000000000:log-group:Postern-local-ApiLogs3D05D88B:*"},
		{"role", object{"Fn::GetAtt": []any{"PresignRoleE08F539A", "Arn"}}, "arn:aws:iam::000000000000:role/Postern-local-PresignRoleE08F539A"},
		{"table", object{"Fn::GetAtt": []any{"Users0A0EEA89", "Arn"}}, "arn:aws:dynamodb:eu-central-1:000000000000:table/Postern-local-Users0A0EEA89"},
		{"join", object{"Fn::Join": []any{"-", []any{"a", object{"Ref": "AWS::Region"}, 3}}}, "a-eu-central-1-3"},
		{"join of a split", object{"Fn::Join": []any{"/", object{"Fn::Split": []any{":", "a:b"}}}}, "a/b"},
		{"join without a member", object{"Fn::Join": []any{",", []any{"a", object{"Ref": "AWS::NoValue"}, "b"}}}, "a,b"},
		{"select", object{"Fn::Select": []any{"1", []any{"a", "b"}}}, "b"},
		{"sub", object{"Fn::Sub": "${AWS::Region}/${Uploads4F6EB0FD.Arn}/${!literal}"}, "eu-central-1/arn:aws:s3:::postern-local-uploads4f6eb0fd/${literal}"},
		{"sub with variables", object{"Fn::Sub": []any{"${a}-${AWS::Region}", object{"a": object{"Ref": "AWS::Partition"}}}}, "aws-eu-central-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := load(t, edited(t, func(r map[string]any) {
				set(r, "PresignA4E612D7", test.value, "Environment", "Variables", "X")
			}))
			if got := stack.Functions[1].Environment["X"]; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestLoadLeavesOutNoValue(t *testing.T) {
	stack := load(t, edited(t, func(r map[string]any) {
		set(r, "PresignA4E612D7", map[string]any{"Ref": "AWS::NoValue"}, "Timeout")
	}))
	if got := stack.Functions[1].Timeout.Seconds(); got != 3 {
		t.Errorf("a function without a timeout has %v s, want Lambda's default of 3", got)
	}
}

func TestLoadRefusesMalformedIntrinsics(t *testing.T) {
	type object = map[string]any
	for name, value := range map[string]any{
		"join of one argument":      object{"Fn::Join": []any{"-"}},
		"join of an object":         object{"Fn::Join": []any{"-", []any{object{}}}},
		"split of a list":           object{"Fn::Split": []any{",", []any{}}},
		"select outside the list":   object{"Fn::Select": []any{2, []any{"a", "b"}}},
		"select before the list":    object{"Fn::Select": []any{-1, []any{"a"}}},
		"sub of a number":           object{"Fn::Sub": 1},
		"sub of nothing known":      object{"Fn::Sub": "${Nothing}"},
		"attribute of nothing":      object{"Fn::GetAtt": "Nothing"},
		"object where text belongs": object{"a": "b"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := cfn.Load(edited(t, func(r map[string]any) {
				set(r, "PresignA4E612D7", value, "Environment", "Variables", "X")
			}))
			if want := "PresignA4E612D7 (AWS::Lambda::Function): Environment.Variables.X"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error with %q", err, want)
			}
		})
	}
}

// The template's literals name eu-central-1, so a stack for any region shows the region it is given in an error.
func TestLoadDefaultRegion(t *testing.T) {
	dir := edited(t, func(map[string]any) {})
	path := filepath.Join(dir, "manifest.json")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b = []byte(strings.Replace(string(b), "aws://unknown-account/eu-central-1", "aws://unknown-account/unknown-region", 1))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = cfn.Load(dir)
	if err == nil || !strings.Contains(err.Error(), "arn:aws:execute-api:eu-west-1:") {
		t.Errorf("got %v, want an error with the default region eu-west-1", err)
	}
}

func TestLoadBucketNames(t *testing.T) {
	long := strings.Repeat("Long", 20)
	stack := load(t, edited(t, func(r map[string]any) {
		r[long] = map[string]any{"Type": "AWS::S3::Bucket"}
		r[long+"2"] = map[string]any{"Type": "AWS::S3::Bucket"}
	}))
	one, two := stack.Buckets[0].Name, stack.Buckets[1].Name
	if len(one) > 63 || len(two) > 63 || one == two || one != strings.ToLower(one) {
		t.Errorf("got bucket names %q and %q, want two of at most 63 lower-case characters", one, two)
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}
