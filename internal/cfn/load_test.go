package cfn_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/cfn"
)

// testdata/assembly is what CDK synthesizes for a stack of the shape of this project's, the folders of the compiled
// functions replaced.
const assembly = "testdata/assembly"

const inspections = "arn:aws:sqs:eu-central-1:000000000000:Postern-local-InspectionsCB7FC74B"

func load(t *testing.T, dir string) *cfn.Stack {
	t.Helper()
	stack, err := cfn.Load(dir)
	if err != nil {
		t.Fatalf("Load(%s): %v", dir, err)
	}
	return stack
}

func TestLoadStack(t *testing.T) {
	stack := load(t, assembly)
	got := *stack
	got.API, got.Functions, got.Roles, got.Unenforced = cfn.API{}, nil, nil, nil
	want := cfn.Stack{
		Name:      "Postern-local",
		Region:    "eu-central-1",
		AccountID: "000000000000",
		Outputs: map[string]string{
			"ApiUrl":              "https://" + stack.API.ID + ".execute-api.eu-central-1.amazonaws.com/api/",
			"ApiEndpoint4F160690": "https://" + stack.API.ID + ".execute-api.eu-central-1.amazonaws.com/api/",
			"BucketName":          "postern-local-uploads4f6eb0fd",
			"QueueUrl":            "https://sqs.eu-central-1.amazonaws.com/000000000000/Postern-local-InspectionsCB7FC74B",
		},
		Buckets: []cfn.Bucket{{
			LogicalID: "Uploads4F6EB0FD",
			Name:      "postern-local-uploads4f6eb0fd",
			Versioned: true,
			CORS: []cfn.CORSRule{{
				AllowedOrigins: []string{"*"},
				AllowedMethods: []string{"POST", "GET"},
				AllowedHeaders: []string{"*"},
				ExposeHeaders:  []string{"ETag"},
				MaxAge:         3000 * time.Second,
			}},
			Policy: []cfn.Statement{
				deny("DenyWithoutTLS", map[string]map[string][]string{"Bool": {"aws:SecureTransport": {"false"}}}),
				deny("DenyOldSignatures", map[string]map[string][]string{
					"NumericGreaterThan": {"s3:signatureAge": {"900000"}},
					"StringEquals":       {"s3:authType": {"POST", "REST-QUERY-STRING"}},
				}),
			},
			Notifications: []cfn.Notification{
				{Event: "s3:ObjectCreated:*", Queue: "InspectionsCB7FC74B"},
				{Event: "s3:LifecycleExpiration:*", Queue: "InspectionsCB7FC74B"},
			},
		}},
		Tables: []cfn.Table{{LogicalID: "Users0A0EEA89", Name: "Postern-local-Users0A0EEA89", PartitionKey: "mail"}},
		Secrets: []cfn.Secret{{
			LogicalID: "OwnerKey3271C67A",
			Name:      "Postern-local-OwnerKey3271C67A",
			ARN:       stack.Secrets[0].ARN,
			Length:    64,
		}},
		Queues: []cfn.Queue{
			{
				LogicalID:  "DeadLetters5A5B6D9C",
				Name:       "Postern-local-DeadLetters5A5B6D9C",
				ARN:        "arn:aws:sqs:eu-central-1:000000000000:Postern-local-DeadLetters5A5B6D9C",
				URL:        "https://sqs.eu-central-1.amazonaws.com/000000000000/Postern-local-DeadLetters5A5B6D9C",
				Visibility: 30 * time.Second,
			},
			{
				LogicalID:   "InspectionsCB7FC74B",
				Name:        "Postern-local-InspectionsCB7FC74B",
				ARN:         inspections,
				URL:         "https://sqs.eu-central-1.amazonaws.com/000000000000/Postern-local-InspectionsCB7FC74B",
				Visibility:  180 * time.Second,
				DeadLetters: "DeadLetters5A5B6D9C",
				MaxReceives: 5,
				Policy: []cfn.Statement{
					{
						Sid: "DenyWithoutTLS", Effect: "Deny", Actions: []string{"sqs:*"}, Resources: []string{inspections},
						Conditions: map[string]map[string][]string{"Bool": {"aws:SecureTransport": {"false"}}},
					},
					{
						Sid: "Bucket", Effect: "Allow", Service: "s3.amazonaws.com", Actions: []string{"sqs:SendMessage"}, Resources: []string{inspections},
						Conditions: map[string]map[string][]string{
							"ArnLike":      {"aws:SourceArn": {"arn:aws:s3:::*"}},
							"StringEquals": {"aws:SourceAccount": {"000000000000"}},
						},
					},
				},
			},
		},
		EventSources: []cfn.EventSource{{
			LogicalID: "PresignInspectionsE2B0A77A", Queue: "InspectionsCB7FC74B", Function: "PresignA4E612D7", BatchSize: 10, Concurrency: 10,
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the stack (-want +got):\n%s", diff)
	}
	if prefix := "arn:aws:secretsmanager:eu-central-1:000000000000:secret:Postern-local-OwnerKey3271C67A-"; !strings.HasPrefix(stack.Secrets[0].ARN, prefix) {
		t.Errorf("the secret's ARN is %s, want it to start with %s", stack.Secrets[0].ARN, prefix)
	}
}

func deny(sid string, conditions map[string]map[string][]string) cfn.Statement {
	bucket := "arn:aws:s3:::postern-local-uploads4f6eb0fd"
	return cfn.Statement{Sid: sid, Effect: "Deny", Actions: []string{"s3:*"}, Resources: []string{bucket, bucket + "/*"}, Conditions: conditions}
}

func TestLoadRoles(t *testing.T) {
	stack := load(t, assembly)
	videos := []string{"arn:aws:s3:::postern-local-uploads4f6eb0fd/videos/*"}
	logs := []string{"logs:CreateLogStream", "logs:PutLogEvents"}
	want := []cfn.Role{
		{
			LogicalID: "ApiCloudWatchRole73EC6FC4", Name: "Postern-local-ApiCloudWatchRole73EC6FC4",
			Statements: []cfn.Statement{{Effect: "Allow", Actions: logs, Resources: []string{"*"}}},
		},
		{
			LogicalID: "AuthorizerRole8EA4615E", Name: "Postern-local-AuthorizerRole8EA4615E",
			Statements: []cfn.Statement{
				{Sid: "Logs", Effect: "Allow", Actions: logs, Resources: []string{"arn:aws:logs:eu-central-1:000000000000:log-group:Postern-local-AuthorizerLogsBA5DABC9:*"}},
				{Sid: "Users", Effect: "Allow", Actions: []string{"dynamodb:GetItem"}, Resources: []string{"arn:aws:dynamodb:eu-central-1:000000000000:table/Postern-local-Users0A0EEA89"}},
				{Sid: "OwnerKey", Effect: "Allow", Actions: []string{"secretsmanager:GetSecretValue"}, Resources: []string{stack.Secrets[0].ARN}},
			},
		},
		{
			// Its policy is attached to it.
			LogicalID: "PresignRoleE08F539A", Name: "Postern-local-PresignRoleE08F539A",
			Statements: []cfn.Statement{
				{Effect: "Allow", Actions: []string{"s3:PutObject"}, Resources: videos},
				{
					Effect: "Allow", Actions: []string{"s3:PutObjectTagging"}, Resources: videos,
					Conditions: map[string]map[string][]string{"StringEquals": {"s3:RequestObjectTag/status": {"pending"}}},
				},
			},
		},
	}
	if diff := cmp.Diff(stack.Roles, want); diff != "" {
		t.Errorf("the roles (-got +want):\n%s", diff)
	}
}

func TestLoadFunctions(t *testing.T) {
	stack := load(t, assembly)
	code := func(name string) string {
		path, err := filepath.Abs(filepath.Join(assembly, name))
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	want := []cfn.Function{
		{
			LogicalID:  "AuthorizerBD825682",
			Name:       "Postern-local-AuthorizerBD825682",
			ARN:        "arn:aws:lambda:eu-central-1:000000000000:function:Postern-local-AuthorizerBD825682",
			Code:       code("asset.2928a28f4e0e8637143a4fa6977bffe526eeda0e5ef4c4d604ddd25e5fab0d15"),
			Handler:    "bootstrap",
			Timeout:    5 * time.Second,
			MemorySize: 512,
			Environment: map[string]string{
				"OWNER_KEY_SECRET": stack.Secrets[0].ARN,
				"USERS_TABLE":      "Postern-local-Users0A0EEA89",
			},
			Role:     "AuthorizerRole8EA4615E",
			LogGroup: "Postern-local-AuthorizerLogsBA5DABC9",
		},
		{
			LogicalID:  "PresignA4E612D7",
			Name:       "Postern-local-PresignA4E612D7",
			ARN:        "arn:aws:lambda:eu-central-1:000000000000:function:Postern-local-PresignA4E612D7",
			Code:       code("asset.1c46a3f72f6009ddaacc72299ab78e50d95b56d158580c551000efa8b3a92177"),
			Handler:    "bootstrap",
			Timeout:    5 * time.Second,
			MemorySize: 512,
			Environment: map[string]string{
				"BUCKET": "postern-local-uploads4f6eb0fd",
				"X":      "arn:aws:s3:::postern-local-uploads4f6eb0fd/videos/*",
			},
			Role:     "PresignRoleE08F539A",
			LogGroup: "Postern-local-PresignLogsD53B2D93",
		},
	}
	if diff := cmp.Diff(want, stack.Functions); diff != "" {
		t.Errorf("the functions (-want +got):\n%s", diff)
	}
}

func TestLoadAPI(t *testing.T) {
	api := load(t, assembly).API
	if len(api.ID) != 10 || api.ARN != "arn:aws:execute-api:eu-central-1:000000000000:"+api.ID || api.Stage != "api" {
		t.Errorf("got id %q, ARN %q, stage %q", api.ID, api.ARN, api.Stage)
	}
	if api.MinCompression == nil || *api.MinCompression != 1024 {
		t.Errorf("got the least compressed answer %v, want 1024", api.MinCompression)
	}
	if !strings.HasPrefix(api.AccessLog, `{"requestId":"$context.requestId"`) {
		t.Errorf("got the access log format %s", api.AccessLog)
	}
	var routes []string
	for _, method := range api.Methods {
		routes = append(routes, method.HTTPMethod+" "+method.Resource)
	}
	wantRoutes := []string{"OPTIONS /", "GET /health", "OPTIONS /health", "GET /presignedurl", "OPTIONS /presignedurl"}
	if diff := cmp.Diff(wantRoutes, routes); diff != "" {
		t.Fatalf("the routes (-want +got):\n%s", diff)
	}
	health, presignedURL := api.Methods[1], api.Methods[3]
	wantHealth := cfn.Method{
		LogicalID:  "ApihealthGET8A9DC1E4",
		HTTPMethod: "GET",
		ResourceID: health.ResourceID,
		Resource:   "/health",
		Integration: cfn.Integration{
			Type:             "MOCK",
			Timeout:          29 * time.Second,
			RequestTemplates: map[string]string{"application/json": `{"statusCode": 200}`},
			Passthrough:      "WHEN_NO_MATCH",
			Responses: []cfn.IntegrationResponse{{
				StatusCode: "200",
				Parameters: map[string]string{"method.response.header.Cache-Control": "'no-store'"},
				Templates:  map[string]string{"application/json": `{"status":"ok"}`},
			}},
		},
		Responses: map[string]cfn.MethodResponse{"200": {Parameters: map[string]bool{"method.response.header.Cache-Control": true}}},
	}
	if diff := cmp.Diff(wantHealth, health); diff != "" {
		t.Errorf("GET /health (-want +got):\n%s", diff)
	}
	wantPresignedURL := cfn.Method{
		LogicalID:  "ApipresignedurlGETDB01B911",
		HTTPMethod: "GET",
		ResourceID: presignedURL.ResourceID,
		Resource:   "/presignedurl",
		Authorizer: &cfn.Authorizer{
			LogicalID:       "RequestAuthorizer7473A0B3",
			Function:        "AuthorizerBD825682",
			IdentitySources: []string{"method.request.header.Authorization"},
		},
		Parameters:         map[string]bool{"method.request.querystring.mail": true, "method.request.querystring.type": false},
		ValidateParameters: true,
		Integration: cfn.Integration{
			Type:        "AWS_PROXY",
			Function:    "PresignA4E612D7",
			Timeout:     29 * time.Second,
			Passthrough: "WHEN_NO_MATCH",
		},
	}
	if diff := cmp.Diff(wantPresignedURL, presignedURL); diff != "" {
		t.Errorf("GET /presignedurl (-want +got):\n%s", diff)
	}
	wantResponses := map[string]cfn.GatewayResponse{"UNAUTHORIZED": {
		LogicalID:  "ApiUnauthorizedA8540EF3",
		StatusCode: "401",
		Parameters: map[string]string{"gatewayresponse.header.WWW-Authenticate": `'Basic realm="x"'`},
		Templates:  map[string]string{"application/json": `{"message":$context.error.messageString,"code":"unauthorized","requestId":"$context.requestId"}`},
	}}
	if diff := cmp.Diff(wantResponses, api.Responses); diff != "" {
		t.Errorf("the gateway responses (-want +got):\n%s", diff)
	}
}

func TestLoadUnenforced(t *testing.T) {
	want := []string{
		"ApiDeploymentStageapi01526A9D (AWS::ApiGateway::Stage): MethodSettings[0].ThrottlingBurstLimit",
		"ApiDeploymentStageapi01526A9D (AWS::ApiGateway::Stage): MethodSettings[0].ThrottlingRateLimit",
		"DeadLetters5A5B6D9C (AWS::SQS::Queue): MessageRetentionPeriod",
		"DeadLetters5A5B6D9C (AWS::SQS::Queue): SqsManagedSseEnabled",
		"DeadLettersNotEmpty7A4C5A6B (AWS::CloudWatch::Alarm)",
		"InspectionsCB7FC74B (AWS::SQS::Queue): SqsManagedSseEnabled",
		"InspectionsPolicyB1F8F0A4 (AWS::SQS::QueuePolicy): PolicyDocument.Statement[0] DenyWithoutTLS",
		"Uploads4F6EB0FD (AWS::S3::Bucket): PublicAccessBlockConfiguration",
		"UploadsPolicy148F8199 (AWS::S3::BucketPolicy): PolicyDocument.Statement[0] DenyWithoutTLS",
		"Users0A0EEA89 (AWS::DynamoDB::Table): PointInTimeRecoverySpecification",
		"Users0A0EEA89 (AWS::DynamoDB::Table): TimeToLiveSpecification",
	}
	if diff := cmp.Diff(want, load(t, assembly).Unenforced); diff != "" {
		t.Errorf("what is not enforced (-want +got):\n%s", diff)
	}
}

// TestLoadWhatGuardsOnAWS serves a stage with a firewall and metrics: they have no effect here, and stop nothing.
func TestLoadWhatGuardsOnAWS(t *testing.T) {
	stack := load(t, edited(t, func(r map[string]any) {
		r["Firewall"] = map[string]any{"Type": "AWS::WAFv2::WebACL", "Properties": map[string]any{"Scope": "REGIONAL"}}
		r["Association"] = map[string]any{"Type": "AWS::WAFv2::WebACLAssociation", "Properties": map[string]any{
			"WebACLArn": map[string]any{"Fn::GetAtt": []any{"Firewall", "Arn"}},
		}}
		r["Refusals"] = map[string]any{"Type": "AWS::Logs::MetricFilter", "Properties": map[string]any{"FilterPattern": "{}"}}
		r["AlarmKey"] = map[string]any{"Type": "AWS::KMS::Key", "Properties": map[string]any{}}
		r["Alarms"] = map[string]any{"Type": "AWS::SNS::Topic", "Properties": map[string]any{
			"KmsMasterKeyId": map[string]any{"Fn::GetAtt": []any{"AlarmKey", "Arn"}},
		}}
		r["AlarmsTold"] = map[string]any{"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": map[string]any{
			"AlarmRule":    map[string]any{"Fn::GetAtt": []any{"DeadLettersNotEmpty7A4C5A6B", "Arn"}},
			"AlarmActions": []any{map[string]any{"Ref": "Alarms"}},
		}}
	}))
	for _, want := range []string{
		"AlarmKey (AWS::KMS::Key)", "Alarms (AWS::SNS::Topic)", "AlarmsTold (AWS::CloudWatch::CompositeAlarm)",
		"Association (AWS::WAFv2::WebACLAssociation)", "Firewall (AWS::WAFv2::WebACL)", "Refusals (AWS::Logs::MetricFilter)",
	} {
		if !slices.Contains(stack.Unenforced, want) {
			t.Errorf("not enforced: got %q, want %s among them", stack.Unenforced, want)
		}
	}
}

func TestLoadDefaults(t *testing.T) {
	stack := load(t, edited(t, func(r map[string]any) {
		for _, name := range []string{"Timeout", "MemorySize", "LoggingConfig"} {
			delete(r["PresignA4E612D7"].(map[string]any)["Properties"].(map[string]any), name)
		}
		set(r, "OwnerKey3271C67A", map[string]any{}, "GenerateSecretString")
		set(r, "Uploads4F6EB0FD", map[string]any{"Status": "Suspended"}, "VersioningConfiguration")
		set(r, "PresignA4E612D7", 7, "ReservedConcurrentExecutions")
		set(r, "ApipresignedurlGETDB01B911", 1500, "Integration", "TimeoutInMillis")
		set(r, "InspectionsCB7FC74B", 0, "VisibilityTimeout")
		delete(r["PresignInspectionsE2B0A77A"].(map[string]any)["Properties"].(map[string]any), "BatchSize")
		delete(r["PresignInspectionsE2B0A77A"].(map[string]any)["Properties"].(map[string]any), "ScalingConfig")
	}))
	if got := stack.Queues[1].Visibility; got != 0 {
		t.Errorf("the visibility timeout is %v, want what the template says", got)
	}
	if got := stack.EventSources[0]; got.BatchSize != 10 || got.Concurrency != 0 {
		t.Errorf("an event source has the batch size %d and the concurrency %d, want 10 and 0", got.BatchSize, got.Concurrency)
	}
	function := stack.Functions[1]
	if function.Timeout != 3*time.Second || function.MemorySize != 128 || function.LogGroup != "/aws/lambda/"+function.Name {
		t.Errorf("a function has the timeout %v, %d MiB and the log group %s", function.Timeout, function.MemorySize, function.LogGroup)
	}
	if function.Concurrency != 7 {
		t.Errorf("a function has the reserved concurrency %d, want 7", function.Concurrency)
	}
	if got := stack.Secrets[0].Length; got != 32 {
		t.Errorf("a secret has %d characters, want 32", got)
	}
	if stack.Buckets[0].Versioned {
		t.Error("a bucket with suspended versioning is versioned")
	}
	if got := stack.API.Methods[3].Integration.Timeout; got != 1500*time.Millisecond {
		t.Errorf("the integration's timeout is %v, want 1.5 s", got)
	}
}

// A restart finds its buckets, tables and secrets again.
func TestLoadIsDeterministic(t *testing.T) {
	first := load(t, assembly)
	for range 5 {
		if diff := cmp.Diff(first, load(t, assembly)); diff != "" {
			t.Fatalf("two loads differ:\n%s", diff)
		}
	}
}

func TestLoadWithoutAssembly(t *testing.T) {
	_, err := cfn.Load(t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "manifest.json does not exist: synthesize the stack first") {
		t.Errorf("got %v, want an error that says to synthesize first", err)
	}
}

// edited copies the assembly to a new folder, with its template changed.
func edited(t *testing.T, edit func(resources map[string]any)) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(assembly)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "Postern-local.template.json")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(b, &document); err != nil {
		t.Fatal(err)
	}
	edit(document["Resources"].(map[string]any))
	if b, err = json.Marshal(document); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// set changes a property of a resource; path goes through objects by name.
func set(resources map[string]any, id string, value any, path ...string) {
	at := resources[id].(map[string]any)["Properties"].(map[string]any)
	for _, name := range path[:len(path)-1] {
		at = at[name].(map[string]any)
	}
	at[path[len(path)-1]] = value
}
