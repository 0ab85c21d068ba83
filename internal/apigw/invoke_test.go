package apigw_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/contract"
)

var _ lambda.Handler = (*apigw.Gateway)(nil)

// checkInvoke holds Invoke to Handle, which is given the same event as JSON can say it.
func checkInvoke(t *testing.T, function contract.Function, handlers map[string]apigw.Handler, event events.APIGatewayProxyRequest) {
	t.Helper()
	gateway, err := apigw.New(function, handlers, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	var decoded events.APIGatewayProxyRequest
	if err := json.Unmarshal(payload, &decoded); err != nil {
		t.Fatal(err)
	}
	want := gateway.Handle(t.Context(), decoded)
	response, err := gateway.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatalf("Invoke failed: %v", err)
	}
	var got events.APIGatewayProxyResponse
	if err := json.Unmarshal(response, &got); err != nil {
		t.Fatalf("Invoke: %v\n%s", err, response)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("Invoke and Handle (-Invoke +Handle)\n%s", diff)
	}
}

// What JSON writes with escapes goes through two encodings.
func TestAnswersOfAnyText(t *testing.T) {
	for _, text := range []string{"", `"`, `\`, `\"`, "a\r\n\t\x00\x1f\x7f", "<a href='x'>&</a>", "é\u2028🎬\ufffd", "a\xff", `\u0041`, strings.Repeat(`\"`, 2000)} {
		response, _ := call(t, func(context.Context, apigw.Request[apigw.None]) (api.PresignedForm, error) {
			return api.PresignedForm{Fields: map[string]string{text: text}}, nil
		}, event(map[string][]string{"mail": mail}))
		var got api.PresignedForm
		if err := json.Unmarshal([]byte(response.Body), &got); err != nil {
			t.Fatal(err)
		}
		want := strings.ToValidUTF8(text, "\ufffd")
		if diff := cmp.Diff(got.Fields, map[string]string{want: want}); diff != "" {
			t.Errorf("%q: answer (-got +want)\n%s", text, diff)
		}
	}
}

// A header in two spellings is given twice, whichever of them comes first.
func TestHeadersAsTheyArrive(t *testing.T) {
	gateway, err := apigw.New(contract.Presign, handlersOf(contract.Presign, events.APIGatewayProxyRequest{}, apigw.Handler{}), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	authorizer, err := json.Marshal(contextOf(caller))
	if err != nil {
		t.Fatal(err)
	}
	for headers, want := range map[string]int{
		`{"Content-Type":["application/json"]}`:                                     http.StatusCreated,
		`{"content-type":["application/json"],"X-Content-Type":["a"]}`:              http.StatusCreated,
		`{"CONTENT-TYPE":["application/json"]}`:                                     http.StatusCreated,
		`{"content-type":["application/json"],"Content-Type":["application/json"]}`: http.StatusUnsupportedMediaType,
		`{"Content-Type":["application/json"],"content-type":["application/json"]}`: http.StatusUnsupportedMediaType,
		`{"content-type":["text/plain"],"Content-Type":["application/json"]}`:       http.StatusUnsupportedMediaType,
		`{"Content-Type":["application/json","application/json"]}`:                  http.StatusUnsupportedMediaType,
		`{"Content-Type":[]}`:   http.StatusUnsupportedMediaType,
		`{"Content-Type":null}`: http.StatusUnsupportedMediaType,
		`{"ContentType":["application/json"],"X-Content-Type":["application/json"]}`: http.StatusUnsupportedMediaType,
		`null`: http.StatusUnsupportedMediaType,
	} {
		payload := fmt.Sprintf(`{"resource":"/uploads","httpMethod":"POST","multiValueHeaders":%s,"requestContext":{"authorizer":%s},"body":%q}`, headers, authorizer, goodBody)
		response, err := gateway.Invoke(t.Context(), []byte(payload))
		if prefix := fmt.Sprintf(`{"statusCode":%d,`, want); err != nil || !strings.HasPrefix(string(response), prefix) {
			t.Errorf("%s: got %s, %v, want %d", headers, response, err, want)
		}
	}
}

// Lambda gives an invocation that fails its own answer, which is not a client's business.
func TestInvokeRefusesWhatIsNoEvent(t *testing.T) {
	gateway, err := apigw.New(contract.Presign, handlersOf(contract.Presign, events.APIGatewayProxyRequest{}, apigw.Handler{}), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, payload := range []string{
		"", "{", "[]", `"` + marker + `"`, "7", "{}{}", "\xff", `{"resource":7}`, `{"multiValueHeaders":[]}`,
		`{"multiValueHeaders":{"Content-Type":"application/json"}}`, `{"multiValueHeaders":{"if-match":[7]}}`,
		`{"multiValueQueryStringParameters":{"mail":"` + marker + `"}}`, `{"requestContext":{"authorizer":[]}}`, `{"body":{}}`,
	} {
		response, err := gateway.Invoke(t.Context(), []byte(payload))
		if err == nil || response != nil {
			t.Errorf("%s: got %s, %v, want an error", payload, response, err)
		} else if strings.Contains(err.Error(), marker) {
			t.Errorf("%s: the error holds personal data: %v", payload, err)
		}
	}
	if response, err := gateway.Invoke(t.Context(), []byte("null")); err != nil || !strings.HasPrefix(string(response), `{"statusCode":404,`) {
		t.Errorf("null: got %s, %v, want 404", response, err)
	}
}
