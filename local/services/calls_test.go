package services_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"postern/local/iam"
)

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

// TestDynamoDBRoles holds roles to the tables and operations that they may use, by the SDK.
func TestDynamoDBRoles(t *testing.T) {
	server := startAWS(t, t.TempDir())
	ctx := t.Context()
	user := map[string]types.AttributeValue{"mail": text("a@example.com")}
	upload := map[string]types.AttributeValue{"owner": text("o"), "id": text("1")}
	authorizer, manage := server.dynamodb(server.issue(t, "AuthorizerRole")), server.dynamodb(server.issue(t, "ManageRole"))
	for name, test := range map[string]struct {
		call  func() error
		lacks string // empty: it is allowed
	}{
		"GetItem": {func() error {
			_, err := authorizer.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("users"), Key: user})
			return err
		}, ""},
		"GetItem of a table by its ARN": {func() error {
			_, err := authorizer.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(tables + "uploads"), Key: upload})
			return err
		}, "AuthorizerRole lacks dynamodb:GetItem on " + tables + "uploads"},
		"GetItem of another table": {func() error {
			_, err := authorizer.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("uploads"), Key: upload})
			return err
		}, "AuthorizerRole lacks dynamodb:GetItem on " + tables + "uploads"},
		"GetItem of no table": {func() error {
			_, err := authorizer.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("users-evil"), Key: user})
			return err
		}, "AuthorizerRole lacks dynamodb:GetItem on " + tables + "users-evil"},
		"PutItem": {func() error {
			_, err := authorizer.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("users"), Item: user})
			return err
		}, "AuthorizerRole lacks dynamodb:PutItem on " + tables + "users"},
		"Scan": {func() error {
			_, err := authorizer.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String("users")})
			return err
		}, "AuthorizerRole lacks dynamodb:Scan on " + tables + "users"},
		"DeleteTable": {func() error {
			_, err := authorizer.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String("users")})
			return err
		}, "AuthorizerRole lacks dynamodb:DeleteTable on *"},
		"ExecuteStatement": {func() error {
			_, err := authorizer.ExecuteStatement(ctx, &dynamodb.ExecuteStatementInput{Statement: aws.String(`SELECT * FROM users`)})
			return err
		}, "AuthorizerRole lacks dynamodb:ExecuteStatement on *"},
		"BatchGetItem": {func() error {
			_, err := authorizer.BatchGetItem(ctx, batch(user, "users"))
			return err
		}, ""},
		"BatchGetItem of another table too": {func() error {
			_, err := authorizer.BatchGetItem(ctx, batch(user, "users", "uploads"))
			return err
		}, "AuthorizerRole lacks dynamodb:BatchGetItem on " + tables + "uploads"},
		"Query": {func() error {
			_, err := manage.Query(ctx, query(""))
			return err
		}, ""},
		"Query of an index": {func() error {
			_, err := manage.Query(ctx, query("byStatus"))
			return err
		}, "ManageRole lacks dynamodb:Query on " + tables + "uploads/index/byStatus"},
		"TransactWriteItems": {func() error {
			_, err := manage.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{Put: &types.Put{TableName: aws.String("uploads"), Item: upload}},
			}})
			return err
		}, ""},
		"TransactWriteItems that deletes": {func() error {
			_, err := manage.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{Put: &types.Put{TableName: aws.String("uploads"), Item: upload}},
				{Delete: &types.Delete{TableName: aws.String("uploads"), Key: upload}},
			}})
			return err
		}, "ManageRole lacks dynamodb:DeleteItem on " + tables + "uploads"},
		"TransactWriteItems in another table": {func() error {
			_, err := manage.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{Put: &types.Put{TableName: aws.String("users"), Item: user}},
			}})
			return err
		}, "ManageRole lacks dynamodb:PutItem on " + tables + "users"},
		"TransactGetItems": {func() error {
			_, err := authorizer.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{
				{Get: &types.Get{TableName: aws.String("users"), Key: user}}, {Get: &types.Get{TableName: aws.String("uploads"), Key: upload}},
			}})
			return err
		}, "AuthorizerRole lacks dynamodb:GetItem on " + tables + "uploads"},
		"GetSecretValue of another secret": {func() error {
			return getSecret(ctx, server, server.issue(t, "AuthorizerRole"), "OwnerKey2")
		}, "AuthorizerRole lacks secretsmanager:GetSecretValue on arn:aws:secretsmanager:" + region + ":" + account + ":secret:OwnerKey2"},
		"GetSecretValue by another role": {func() error {
			return getSecret(ctx, server, server.issue(t, "PresignRole"), "OwnerKey")
		}, "PresignRole lacks secretsmanager:GetSecretValue on " + secretARN},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.call()
			if test.lacks == "" {
				if err != nil {
					t.Errorf("got %v, want it allowed", err)
				}
				return
			}
			if codeOf(err) != "AccessDeniedException" || !strings.Contains(err.Error(), "because no identity-based policy allows the ") {
				t.Errorf("got %v, want AccessDeniedException", err)
			}
			if got := server.denied.last(); got != "iam: denied: "+test.lacks {
				t.Errorf("logged %q, want %q", got, test.lacks)
			}
		})
	}
}

func getSecret(ctx context.Context, server awsRun, c iam.Credentials, id string) error {
	_, err := server.secrets(c).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
	return err
}

func batch(key map[string]types.AttributeValue, tables ...string) *dynamodb.BatchGetItemInput {
	input := &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{}}
	for _, table := range tables {
		input.RequestItems[table] = types.KeysAndAttributes{Keys: []map[string]types.AttributeValue{key}}
	}
	return input
}

func query(index string) *dynamodb.QueryInput {
	input := &dynamodb.QueryInput{
		TableName: aws.String("uploads"), KeyConditionExpression: aws.String("#o = :o"),
		ExpressionAttributeNames:  map[string]string{"#o": "owner"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":o": text("o")},
	}
	if index != "" {
		input.IndexName = &index
	}
	return input
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
	server := startAWS(t, t.TempDir())
	role, other := server.issue(t, "AuthorizerRole"), server.issue(t, "AuthorizerRole")
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
		"other host":            {func(r *raw) { r.alter = func(q *http.Request) { q.Host = "evil.example.com" } }, incorrect},
		"other region":          {func(r *raw) { r.region = "us-east-1" }, incorrect},
		"other service":         {func(r *raw) { r.service = "secretsmanager" }, incorrect},
	} {
		t.Run(name, func(t *testing.T) {
			r := raw{"DynamoDB_20120810.GetItem", getUser, role, time.Now(), region, "dynamodb", nil}
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
	server := startAWS(t, t.TempDir())
	const upload = `"Item":{"owner":{"S":"o"},"id":{"S":"1"}}`
	operations := map[string]string{"put": "DynamoDB_20120810.PutItem", "transact": "DynamoDB_20120810.TransactWriteItems", "batch": "DynamoDB_20120810.BatchWriteItem"}
	for name, test := range map[string]struct {
		operation, body, want string
	}{
		"a put":                        {"put", `{"TableName":"uploads",` + upload + `}`, ""},
		"two tables, the last allowed": {"put", `{"TableName":"users","TableName":"uploads",` + upload + `}`, ""},
		"two tables, the last denied":  {"put", `{"TableName":"uploads","TableName":"users",` + upload + `}`, "AccessDeniedException"},
		"a table in another case":      {"put", `{"TableName":"uploads","tablename":"users",` + upload + `}`, "SerializationException"},
		"a table in another case only": {"put", `{"tableName":"users",` + upload + `}`, "SerializationException"},
		"no table":                     {"put", `{` + upload + `}`, "AccessDeniedException"},
		"a list of tables":             {"put", `{"TableName":["uploads"],` + upload + `}`, "SerializationException"},
		"two values":                   {"put", `{"TableName":"uploads",` + upload + `}{"TableName":"users"}`, "SerializationException"},
		"an array":                     {"put", `[]`, "SerializationException"},
		"null":                         {"put", `null`, "SerializationException"},
		"nothing":                      {"put", ``, "SerializationException"},
		"empty transaction":            {"transact", `{"TransactItems":[]}`, "SerializationException"},
		"two actions in one":           {"transact", `{"TransactItems":[{"Put":{"TableName":"uploads",` + upload + `},"Delete":{"TableName":"users"}}]}`, "SerializationException"},
		"action in another case":       {"transact", `{"TransactItems":[{"delete":{"TableName":"uploads"}}]}`, "SerializationException"},
		"items in another case":        {"transact", `{"TransactItems":[],"transactitems":[{"Delete":{"TableName":"users"}}]}`, "SerializationException"},
		"empty batch":                  {"batch", `{"RequestItems":{}}`, "SerializationException"},
		"two batches":                  {"batch", `{"RequestItems":{"users":[{"PutRequest":{"Item":{"mail":{"S":"a@example.com"}}}}]},"RequestItems":{"uploads":[{"PutRequest":{` + upload + `}}]}}`, ""},
		"an operation after another":   {"", `{"TableName":"uploads"}`, "AccessDeniedException"},
	} {
		t.Run(name, func(t *testing.T) {
			target := operations[test.operation]
			if target == "" {
				target = "DynamoDB_20120810.UpdateItem.DeleteTable"
			}
			r := raw{target, test.body, server.issue(t, "ManageRole"), time.Now(), region, "dynamodb", nil}
			_, fault, message := r.send(t, server.URL)
			if diff := cmp.Diff(strings.TrimPrefix(fault, "com.amazon.coral.service#"), test.want); diff != "" {
				t.Errorf("fault (-got +want):\n%s%s", diff, message)
			}
		})
	}
	scan, err := server.dynamodb(server.issue(t, iam.Operator)).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("users")})
	if err != nil || len(scan.Items) != 0 {
		t.Errorf("table users: got %v, %v, want it empty", scan, err)
	}
}
