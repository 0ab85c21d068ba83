package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"postern/lambda/contract"
	"postern/lambda/internal/api"
)

// FuzzEvent: whatever Lambda hands over, the answer is one that the API documents.
func FuzzEvent(f *testing.F) {
	for _, e := range []events.APIGatewayProxyRequest{event(map[string][]string{"mail": mail}), bodyEvent(goodBody), patchEvent(`{"labels":["a"]}`, `"3"`), {}} {
		seed, err := json.Marshal(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Add([]byte(`{"resource":"/uploads/{id}","httpMethod":"DELETE","pathParameters":{"id":"%zz"},"requestContext":{"authorizer":{"owner":"0123456789abcdef0123","role":"user","maxSize":"1","quota":"1","remaining":"1"}}}`))
	f.Add([]byte(`{"resource":"/uploads","httpMethod":"POST","isBase64Encoded":true,"body":"%%%","requestContext":{"authorizer":{"owner":7}}}`))
	gateway, err := api.New(contract.Presign, map[string]api.Handler{"GET /presignedurl": unreached, "POST /uploads": unreached}, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if response, err := gateway.Invoke(t.Context(), b); err == nil && !json.Valid(response) {
			t.Errorf("Invoke: got %s, want JSON", response)
		}
		var e events.APIGatewayProxyRequest
		if json.Unmarshal(b, &e) != nil {
			return
		}
		response, _ := call(t, func(context.Context, api.Request) (any, error) { return struct{}{}, nil }, e)
		if !slices.Contains([]int{200, 201, 204, 400, 403, 404, 413, 415, 500}, response.StatusCode) || len(response.Body) > 2000 {
			t.Errorf("got %d %s", response.StatusCode, response.Body)
		}
	})
}
