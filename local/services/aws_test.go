package services_test

import (
	"crypto/rand"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"postern/internal/cfn"
	"postern/local/iam"
	"postern/local/services"
)

// An awsRun is a running server of DynamoDB and Secrets Manager.
type awsRun struct {
	*services.AWS
	guard
}

func startAWS(t *testing.T, data string) awsRun {
	t.Helper()
	g := newGuard()
	s := stack()
	server, err := services.StartAWS(services.AWSConfig{
		Data: data, Region: s.Region, AccountID: s.AccountID, Issuer: g.issuer, Policies: g.policies, Random: rand.Reader,
		Tables: s.Tables, Secrets: s.Secrets, Queues: g.queues, Log: g.denied,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return awsRun{server, g}
}

func (r awsRun) dynamodb(c iam.Credentials) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{Region: region, BaseEndpoint: &r.URL, Credentials: c.Provider(), RetryMaxAttempts: 1})
}

func (r awsRun) secrets(c iam.Credentials) *secretsmanager.Client {
	return secretsmanager.New(secretsmanager.Options{Region: region, BaseEndpoint: &r.URL, Credentials: c.Provider(), RetryMaxAttempts: 1})
}

func TestDynamoDB(t *testing.T) {
	server := startAWS(t, t.TempDir())
	client := server.dynamodb(server.issue(t, iam.Operator))
	item := map[string]types.AttributeValue{
		"owner": &types.AttributeValueMemberS{Value: "o"}, "id": &types.AttributeValueMemberS{Value: "1"},
	}
	put := &dynamodb.PutItemInput{TableName: aws.String("uploads"), Item: item, ConditionExpression: aws.String("attribute_not_exists(id)")}
	if _, err := client.PutItem(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	_, err := client.PutItem(t.Context(), put)
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); !ok {
		t.Errorf("the same again: got %v, want a failed condition", err)
	}
	got, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("uploads"), Key: item})
	if err != nil || len(got.Item) != 2 {
		t.Errorf("got %v, %v, want the item", got, err)
	}
	_, err = client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("other"), Key: item})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("another table: got %v, want ResourceNotFoundException", err)
	}
}

func TestGetSecretValue(t *testing.T) {
	data := t.TempDir()
	server := startAWS(t, data)
	value := server.getSecret(t, secretARN)
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{64}$`).MatchString(value) {
		t.Errorf("a value of %d characters, want 64 letters, digits, - and _", len(value))
	}
	if server.getSecret(t, "OwnerKey") != value {
		t.Error("the name finds another value than the ARN")
	}
	info, err := os.Stat(filepath.Join(data, "secrets", "OwnerKey"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file %v, %v, want mode 0600", info, err)
	}
	server.Close()
	if startAWS(t, data).getSecret(t, secretARN) != value {
		t.Error("the value did not survive a restart")
	}
	if startAWS(t, t.TempDir()).getSecret(t, secretARN) == value {
		t.Error("two runs have the same value")
	}
}

// getSecret reads a secret as the authorizer does.
func (r awsRun) getSecret(t *testing.T, id string) string {
	t.Helper()
	got, err := r.secrets(r.issue(t, "AuthorizerRole")).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(got.SecretString)
}

func TestRefusals(t *testing.T) {
	server := startAWS(t, t.TempDir())
	operator := server.issue(t, iam.Operator)
	for secret, want := range map[string]string{"other": "ResourceNotFoundException", "": "InvalidParameterException"} {
		_, err := server.secrets(operator).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret})
		if code := codeOf(err); code != want {
			t.Errorf("secret %q: got %v, want %s", secret, err, want)
		}
	}
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

func TestSecretOfAnotherLength(t *testing.T) {
	data := t.TempDir()
	startAWS(t, data)
	_, err := services.StartAWS(services.AWSConfig{
		Data: data, Random: rand.Reader,
		Secrets: []cfn.Secret{{Name: "OwnerKey", Length: 32}},
	})
	if err == nil || !strings.Contains(err.Error(), "has 64 characters and the template wants 32") {
		t.Errorf("got %v, want an error that names both lengths", err)
	}
}
