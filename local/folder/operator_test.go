package folder_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/internal/cfn"
	"postern/local/folder"
	"postern/local/iam"
)

func TestWriteOperator(t *testing.T) {
	data := t.TempDir()
	// As a killed run leaves it, or a careless user.
	if err := os.WriteFile(filepath.Join(data, "credentials"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	stack := &cfn.Stack{
		Name: "Postern-local", Region: "eu-west-1",
		Outputs: map[string]string{"ApiUrl": "https://id.execute-api.eu-west-1.amazonaws.com/api/", "UsersTableName": "users"},
	}
	forget, err := folder.WriteOperator(data, iam.Credentials{AccessKeyID: "id", SecretAccessKey: "secret", SessionToken: "token"}, stack,
		folder.Addresses{API: "http://127.0.0.1:1/api/", S3: "http://127.0.0.1:2", AWS: "http://127.0.0.1:3"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"credentials": "[default]\naws_access_key_id = id\naws_secret_access_key = secret\naws_session_token = token\n",
		"config": "[default]\nregion = eu-west-1\nservices = local\n\n[services local]\n" +
			"s3 =\n  endpoint_url = http://127.0.0.1:2\n" +
			"dynamodb =\n  endpoint_url = http://127.0.0.1:3\n" +
			"secrets_manager =\n  endpoint_url = http://127.0.0.1:3\n" +
			"sqs =\n  endpoint_url = http://127.0.0.1:3\n" +
			"eventbridge =\n  endpoint_url = http://127.0.0.1:3\n",
		"outputs.json": "{\n  \"Postern-local\": {\n    \"ApiUrl\": \"http://127.0.0.1:1/api/\",\n    \"UsersTableName\": \"users\"\n  }\n}\n",
	}
	got := map[string]string{}
	for name := range want {
		text, err := os.ReadFile(filepath.Join(data, name))
		if err != nil {
			t.Fatal(err)
		}
		got[name] = string(text)
		if info, err := os.Stat(filepath.Join(data, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, %v, want mode 0600", name, info, err)
		}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("files (-got +want):\n%s", diff)
	}
	if stack.Outputs["ApiUrl"] != "https://id.execute-api.eu-west-1.amazonaws.com/api/" {
		t.Error("the stack's own outputs have changed")
	}
	forget()
	if left, _ := os.ReadDir(data); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
}
