package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/truora/minidyn/server"

	postern "postern/cmd/postern"
	"postern/internal/tabletest"
)

const (
	accessKey = "OPERATOREXAMPLE"
	region    = "eu-west-1"
	secretARN = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:OwnerKey-abcdef"
	table     = "Postern-local-Users"
	ownerKey  = "0123456789abcdefghijklmnopqrstuv"
	password  = "planted-password"
)

// A backend is what a stage has of AWS: a DynamoDB with the users table, and the owner key's secret.
type backend struct {
	tables, secrets *httptest.Server
	client          *dynamodb.Client
	// key is what the secret holds.
	key string
}

func startBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{key: ownerKey}
	b.tables = serve(t, signed(checksummed(unordered(server.NewServer()))))
	b.secrets = serve(t, signed(http.HandlerFunc(b.secretValue)))
	b.client = dynamodb.New(dynamodb.Options{
		Region: region, BaseEndpoint: &b.tables.URL, Credentials: credentials.NewStaticCredentialsProvider(accessKey, "secret", ""),
	})
	tabletest.Create(t, b.client, table, "mail")
	tabletest.Create(t, b.client, uploadsTable, "owner", "id")
	return b
}

func serve(t *testing.T, handler http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// signed lets only the operator's access key through.
func signed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential="+accessKey+"/") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// unordered turns a scan's rows around: DynamoDB answers them in no order, minidyn by their keys.
func unordered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorded := record(next, w, r)
		answer := map[string]any{}
		if err := json.Unmarshal(recorded.Body.Bytes(), &answer); err == nil {
			if items, ok := answer["Items"].([]any); ok {
				slices.Reverse(items)
				recorded.Body.Reset()
				_ = json.NewEncoder(recorded.Body).Encode(answer)
			}
		}
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(recorded.Body.Bytes())
	})
}

// record keeps what a handler answers, and sets its header.
func record(next http.Handler, w http.ResponseWriter, r *http.Request) *httptest.ResponseRecorder {
	recorded := httptest.NewRecorder()
	next.ServeHTTP(recorded, r)
	maps.Copy(w.Header(), recorded.Header())
	return recorded
}

// checksummed adds the checksum that DynamoDB sends and the SDK warns without.
func checksummed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorded := record(next, w, r)
		w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(recorded.Body.Bytes())), 10))
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(recorded.Body.Bytes())
	})
}

// secretValue answers Secrets Manager's GetSecretValue.
func (b *backend) secretValue(w http.ResponseWriter, r *http.Request) {
	var request struct{ SecretId string }
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.SecretId != secretARN ||
		r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"ARN": secretARN, "SecretString": b.key})
}

// rows are the users table's rows as attributes by name: strings, and numbers in decimal.
func (b *backend) rows(t *testing.T) []map[string]string {
	t.Helper()
	output, err := b.client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(table)})
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, item := range output.Items {
		row := map[string]string{}
		for name, value := range item {
			switch value := value.(type) {
			case *types.AttributeValueMemberS:
				row[name] = value.Value
			case *types.AttributeValueMemberN:
				row[name] = value.Value
			default:
				t.Errorf("attribute %s is a %T", name, value)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// row is the one row of the users table.
func (b *backend) row(t *testing.T) map[string]string {
	t.Helper()
	rows := b.rows(t)
	if len(rows) != 1 {
		t.Fatalf("the users table has %d rows, want 1", len(rows))
	}
	return rows[0]
}

// startLocal starts a backend and writes its data folder, as the local run does.
func startLocal(t *testing.T) *backend {
	t.Helper()
	b := startBackend(t)
	data := t.TempDir()
	t.Setenv("DATA", data)
	write(t, data, "config", fmt.Sprintf("[default]\nregion = %s\nservices = local\n\n[services local]\ndynamodb =\n  endpoint_url = %s\nsecrets_manager =\n  endpoint_url = %s\n",
		region, b.tables.URL, b.secrets.URL))
	write(t, data, "credentials", "[default]\naws_access_key_id = "+accessKey+"\naws_secret_access_key = secret\n")
	write(t, data, "outputs.json", fmt.Sprintf(`{"Postern-local": {"ApiUrl": "http://127.0.0.1:8080/api/", "UsersTableName": %q, "UploadsTableName": %q, "OwnerKeySecretArn": %q}}`,
		table, uploadsTable, secretARN))
	return b
}

func write(t *testing.T, folder, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A result is what a call of the command left.
type result struct {
	code     int
	out, err string
}

// run calls the command with input at its stdin, which is not a terminal.
func run(t *testing.T, input string, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	code := postern.RealMain(t.Context(), args, strings.NewReader(input), &out, &err)
	got := result{code, out.String(), err.String()}
	if strings.Contains(got.out+got.err, password) {
		t.Errorf("%q: the output holds the password:\n%+v", args, got)
	}
	return got
}

// local calls the command for the local run.
func local(t *testing.T, input string, args ...string) result {
	t.Helper()
	return run(t, input, append([]string{"--stage", "local"}, args...)...)
}

// refused fails the test unless the call ended with code and said want, and nothing but that.
func (r result) refused(t *testing.T, code int, want string) {
	t.Helper()
	if r.code != code || r.out != "" || !strings.HasPrefix(r.err, "error: ") || !strings.Contains(r.err, want) {
		t.Errorf("got code %d, stdout %q, stderr %q, want code %d, no stdout and an error with %q", r.code, r.out, r.err, code, want)
	}
}

// done fails the test unless the call succeeded and wrote nothing to stderr.
func (r result) done(t *testing.T) {
	t.Helper()
	if r.code != 0 || r.err != "" {
		t.Fatalf("got code %d, stderr %q, want success", r.code, r.err)
	}
}

// inPagesOfOne makes DynamoDB answer a scan in pages of one row. The function that it returns counts them.
func (b *backend) inPagesOfOne(t *testing.T) func() int64 {
	t.Helper()
	var pages atomic.Int64
	next := b.tables.Config.Handler
	b.tables.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := map[string]any{}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		body["Limit"] = 1
		changed, err := json.Marshal(body)
		if err != nil {
			t.Error(err)
		}
		pages.Add(1)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
		next.ServeHTTP(w, r)
	})
	return pages.Load
}
