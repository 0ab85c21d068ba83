package awsserver_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"postern/local/awsserver"
	"postern/local/chaos"
	local "postern/local/dynamodb"
	"postern/local/iam"
	"postern/local/stacktest"
)

func start(t *testing.T, faults awsserver.Faults) stacktest.Server {
	t.Helper()
	db, err := local.Open(t.TempDir(), stacktest.Stack())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return stacktest.Serve(t, stacktest.NewGuard(), faults, db.Service())
}

func client(server stacktest.Server, c iam.Credentials) *dynamodb.Client {
	return dynamodb.NewFromConfig(server.Client(c))
}

func TestUnsigned(t *testing.T) {
	server := start(t, nil)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(`{"TableName":"users"}`))
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.DescribeTable")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if response.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), "MissingAuthenticationTokenException") {
		t.Errorf("unsigned: got %d %s, want MissingAuthenticationTokenException", response.StatusCode, body)
	}
	if got, want := response.Header.Get("X-Amz-Crc32"), strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10); got != want {
		t.Errorf("checksum %s, want %s", got, want)
	}
}

// A raw request is one that no SDK would send.
type raw struct {
	target, body string
	credentials  iam.Credentials
	date         time.Time
	region       string
	service      string
	alter        func(*http.Request) // once it is signed
}

func (r raw) send(t *testing.T, url string) (status int, fault, message string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", r.target)
	sum := sha256.Sum256([]byte(r.body))
	if err := v4.NewSigner().SignHTTP(t.Context(), r.credentials.AWS(), request, hex.EncodeToString(sum[:]), r.service, r.region, r.date); err != nil {
		t.Fatal(err)
	}
	if r.alter != nil {
		r.alter(request)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.NewDecoder(response.Body).Decode(&answer)
	return response.StatusCode, answer.Type, answer.Message
}

const getUser = `{"TableName":"users","Key":{"mail":{"S":"a@example.com"}}}`

// TestSignatures alters a request that is accepted, one thing at a time.
func TestSignatures(t *testing.T) {
	server := start(t, nil)
	role, other := server.Issue(t, "AuthorizerRole"), server.Issue(t, "AuthorizerRole")
	header := func(name, value string) func(*raw) {
		return func(r *raw) { r.alter = func(q *http.Request) { q.Header.Set(name, value) } }
	}
	replaced := func(name, old, new string) func(*raw) {
		return func(r *raw) {
			r.alter = func(q *http.Request) { q.Header.Set(name, strings.Replace(q.Header.Get(name), old, new, 1)) }
		}
	}
	const (
		coral     = "com.amazon.coral.service#"
		missing   = coral + "MissingAuthenticationTokenException"
		unknown   = coral + "UnrecognizedClientException"
		incorrect = coral + "InvalidSignatureException"
	)
	for name, test := range map[string]struct {
		alter func(*raw)
		want  string // the fault; empty: 200
	}{
		"unaltered":                {func(*raw) {}, ""},
		"4 minutes old":            {func(r *raw) { r.date = r.date.Add(-4 * time.Minute) }, ""},
		"4 minutes early":          {func(r *raw) { r.date = r.date.Add(4 * time.Minute) }, ""},
		"6 minutes old":            {func(r *raw) { r.date = r.date.Add(-6 * time.Minute) }, incorrect},
		"6 minutes early":          {func(r *raw) { r.date = r.date.Add(6 * time.Minute) }, incorrect},
		"unsigned":                 {header("Authorization", ""), missing},
		"signed otherwise":         {header("Authorization", "Basic YTpi"), missing},
		"other secret":             {func(r *raw) { r.credentials.SecretAccessKey = other.SecretAccessKey }, incorrect},
		"forged signature":         {replaced("Authorization", "Signature=", "Signature="+strings.Repeat("0", 64)+","), missing},
		"other signature":          {func(r *raw) { r.alter = forge }, incorrect},
		"unknown key":              {func(r *raw) { r.credentials.AccessKeyID = "ASIAAAAAAAAAAAAAAAAA" }, unknown},
		"other session token":      {func(r *raw) { r.credentials.SessionToken = other.SessionToken }, unknown},
		"no session token":         {func(r *raw) { r.credentials.SessionToken = "" }, unknown},
		"session token taken away": {func(r *raw) { r.alter = func(q *http.Request) { q.Header.Del("X-Amz-Security-Token") } }, unknown},
		"other date":               {func(r *raw) { r.alter = later }, incorrect},
		"no date":                  {header("X-Amz-Date", ""), incorrect},
		"other operation":          {header("X-Amz-Target", "DynamoDB_20120810.DeleteItem"), incorrect},
		"two operations": {func(r *raw) {
			r.alter = func(q *http.Request) { q.Header.Add("X-Amz-Target", "DynamoDB_20120810.DeleteItem") }
		}, incorrect},
		"other content type":    {header("Content-Type", "text/plain"), incorrect},
		"unsigned x-amz header": {header("X-Amz-More", "1"), incorrect},
		"unsigned other header": {header("X-Other", "1"), ""},
		"other body":            {func(r *raw) { r.alter = withBody(strings.Replace(getUser, "a@", "b@", 1)) }, incorrect},
		"other address":         {func(r *raw) { r.alter = func(q *http.Request) { q.URL.RawQuery = "a=b" } }, incorrect},
		"other host":            {func(r *raw) { r.alter = func(q *http.Request) { q.Host = "localhost" } }, incorrect},
		"other region":          {func(r *raw) { r.region = "us-east-1" }, incorrect},
		"other service":         {func(r *raw) { r.service = "secretsmanager" }, incorrect},
	} {
		t.Run(name, func(t *testing.T) {
			r := raw{"DynamoDB_20120810.GetItem", getUser, role, time.Now(), stacktest.Region, "dynamodb", nil}
			test.alter(&r)
			want := http.StatusBadRequest
			if test.want == "" {
				want = http.StatusOK
			}
			if status, fault, message := r.send(t, server.URL); status != want || fault != test.want {
				t.Errorf("got %d %s %s, want %d %s", status, fault, message, want, test.want)
			}
		})
	}
}

// TestForeignHost asks by a name that is not this machine's, as a page of the web would after DNS rebinding.
func TestForeignHost(t *testing.T) {
	server := stacktest.Serve(t, stacktest.NewGuard(), nil)
	for host, want := range map[string]int{"evil.example": http.StatusForbidden, "127.0.0.1.evil.example:80": http.StatusForbidden, "localhost": http.StatusBadRequest} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("Host %s: got %d, want %d", host, response.StatusCode, want)
		}
	}
}

// forge changes the last digit of the signature.
func forge(q *http.Request) {
	text := q.Header.Get("Authorization")
	digit := "0"
	if strings.HasSuffix(text, "0") {
		digit = "1"
	}
	q.Header.Set("Authorization", text[:len(text)-1]+digit)
}

func later(q *http.Request) {
	date, _ := time.Parse("20060102T150405Z", q.Header.Get("X-Amz-Date"))
	q.Header.Set("X-Amz-Date", date.Add(time.Second).Format("20060102T150405Z"))
}

func withBody(body string) func(*http.Request) {
	return func(q *http.Request) {
		q.ContentLength = int64(len(body))
		q.Body = io.NopCloser(strings.NewReader(body))
	}
}

// TestAmbiguousRequests sends what another reader of JSON might take for another table.
func TestAmbiguousRequests(t *testing.T) {
	server := start(t, nil)
	const upload = `"Item":{"owner":{"S":"o"},"id":{"S":"1"}}`
	operations := map[string]string{"put": "DynamoDB_20120810.PutItem", "transact": "DynamoDB_20120810.TransactWriteItems", "batch": "DynamoDB_20120810.BatchWriteItem"}
	for name, test := range map[string]struct {
		operation, body, want string
	}{
		"a put":                                  {"put", `{"TableName":"uploads",` + upload + `}`, ""},
		"two stacktest.Tables, the last allowed": {"put", `{"TableName":"users","TableName":"uploads",` + upload + `}`, ""},
		"two stacktest.Tables, the last denied":  {"put", `{"TableName":"uploads","TableName":"users",` + upload + `}`, "AccessDeniedException"},
		"a table in another case":                {"put", `{"TableName":"uploads","tablename":"users",` + upload + `}`, "SerializationException"},
		"a table in another case only":           {"put", `{"tableName":"users",` + upload + `}`, "SerializationException"},
		"no table":                               {"put", `{` + upload + `}`, "AccessDeniedException"},
		"a list of tables":                       {"put", `{"TableName":["uploads"],` + upload + `}`, "SerializationException"},
		"two values":                             {"put", `{"TableName":"uploads",` + upload + `}{"TableName":"users"}`, "SerializationException"},
		"an array":                               {"put", `[]`, "SerializationException"},
		"null":                                   {"put", `null`, "SerializationException"},
		"nothing":                                {"put", ``, "SerializationException"},
		"empty transaction":                      {"transact", `{"TransactItems":[]}`, "SerializationException"},
		"two actions in one":                     {"transact", `{"TransactItems":[{"Put":{"TableName":"uploads",` + upload + `},"Delete":{"TableName":"users"}}]}`, "SerializationException"},
		"action in another case":                 {"transact", `{"TransactItems":[{"delete":{"TableName":"uploads"}}]}`, "SerializationException"},
		"items in another case":                  {"transact", `{"TransactItems":[],"transactitems":[{"Delete":{"TableName":"users"}}]}`, "SerializationException"},
		"empty batch":                            {"batch", `{"RequestItems":{}}`, "SerializationException"},
		"two batches":                            {"batch", `{"RequestItems":{"users":[{"PutRequest":{"Item":{"mail":{"S":"a@example.com"}}}}]},"RequestItems":{"uploads":[{"PutRequest":{` + upload + `}}]}}`, ""},
		"an operation after another":             {"", `{"TableName":"uploads"}`, "AccessDeniedException"},
	} {
		t.Run(name, func(t *testing.T) {
			target := operations[test.operation]
			if target == "" {
				target = "DynamoDB_20120810.UpdateItem.DeleteTable"
			}
			r := raw{target, test.body, server.Issue(t, "ManageRole"), time.Now(), stacktest.Region, "dynamodb", nil}
			_, fault, message := r.send(t, server.URL)
			if diff := cmp.Diff(strings.TrimPrefix(fault, "com.amazon.coral.service#"), test.want); diff != "" {
				t.Errorf("fault (-got +want):\n%s%s", diff, message)
			}
		})
	}
	scan, err := client(server, server.Issue(t, iam.Operator)).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("users")})
	if err != nil || len(scan.Items) != 0 {
		t.Errorf("table users: got %v, %v, want it empty", scan, err)
	}
}

func TestWhoseCallsAreFaulty(t *testing.T) {
	faults := &stacktest.Faults{}
	server := start(t, faults)
	ctx, key := t.Context(), map[string]types.AttributeValue{"mail": &types.AttributeValueMemberS{Value: "a@example.com"}}
	get := func(role string, most int) {
		c := dynamodb.New(dynamodb.Options{Region: stacktest.Region, BaseEndpoint: &server.URL, Credentials: server.Issue(t, role).Provider(), RetryMaxAttempts: most})
		_, _ = c.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("users"), Key: key})
	}
	faults.BeforeNext = []chaos.Fault{chaos.Throttle, chaos.Throttle}
	get("AuthorizerRole", 3)
	get("AuthorizerRole", 1)
	get(iam.Operator, 1)
	get("ManageRole", 1) // may not
	want := []chaos.Call{
		{Role: "AuthorizerRole", Service: "dynamodb"},
		{Role: "AuthorizerRole", Service: "dynamodb"},
		{Role: "AuthorizerRole", Service: "dynamodb", Final: true},
		{Role: "AuthorizerRole", Service: "dynamodb", Final: true},
	}
	if diff := cmp.Diff(faults.Calls, want); diff != "" {
		t.Errorf("calls (-got +want):\n%s", diff)
	}
}
