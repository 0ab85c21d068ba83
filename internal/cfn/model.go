// Package cfn reads a synthesized CloudFormation template and returns what the local run must serve. Intrinsic functions are
// resolved, and resources have names of this machine. An unknown resource type, property or intrinsic function is an error.
package cfn

import "time"

// A Stack is one synthesized stack, resolved for this machine.
type Stack struct {
	Name      string            // the stack's name: Postern-local
	Region    string            // the region that the functions are told
	AccountID string            // 12 digits, made up
	Outputs   map[string]string // values by output name
	Buckets   []Bucket
	Tables    []Table
	Secrets   []Secret
	Queues    []Queue
	Functions []Function
	// EventSources feed the functions from the queues.
	EventSources []EventSource
	Roles        []Role
	API          API

	// Unenforced are the settings and resources of the template that have no effect on this machine, sorted:
	// "Uploads (AWS::S3::Bucket): LifecycleConfiguration".
	Unenforced []string
}

// A Bucket is an AWS::S3::Bucket.
type Bucket struct {
	LogicalID string
	Name      string
	Versioned bool
	CORS      []CORSRule
	// Policy holds the statements of its AWS::S3::BucketPolicy. Each denies something to every principal.
	Policy []Statement
	// Notifications say which events the bucket sends to which queue.
	Notifications []Notification
}

// A Notification is a queue configuration of a bucket's NotificationConfiguration.
type Notification struct {
	Event string // "s3:ObjectCreated:*", "s3:ObjectCreated:Put"
	Queue string // logical id
}

// A CORSRule is a rule of a bucket's CorsConfiguration.
type CORSRule struct {
	AllowedOrigins, AllowedMethods, AllowedHeaders, ExposeHeaders []string

	MaxAge time.Duration
}

// A Table is an AWS::DynamoDB::Table.
type Table struct {
	LogicalID    string
	Name         string
	PartitionKey string // name of a string attribute
	SortKey      string // name of a string attribute, empty if the table has none
}

// A Secret is an AWS::SecretsManager::Secret whose value is generated.
type Secret struct {
	LogicalID string
	Name      string
	ARN       string
	Length    int // characters of the generated value
}

// A Queue is an AWS::SQS::Queue, a standard one.
type Queue struct {
	LogicalID  string
	Name       string
	ARN        string
	URL        string        // as on AWS; clients of this machine's SQS also have its address
	Visibility time.Duration // how long a received message is hidden from other receivers
	// DeadLetters is the logical id of the queue for messages that were received MaxReceives times. Empty: none.
	DeadLetters string
	MaxReceives int
	// Policy holds the statements of its AWS::SQS::QueuePolicy. Each allows something to its Service, or denies something to
	// every principal.
	Policy []Statement
}

// An EventSource is an AWS::Lambda::EventSourceMapping from a queue. Its function reports the failures of a batch.
type EventSource struct {
	LogicalID   string
	Queue       string        // logical id
	Function    string        // logical id
	BatchSize   int           // maximum number of messages of an invocation
	Window      time.Duration // how long a batch that is not full waits for more
	Concurrency int           // maximum number of concurrent invocations; 0: no limit of its own
}

// A Function is an AWS::Lambda::Function.
type Function struct {
	LogicalID   string
	Name        string
	ARN         string
	Code        string // absolute path of the folder that holds the compiled bootstrap
	Handler     string
	Timeout     time.Duration
	MemorySize  int // MiB
	Concurrency int // reserved; 0: none
	Environment map[string]string
	Role        string // logical id of its AWS::IAM::Role
	LogGroup    string // name of its log group
	LogFormat   string // "JSON", "Text" or empty, which is Text
	LogLevel    string // minimum level of the application's log lines: "INFO"; empty: the default
}

// A Role is an AWS::IAM::Role with its own and its attached policies. Who may assume it is not read.
type Role struct {
	LogicalID  string
	Name       string
	Statements []Statement
}

// A Statement is one statement of an IAM policy: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type Statement struct {
	Sid       string // empty: none
	Effect    string // "Allow" or "Deny"
	Service   string // the service to which a queue's policy allows it: "s3.amazonaws.com"; otherwise empty
	Actions   []string
	Resources []string // ARNs, in which * and ? may stand for anything
	// Conditions must all hold, each for any of its values: operator ("StringEquals") to key
	// ("s3:RequestObjectTag/status") to values.
	Conditions map[string]map[string][]string
}

// An API is an AWS::ApiGateway::RestApi with its deployment stage.
type API struct {
	LogicalID string
	ID        string
	ARN       string // arn:aws:execute-api:<region>:<account>:<ID>: the start of every method's ARN
	Name      string
	Stage     string // the deployment stage's name: the first segment of every path
	AccessLog string // access log format, with $context variables; empty: none
	Methods   []Method

	// MinCompression is the smallest answer that is compressed for clients that take it, in bytes. Nil: none is.
	MinCompression *int

	// Responses are the gateway responses by response type: "UNAUTHORIZED", "DEFAULT_4XX".
	Responses map[string]GatewayResponse
}

// A Method is an AWS::ApiGateway::Method.
type Method struct {
	LogicalID  string
	HTTPMethod string // "GET"; "ANY" is every method that the resource does not have
	ResourceID string
	Resource   string          // path pattern: "/uploads/{id}"
	Authorizer *Authorizer     // nil: AuthorizationType NONE
	Parameters map[string]bool // request parameters ("method.request.querystring.mail"); true: required
	// ValidateParameters reports whether the method's validator checks Parameters.
	ValidateParameters bool
	Integration        Integration
	Responses          map[string]MethodResponse // by status code
}

// A MethodResponse is one status code that a method declares.
type MethodResponse struct {
	Parameters map[string]bool // "method.response.header.Access-Control-Allow-Origin"
}

// An Integration answers a method.
type Integration struct {
	Type             string            // "AWS_PROXY" or "MOCK"
	Function         string            // logical id of the function of an AWS_PROXY integration
	Timeout          time.Duration     // at most 29 s
	RequestTemplates map[string]string // of a MOCK integration, by content type
	Passthrough      string            // of a MOCK integration: "WHEN_NO_MATCH", "WHEN_NO_TEMPLATES" or "NEVER"
	Responses        []IntegrationResponse
}

// An IntegrationResponse is a MOCK integration's answer for a status code.
type IntegrationResponse struct {
	StatusCode string
	Selection  string            // regular expression on the mock's status code; empty: the default
	Parameters map[string]string // "method.response.header.X" to "'static value'"
	Templates  map[string]string // body by content type
}

// An Authorizer is an AWS::ApiGateway::Authorizer of type REQUEST with result TTL 0.
type Authorizer struct {
	LogicalID       string
	Function        string   // logical id
	IdentitySources []string // "method.request.header.Authorization"
}

// A GatewayResponse is an AWS::ApiGateway::GatewayResponse.
type GatewayResponse struct {
	LogicalID  string
	StatusCode string            // empty: the response type's own
	Parameters map[string]string // "gatewayresponse.header.X" to "'static value'"
	Templates  map[string]string // body by content type
}
