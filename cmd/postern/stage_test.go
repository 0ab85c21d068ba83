package main_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLocalIgnoresEnvironment(t *testing.T) {
	b := startLocal(t)
	// Nothing listens at port 1.
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SECRETS_MANAGER"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "PRODUCTION")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "production")
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("AWS_CA_BUNDLE", "/nonexistent")
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
	local(t, password, "user", "add", "a@example.com").done(t)
	verify(t, b.row(t), password)
	for _, name := range []string{"AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SECRETS_MANAGER"} {
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	local(t, password, "user", "add", "b@example.com").done(t)
}

func TestLocalRunThatIsNotThere(t *testing.T) {
	remove := func(name string) func(*testing.T, *backend) {
		return func(t *testing.T, _ *backend) {
			if err := os.Remove(filepath.Join(os.Getenv("DATA"), name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	replace := func(name, content string) func(*testing.T, *backend) {
		return func(t *testing.T, _ *backend) { write(t, os.Getenv("DATA"), name, content) }
	}
	for _, test := range []struct {
		name   string
		change func(*testing.T, *backend)
		want   string
	}{
		{"never started", remove("outputs.json"), "no local run has started in folder"},
		{"stopped", func(_ *testing.T, b *backend) { b.tables.Close() }, "the local run does not answer, start it with make run"},
		{"no secrets", func(_ *testing.T, b *backend) { b.secrets.Close() }, "the local run does not answer, start it with make run"},
		{"no configuration", remove("config"), "names no endpoint_url of DynamoDB"},
		{"no services", replace("config", "[default]\nregion = eu-west-1\n"), "names no endpoint_url of DynamoDB"},
		{"other outputs", replace("outputs.json", `{"Postern-dev": {"UsersTableName": "users", "OwnerKeySecretArn": "arn"}}`), "lacks the output"},
		{"broken outputs", replace("outputs.json", "{"), "reading outputs.json"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := startLocal(t)
			test.change(t, b)
			local(t, password, "user", "add", "a@example.com").refused(t, 1, test.want)
		})
	}
}

func TestDataFlag(t *testing.T) {
	startLocal(t)
	data := os.Getenv("DATA")
	t.Setenv("DATA", "/nonexistent")
	local(t, "", "user", "list").refused(t, 1, `in folder "/nonexistent"`)
	local(t, "", "user", "list", "--data", data).done(t)
}

// cloudFormation answers DescribeStacks, once it has seen that it is asked for stack Postern-dev.
func cloudFormation(t *testing.T, status int, answer string) http.Handler {
	return signed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.FormValue("Action") + " " + r.FormValue("StackName"); got != "DescribeStacks Postern-dev" {
			t.Errorf("CloudFormation is asked for %q, want DescribeStacks Postern-dev", got)
		}
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
}

func stacks(outputs map[string]string) string {
	var members strings.Builder
	for key, value := range outputs {
		fmt.Fprintf(&members, "<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>", key, value)
	}
	return `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>` +
		`<StackName>Postern-dev</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>` +
		`<Outputs>` + members.String() + `</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
}

func refusal(code, message string) string {
	return `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>` + code +
		`</Code><Message>` + message + `</Message></Error><RequestId>id</RequestId></ErrorResponse>`
}

// setAWS sets an environment in which the operator is signed in to region eu-west-1.
func setAWS(t *testing.T, cloudFormation http.Handler) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID":               accessKey,
		"AWS_SECRET_ACCESS_KEY":           "secret",
		"AWS_SESSION_TOKEN":               "",
		"AWS_PROFILE":                     "",
		"AWS_REGION":                      region,
		"AWS_CA_BUNDLE":                   "",
		"AWS_CONFIG_FILE":                 "/nonexistent",
		"AWS_SHARED_CREDENTIALS_FILE":     "/nonexistent",
		"AWS_EC2_METADATA_DISABLED":       "true",
		"AWS_ENDPOINT_URL_CLOUDFORMATION": serve(t, cloudFormation).URL,
	} {
		t.Setenv(name, value)
	}
}

func TestDeployedStage(t *testing.T) {
	b := startBackend(t)
	setAWS(t, cloudFormation(t, http.StatusOK, stacks(map[string]string{
		"UsersTableName": table, "UploadsTableName": uploadsTable, "BucketName": "uploads", "OwnerKeySecretArn": secretARN, "ApiUrl": "https://example.com/api/",
	})))
	t.Setenv("AWS_ENDPOINT_URL", serve(t, http.HandlerFunc(emptyBucket)).URL)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", b.tables.URL)
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", b.secrets.URL)

	got := run(t, password, "--stage=dev", "user", "add", "a@example.com")
	got.done(t)
	if !strings.HasPrefix(got.out, "added user a@example.com to stage dev: ") {
		t.Errorf("got %q, want that the user was added to stage dev", got.out)
	}
	verify(t, b.row(t), password)
	run(t, "", "--stage=dev", "user", "remove", "a@example.com", "--yes").done(t)
}

// emptyBucket answers S3's lists of a bucket that has nothing.
func emptyBucket(w http.ResponseWriter, r *http.Request) {
	if query := r.URL.Query(); r.Method != http.MethodGet || !query.Has("versions") && !query.Has("uploads") {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	_, _ = io.WriteString(w, "<List></List>")
}

func TestProfileAndRegion(t *testing.T) {
	b := startBackend(t)
	setAWS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/cloudformation/") {
			t.Errorf("CloudFormation is called with %s, want region eu-central-1", r.Header.Get("Authorization"))
		}
		cloudFormation(t, http.StatusOK, stacks(map[string]string{"UsersTableName": table, "UploadsTableName": uploadsTable})).ServeHTTP(w, r)
	}))
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", b.tables.URL)
	folder := t.TempDir()
	write(t, folder, "credentials", "[team]\naws_access_key_id = "+accessKey+"\naws_secret_access_key = secret\n")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(folder, "credentials"))
	t.Setenv("AWS_ACCESS_KEY_ID", "ANOTHER")
	run(t, "", "--stage=dev", "--profile=team", "--region=eu-central-1", "user", "list").done(t)
	run(t, "", "--stage=dev", "--profile=nobody", "user", "list").refused(t, 1, `no profile "nobody" in the AWS configuration: name another with --profile`)
}

func TestDeployedStageThatIsNotThere(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		answer string
		want   string
	}{
		{
			"no stack", http.StatusBadRequest, refusal("ValidationError", "Stack with id Postern-dev does not exist"),
			"no stack Postern-dev in region eu-west-1 of this account: deploy it with make deploy STAGE=dev, or name another --stage",
		},
		{"expired", http.StatusForbidden, refusal("ExpiredToken", "The security token included in the request is expired"), "AWS refuses the credentials: sign in with aws sso login"},
		{"unknown key", http.StatusForbidden, refusal("InvalidClientTokenId", "The security token is invalid"), "AWS refuses the credentials: sign in with aws sso login"},
		{"denied", http.StatusForbidden, refusal("AccessDenied", "not authorized to perform: cloudformation:DescribeStacks"), "describing stack Postern-dev in eu-west-1: AWS does not let these credentials call DescribeStacks of CloudFormation"},
		{"busy", http.StatusBadRequest, refusal("Throttling", "Rate exceeded"), "describing stack Postern-dev in eu-west-1: CloudFormation is too busy: try again in a minute"},
		{"anything else", http.StatusBadRequest, refusal("Odd", "it is odd"), "describing stack Postern-dev in eu-west-1: CloudFormation refuses DescribeStacks: Odd: it is odd"},
		{"no outputs", http.StatusOK, stacks(nil), "finding stage dev: the stack lacks the output UsersTableName and UploadsTableName and OwnerKeySecretArn and BucketName: deploy it anew"},
		{"no secret", http.StatusOK, stacks(map[string]string{"UsersTableName": table}), "the stack lacks the output"},
	} {
		t.Run(test.name, func(t *testing.T) {
			setAWS(t, cloudFormation(t, test.status, test.answer))
			got := run(t, password, "--stage=dev", "user", "add", "a@example.com")
			got.refused(t, 1, test.want)
			got.isPlain(t)
		})
	}
}

// isPlain fails the test if an error has the SDK's words.
func (r result) isPlain(t *testing.T) {
	t.Helper()
	for _, raw := range []string{"operation error", "https response error", "RequestID", "StatusCode", "Exception"} {
		if strings.Contains(r.err, raw) {
			t.Errorf("got %q, which has %q", r.err, raw)
		}
	}
}

// What DynamoDB refuses is told in words that say what to do.
func TestRefusalsOfAWS(t *testing.T) {
	for _, test := range []struct {
		code string
		want string
	}{
		{"AccessDeniedException", "AWS does not let these credentials call GetItem of DynamoDB: name a profile that may"},
		{"ExpiredTokenException", "AWS refuses the credentials: sign in with aws sso login"},
		{"ValidationException", "DynamoDB refuses GetItem: Validation"},
	} {
		t.Run(test.code, func(t *testing.T) {
			b := startLocal(t)
			b.tables.Config.Handler = checksummed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Amzn-Errortype", test.code)
				w.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"it is so"}`, test.code)
			}))
			got := local(t, password, "user", "add", "a@example.com")
			got.refused(t, 1, "adding user a@example.com to stage local: "+test.want)
			if test.code != "ValidationException" {
				got.isPlain(t)
			}
		})
	}
	b := startLocal(t)
	b.tables.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	got := local(t, "", "user", "list")
	got.refused(t, 1, "listing the users of stage local: DynamoDB does not answer: check the network and the region")
	got.isPlain(t)
}

func TestOperatorWhoIsNotSignedIn(t *testing.T) {
	setAWS(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("CloudFormation is called") }))
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	run(t, "", "--stage=dev", "user", "list").refused(t, 1, "no AWS credentials: sign in with aws sso login, or name another profile")
	t.Setenv("AWS_REGION", "")
	run(t, "", "--stage=dev", "user", "list").refused(t, 1, "no AWS region: name the stage's with --region or AWS_REGION")
}
