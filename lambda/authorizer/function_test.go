package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/truora/minidyn/server"

	"postern/internal/awsclient"
	"postern/internal/contract"
	"postern/internal/function"
	"postern/internal/identity"
	"postern/internal/records"
	"postern/internal/tabletest"
)

const secretARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:OwnerKey-AbCdEf"

// runtimeAt has one service at an address.
func runtimeAt(service function.Service, address string) function.Runtime {
	return function.Runtime{
		RuntimeEnv: contract.RuntimeEnv{Region: "eu-west-1", AccessKeyID: "id", SecretAccessKey: "secret", SessionToken: "token"},
		Endpoints:  map[function.Service]string{service: address},
	}
}

// secretsManager is a server that gives every request one answer.
func secretsManager(t *testing.T, answer string) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if strings.Contains(answer, "__type") {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

const (
	goodSecret = `{"ARN":"` + secretARN + `","SecretString":"0123456789abcdef0123456789abcdef"}`
	denied     = `{"__type":"AccessDeniedException","message":"denied"}`
)

// setup is what the function is made of, with the addresses of its services.
func setup(log io.Writer, dynamodb, secrets string) function.Setup[contract.AuthorizerEnv] {
	runtime := runtimeAt(function.DynamoDB, dynamodb)
	runtime.Endpoints[function.SecretsManager] = secrets
	return function.Setup[contract.AuthorizerEnv]{
		Env: contract.AuthorizerEnv{
			UsersTable: "users", UploadsTable: "uploads", OwnerKeySecret: secretARN, Basic: true, DefaultMaxSize: 1000, DefaultQuota: 2000, DefaultFileQuota: 20,
		},
		Runtime: runtime, Log: slog.New(slog.NewJSONHandler(log, nil)),
	}
}

func randomness() *strings.Reader { return strings.NewReader(strings.Repeat("k", 256)) }

// dynamoDB is a server whose users table holds one user, and whose uploads table holds the usages by owner, or is not
// there if they are nil.
func dynamoDB(t *testing.T, user identity.User, used map[string]string) (address string) {
	t.Helper()
	dynamo := httptest.NewServer(server.NewServer())
	t.Cleanup(dynamo.Close)
	client := dynamodb.NewFromConfig(awsclient.Config(runtimeAt(function.DynamoDB, dynamo.URL), function.DynamoDB))
	tabletest.Create(t, client, "users", "mail")
	if err := records.NewUsers(client, "users").Put(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	if used == nil {
		return dynamo.URL
	}
	tabletest.Create(t, client, "uploads", "owner", "id")
	for owner, bytes := range used {
		putItem(t, client, "uploads", map[string]types.AttributeValue{
			"owner": &types.AttributeValueMemberS{Value: owner},
			"id":    &types.AttributeValueMemberS{Value: "usage"},
			"used":  &types.AttributeValueMemberN{Value: bytes},
			"files": &types.AttributeValueMemberN{Value: "5"},
		})
	}
	return dynamo.URL
}

func putItem(t *testing.T, client *dynamodb.Client, table string, item map[string]types.AttributeValue) {
	t.Helper()
	if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
		t.Fatal(err)
	}
}

// The whole function with the real derivation, and with servers in the place of AWS.
func TestFunction(t *testing.T) {
	hash, err := identity.HashPassword(strings.NewReader("0123456789abcdef"), "demo-password")
	if err != nil {
		t.Fatal(err)
	}
	secrets := secretsManager(t, goodSecret)
	dynamo := dynamoDB(t, identity.User{
		Mail: "demo@example.com", Owner: demoOwner, Hash: hash, Role: identity.RoleService,
	}, map[string]string{demoOwner: "500"})
	var log bytes.Buffer
	authorizer, err := newAuthorizer(setup(&log, dynamo, secrets), randomness())
	if err != nil {
		t.Fatal(err)
	}

	fixture, err := os.ReadFile("testdata/event.json")
	if err != nil {
		t.Fatal(err)
	}
	var event request
	if err := json.Unmarshal(fixture, &event); err != nil {
		t.Fatal(err)
	}
	acting := func(owner, remaining, remainingFiles string) response {
		answer := policy("Allow", demoOwner, methodARN)
		answer.Context = map[string]any{
			"owner": owner, "role": "service", "maxSize": "1000", "quota": "2000", "remaining": remaining,
			"fileQuota": "20", "remainingFiles": remainingFiles, "key": derived(t, owner).Text(),
		}
		return answer
	}
	got, err := authorizer.handle(t.Context(), event)
	if diff := cmp.Diff(got, acting(demoOwner, "1500", "15")); err != nil || diff != "" {
		t.Errorf("own mail: %v\n(-got +want)\n%s", err, diff)
	}
	got, err = authorizer.handle(t.Context(), requestOf(t, demo, "nobody@example.com"))
	if diff := cmp.Diff(got, acting(identity.Owner(ownerKey, "nobody@example.com"), "2000", "20")); err != nil || diff != "" {
		t.Errorf("mail without a row: %v\n(-got +want)\n%s", err, diff)
	}
	for name, header := range map[string]string{
		"wrong password": basic("demo@example.com", "demo-passwore"),
		"unknown user":   basic("nobody@example.com", "demo-password"),
	} {
		got, err = authorizer.handle(t.Context(), requestOf(t, header))
		checkRefused(t, name, got, err, "Unauthorized")
	}
	if log.Len() > 0 {
		t.Errorf("log %s", &log)
	}
}

// Requests that hold the marker wherever a person's data can be, through the real parts, with services that work, refuse
// or are not there.
func TestNothingPersonalIsLogged(t *testing.T) {
	mail, password := identity.Mail(marker+"@example.com"), marker+"-password"
	hash, err := identity.HashPassword(strings.NewReader("0123456789abcdef"), password)
	if err != nil {
		t.Fatal(err)
	}
	good := identity.User{Mail: mail, Owner: demoOwner, Hash: hash, Role: identity.RoleService}
	working := dynamoDB(t, good, map[string]string{demoOwner: "500"})
	corrupt := dynamoDB(t, identity.User{Mail: mail, Owner: marker, Hash: marker, Role: marker}, map[string]string{})
	corruptUsage := dynamoDB(t, good, map[string]string{demoOwner: "0.5"})
	noUploads := dynamoDB(t, good, nil)
	noTable := httptest.NewServer(server.NewServer())
	defer noTable.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	secrets := secretsManager(t, goodSecret)
	noSecret := secretsManager(t, denied)

	const patient, impatient = time.Minute, 100 * time.Millisecond // the client tries again for seconds
	for _, test := range []struct {
		name, dynamodb, secrets string
		patience                time.Duration
		faults                  int
	}{
		{"all works", working, secrets, patient, 0},
		{"no secret", working, noSecret, patient, 5},
		{"secrets manager is gone", working, gone.URL, impatient, 5},
		{"corrupt row", corrupt, secrets, patient, 3},
		{"corrupt usage", corruptUsage, secrets, patient, 3},
		{"no uploads table", noUploads, secrets, patient, 3},
		{"no table", noTable.URL, secrets, patient, 5},
		{"dynamodb is gone", gone.URL, secrets, impatient, 5},
	} {
		var log bytes.Buffer
		authorizer, err := newAuthorizer(setup(&log, test.dynamodb, test.secrets), randomness())
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range []request{
			requestOf(t, basic(string(mail), password), string(mail)),
			requestOf(t, basic(string(mail), password), "other-"+string(mail)),
			requestOf(t, basic(string(mail), password), string(mail), string(mail)),
			requestOf(t, basic("x"+string(mail), password)),
			requestOf(t, basic(string(mail)+".org", marker), marker),
			requestOf(t, "Basic "+marker, marker),
		} {
			ctx, cancel := context.WithTimeout(t.Context(), margin+test.patience)
			_, err := authorizer.handle(ctx, event)
			cancel()
			if err != nil && err.Error() != "Unauthorized" && err.Error() != "internal error" {
				t.Errorf("%s: error %v", test.name, err)
			}
		}
		if got := strings.Count(log.String(), "\n"); got != test.faults {
			t.Errorf("%s: %d lines logged, want %d:\n%s", test.name, got, test.faults, &log)
		}
		for _, personal := range []string{marker, derived(t, demoOwner).Text(), strings.TrimPrefix(basic(string(mail), password), "Basic "), "0123456789abcdef0123"} {
			if strings.Contains(log.String(), personal) {
				t.Errorf("%s: the log holds %s:\n%s", test.name, personal, &log)
			}
		}
	}
}

func TestNoRandomness(t *testing.T) {
	if _, err := newAuthorizer(setup(io.Discard, "", ""), strings.NewReader("short")); err == nil {
		t.Error("it starts")
	}
}
