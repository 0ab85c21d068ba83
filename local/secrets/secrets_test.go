package secrets_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"postern/internal/cfn"
	"postern/local/iam"
	local "postern/local/secrets"
	"postern/local/stacktest"
)

func start(t *testing.T, data string) stacktest.Server {
	t.Helper()
	service, err := local.Open(data, stacktest.Stack(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return stacktest.Serve(t, stacktest.NewGuard(), nil, service)
}

// get reads a secret as a role.
func get(t *testing.T, server stacktest.Server, role, id string) (string, error) {
	t.Helper()
	client := secretsmanager.NewFromConfig(server.Client(server.Issue(t, role)))
	got, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
	if err != nil {
		return "", err
	}
	return aws.ToString(got.SecretString), nil
}

// mustGet reads a secret as the authorizer does.
func mustGet(t *testing.T, server stacktest.Server, id string) string {
	t.Helper()
	value, err := get(t, server, "AuthorizerRole", id)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestGetSecretValue(t *testing.T) {
	data := t.TempDir()
	server := start(t, data)
	value := mustGet(t, server, stacktest.SecretARN)
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{64}$`).MatchString(value) {
		t.Errorf("a value of %d characters, want 64 letters, digits, - and _", len(value))
	}
	if mustGet(t, server, "OwnerKey") != value {
		t.Error("the name finds another value than the ARN")
	}
	info, err := os.Stat(filepath.Join(data, "secrets", "OwnerKey"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file %v, %v, want mode 0600", info, err)
	}
	server.Close()
	if mustGet(t, start(t, data), stacktest.SecretARN) != value {
		t.Error("the value did not survive a restart")
	}
	if mustGet(t, start(t, t.TempDir()), stacktest.SecretARN) == value {
		t.Error("two runs have the same value")
	}
}

func TestRefusals(t *testing.T) {
	server := start(t, t.TempDir())
	for secret, want := range map[string]string{"other": "ResourceNotFoundException", "": "InvalidParameterException"} {
		if _, err := get(t, server, iam.Operator, secret); stacktest.Code(err) != want {
			t.Errorf("secret %q: got %v, want %s", secret, err, want)
		}
	}
	for _, test := range []struct{ role, secret, lacks string }{
		{"AuthorizerRole", "OwnerKey2", "arn:aws:secretsmanager:" + stacktest.Region + ":" + stacktest.Account + ":secret:OwnerKey2"},
		{"PresignRole", "OwnerKey", stacktest.SecretARN},
	} {
		_, err := get(t, server, test.role, test.secret)
		if stacktest.Code(err) != "AccessDeniedException" || !strings.Contains(err.Error(), "because no identity-based policy allows the ") {
			t.Errorf("%s, %s: got %v, want AccessDeniedException", test.role, test.secret, err)
		}
		if want := "iam: denied: " + test.role + " lacks secretsmanager:GetSecretValue on " + test.lacks; server.Log.Last() != want {
			t.Errorf("logged %q, want %q", server.Log.Last(), want)
		}
	}
}

func TestSecretOfAnotherLength(t *testing.T) {
	data := t.TempDir()
	start(t, data)
	_, err := local.Open(data, &cfn.Stack{Secrets: []cfn.Secret{{Name: "OwnerKey", Length: 32}}}, rand.Reader)
	if err == nil || !strings.Contains(err.Error(), "has 64 characters and the template wants 32") {
		t.Errorf("got %v, want an error that names both lengths", err)
	}
}
