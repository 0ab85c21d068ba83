package function_test

import (
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/contract"
	"postern/internal/function"
)

var runtimeEnv = contract.RuntimeEnv{
	Region: "eu-west-1", AccessKeyID: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", SessionToken: "token",
}

// lookup finds the variables of a function's environment struct, those of Lambda itself and others.
func lookup[E any](t *testing.T, env E, others map[string]string) map[string]string {
	t.Helper()
	variables, err := contract.Env(env)
	if err != nil {
		t.Fatal(err)
	}
	runtime, err := contract.Env(runtimeEnv)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(variables, runtime)
	maps.Copy(variables, others)
	return variables
}

// checkRead holds Read to an environment struct, and to each of its variables' absence.
func checkRead[E any](t *testing.T, env E) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	variables := lookup(t, env, map[string]string{"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9000", "AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://127.0.0.1:1"})
	find := func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
	got, err := function.Read[E](find, log)
	if diff := cmp.Diff(got.Env, env); err != nil || diff != "" {
		t.Errorf("%T: %v, (-got +want)\n%s", env, err, diff)
	}
	want := function.Runtime{RuntimeEnv: runtimeEnv, Endpoints: map[function.Service]string{
		function.S3: "http://127.0.0.1:9000", function.SecretsManager: "http://127.0.0.1:1", function.DynamoDB: "", function.EventBridge: "", function.SQS: "",
	}}
	if diff := cmp.Diff(got.Runtime, want); diff != "" || got.Log != log {
		t.Errorf("%T: runtime (-got +want)\n%s", env, diff)
	}
	for name, value := range variables {
		if strings.HasPrefix(name, "AWS_ENDPOINT_URL_") {
			continue
		}
		delete(variables, name)
		if _, err := function.Read[E](find, log); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%T without %s: got %v, want an error that names it", env, name, err)
		}
		variables[name] = value
	}
}

func TestRead(t *testing.T) {
	folders := contract.Folders{"videos": {MaxSize: 1 << 30, Formats: map[string]string{"mp4": "video/mp4"}}}
	throttle := contract.Throttle{OwnerRate: 1, OwnerBurst: 2, ServiceRate: 3, ServiceBurst: 4}
	checkRead(t, contract.AuthorizerEnv{UsersTable: "users", UploadsTable: "uploads", OwnerKeySecret: "arn", Basic: true, DefaultMaxSize: 1000, DefaultQuota: 2000})
	checkRead(t, contract.PresignEnv{Bucket: "examplebucket", Lifetime: 15 * time.Minute, Folders: folders, Throttle: throttle})
	checkRead(t, contract.ManageEnv{Bucket: "examplebucket", UploadsTable: "uploads", UsersTable: "users", QueueURL: "https://sqs", Lifetime: time.Hour, Folders: folders, Throttle: throttle})
	checkRead(t, contract.InspectEnv{Bucket: "examplebucket", UploadsTable: "uploads", QueueURL: "https://sqs", EventBus: "default", OwnerKeySecret: "arn", Folders: folders, Inspection: contract.Inspection{Exact: true, MaxEntries: 1, MaxUnpacked: 2, MaxRatio: 3, MaxPixels: 4}})
}

func TestSigner(t *testing.T) {
	runtime := function.Runtime{RuntimeEnv: runtimeEnv}
	if _, err := runtime.Signer("examplebucket"); err != nil {
		t.Error(err)
	}
	if _, err := runtime.Signer("No Bucket"); err == nil {
		t.Error("a signer of no bucket")
	}
	runtime.Endpoints = map[function.Service]string{function.S3: "ftp://x"}
	if _, err := runtime.Signer("examplebucket"); err == nil || strings.Contains(err.Error(), runtimeEnv.SecretAccessKey) {
		t.Errorf("a signer of no address: %v", err)
	}
}
