package secret_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postern/internal/awsclient"
	"postern/internal/contract"
	"postern/internal/function"
	"postern/internal/secret"
)

const secretARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:OwnerKey-AbCdEf"

// secretsManager is a server that answers each request with the next of its answers.
func secretsManager(t *testing.T, answers ...string) (address string, requests *int) {
	t.Helper()
	requests = new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("X-Amz-Target"); got != "secretsmanager.GetSecretValue" {
			t.Errorf("request %s", got)
		}
		answer := answers[min(*requests, len(answers)-1)]
		*requests++
		if strings.Contains(answer, "__type") {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

func openSecret(address string) *secret.Secret {
	return secret.New(awsclient.Config(runtimeAt(function.SecretsManager, address), function.SecretsManager), secretARN)
}

// runtimeAt has one service at an address.
func runtimeAt(service function.Service, address string) function.Runtime {
	return function.Runtime{
		RuntimeEnv: contract.RuntimeEnv{Region: "eu-west-1", AccessKeyID: "id", SecretAccessKey: "secret", SessionToken: "token"},
		Endpoints:  map[function.Service]string{service: address},
	}
}

const (
	// marker is part of each secret that is refused.
	marker = "planted-secret"

	ownerKey   = "0123456789abcdef0123456789abcdef"
	goodSecret = `{"ARN":"` + secretARN + `","SecretString":"` + ownerKey + `"}`
	denied     = `{"__type":"AccessDeniedException","message":"denied"}`
)

func TestOwnerKeyIsKept(t *testing.T) {
	address, requests := secretsManager(t, denied, goodSecret, denied)
	secret := openSecret(address)
	if key, err := secret.OwnerKey(t.Context()); err == nil {
		t.Fatalf("got %d bytes, want an error", len(key))
	}
	for range 3 {
		if key, err := secret.OwnerKey(t.Context()); err != nil || string(key) != ownerKey {
			t.Fatalf("got %d bytes, %v, want the key", len(key), err)
		}
	}
	if *requests != 2 {
		t.Errorf("%d requests, want 2", *requests)
	}
}

func TestOwnerKeyFails(t *testing.T) {
	for name, answer := range map[string]string{
		"denied":    denied,
		"no text":   `{"SecretBinary":"cGxhbnRlZC1zZWNyZXQ="}`,
		"empty":     `{"SecretString":""}`,
		"too short": `{"SecretString":"planted-secret"}`,
		"too long":  `{"SecretString":"` + strings.Repeat("planted-secret", 5) + `"}`,
		"no JSON":   `planted-secret`,
	} {
		address, _ := secretsManager(t, answer)
		if key, err := openSecret(address).OwnerKey(t.Context()); err == nil || key != nil || strings.Contains(err.Error(), marker) {
			t.Errorf("%s: got %d bytes, %v, want an error without the key", name, len(key), err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	address, _ := secretsManager(t, goodSecret)
	if key, err := openSecret(address).OwnerKey(ctx); err == nil {
		t.Errorf("cancelled: got %d bytes, want an error", len(key))
	}
}
