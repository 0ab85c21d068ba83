package cfn

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// accountID is the made-up account in names and ARNs of the local run.
const accountID = "000000000000"

// Load reads the only stack of the cloud assembly in a folder (what cdk synth writes) and resolves it. Names are
// deterministic: <stack>-<logical id>, in lower case for a bucket. ARNs have AWS's shape, with the account 000000000000 and
// the stack's region, or eu-west-1 if the stack is made for any region.
//
// It fails on whatever the local run could not serve as AWS would. The error joins all faults, each with logical id,
// resource type and property path.
func Load(dir string) (*Stack, error) {
	assembly, err := readAssembly(dir)
	if err != nil {
		return nil, err
	}
	stack := &Stack{Name: assembly.stack, Region: assembly.region, AccountID: accountID, Outputs: map[string]string{}}
	r := newReader(assembly, stack)
	r.read()
	if err := errors.Join(r.errs...); err != nil {
		return nil, fmt.Errorf("the template %s cannot be served on this machine:\n%w", assembly.file, err)
	}
	return stack, nil
}

// A reader turns a template's resources into a Stack and collects errors.
type reader struct {
	assembly
	resolver
	stack *Stack
	parts apiParts
	errs  []error

	// Statements by what they are for: the name of a role, the name of a bucket, the URL of a queue.
	attached, ofBuckets, ofQueues map[string][]Statement
}

func newReader(a assembly, stack *Stack) *reader {
	r := &reader{assembly: a, stack: stack}
	r.resolver = resolver{
		pseudo: map[string]string{
			"AWS::Region":    stack.Region,
			"AWS::AccountId": stack.AccountID,
			"AWS::Partition": "aws",
			"AWS::URLSuffix": "amazonaws.com",
			"AWS::StackName": stack.Name,
			"AWS::StackId":   "arn:aws:cloudformation:" + stack.Region + ":" + stack.AccountID + ":stack/" + stack.Name + "/local",
		},
		references: map[string]reference{},
	}
	names := names{stack: stack.Name, region: stack.Region, account: stack.AccountID}
	for id, resource := range a.document.Resources {
		if kind := kinds[resource.Type]; kind.refer != nil {
			r.references[id] = kind.refer(names, id, resource)
		}
	}
	return r
}

// read goes through the resources in the order of their logical ids, so that errors and results are stable.
func (r *reader) read() {
	for _, id := range slices.Sorted(maps.Keys(r.document.Resources)) {
		resource := r.document.Resources[id]
		kind, known := kinds[resource.Type]
		switch {
		case !known:
			r.fail(id, "", "the local run does not know this resource type")
		case kind.read == nil:
		case resource.Condition != "":
			r.fail(id, "Condition", "conditions are not supported")
		default:
			kind.read(r, id)
		}
	}
	r.finishAPI()
	r.finishPolicies()
	for _, name := range slices.Sorted(maps.Keys(r.document.Outputs)) {
		r.output(name)
	}
	slices.Sort(r.stack.Unenforced)
}

func (r *reader) output(name string) {
	output := r.document.Outputs[name]
	if output.Condition != "" {
		r.errs = append(r.errs, fmt.Errorf("output %s: conditions are not supported", name))
		return
	}
	value, err := r.resolve(output.Value, "Value")
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("output %s: %w", name, err))
		return
	}
	r.stack.Outputs[name] = fmt.Sprint(value)
}

// properties resolves a resource's properties into a struct of property types. If it fails, it records the errors and
// returns false.
func (r *reader) properties(id string, into any) bool {
	properties, errs := r.resolveMap(r.document.Resources[id].Properties, "")
	decoder := decoder{errs: errs}
	decoder.value(properties, reflect.ValueOf(into).Elem(), "")
	for _, err := range decoder.errs {
		r.errs = append(r.errs, fmt.Errorf("%s: %w", r.describe(id), err))
	}
	for _, path := range decoder.unenforced {
		r.stack.Unenforced = append(r.stack.Unenforced, r.describe(id)+": "+path)
	}
	return len(decoder.errs) == 0
}

// fail records an error of a resource's property. An empty path means the resource as a whole.
func (r *reader) fail(id, path, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if path != "" {
		message = path + ": " + message
	}
	r.errs = append(r.errs, fmt.Errorf("%s: %s", r.describe(id), message))
}

// find looks up the resource of a type by a resolved Ref or ARN.
func (r *reader) find(resourceType, value string) (logicalID string, ok bool) {
	for id, reference := range r.references {
		if r.document.Resources[id].Type != resourceType || value == "" {
			continue
		}
		if reference.ref == value || reference.attributes["Arn"] == value {
			return id, true
		}
	}
	return "", false
}

// refer returns the logical id of the resource that a property refers to, by a resolved Ref or ARN. It fails if there is
// none of the type.
func (r *reader) refer(id, path, resourceType, value string) string {
	other, ok := r.find(resourceType, value)
	if !ok {
		name := strings.ToLower(resourceType[strings.LastIndex(resourceType, ":")+1:])
		r.fail(id, path, "%q is not a %s of this template", value, name)
	}
	return other
}

// ids returns the logical ids of a type's resources, sorted.
func (r *reader) ids(resourceType string) []string {
	var ids []string
	for id, resource := range r.document.Resources {
		if resource.Type == resourceType {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// unenforcedResource takes a resource that has an effect on AWS alone.
func (r *reader) unenforcedResource(id string) {
	r.stack.Unenforced = append(r.stack.Unenforced, r.describe(id))
}

// describe names a resource in messages: "Uploads (AWS::S3::Bucket)".
func (r *reader) describe(id string) string {
	return id + " (" + r.document.Resources[id].Type + ")"
}

// A kind says what the local run does with the resources of a type.
type kind struct {
	refer func(names, string, resource) reference // returns the values of Ref and Fn::GetAtt; nil: there are none
	read  func(*reader, string)                   // takes it into the Stack; nil: it has no effect here
}

// reads makes the read of a kind from a function that takes the resource's properties, once they are resolved.
func reads[P any](take func(r *reader, id string, properties P)) func(*reader, string) {
	return func(r *reader, id string) {
		var p P
		if r.properties(id, &p) {
			take(r, id, p)
		}
	}
}

// kinds holds all resource types that the local run knows. Any other is an error.
var kinds = map[string]kind{
	"AWS::S3::Bucket":             {refer: bucketReference, read: reads((*reader).bucket)},
	"AWS::DynamoDB::Table":        {refer: arnReference("dynamodb", "table/%s"), read: reads((*reader).table)},
	"AWS::SecretsManager::Secret": {refer: secretReference, read: reads((*reader).secret)},
	"AWS::Lambda::Function":       {refer: arnReference("lambda", "function:%s"), read: reads((*reader).function)},
	"AWS::Lambda::Permission":     {read: reads((*reader).permission)},
	"AWS::SQS::Queue":             {refer: queueReference, read: reads((*reader).queue)},
	"AWS::SQS::QueuePolicy":       {read: reads((*reader).queuePolicy)},
	"AWS::CloudWatch::Alarm":      {refer: arnReference("cloudwatch", "alarm:%s"), read: (*reader).unenforcedResource},
	"AWS::Logs::MetricFilter":     {read: (*reader).unenforcedResource},
	"AWS::WAFv2::WebACL":          {refer: arnReference("wafv2", "regional/webacl/%s/local"), read: (*reader).unenforcedResource},
	"AWS::Events::Rule":           {refer: arnReference("events", "rule/%s"), read: (*reader).unenforcedResource},
	"AWS::Logs::LogGroup":         {refer: arnReference("logs", "log-group:%s:*")},
	"AWS::IAM::Role":              {refer: roleReference, read: reads((*reader).role)},
	"AWS::IAM::Policy":            {read: reads((*reader).policy)},
	"AWS::S3::BucketPolicy":       {read: reads((*reader).bucketPolicy)},
	"AWS::ApiGateway::RestApi":    {refer: apiReference, read: reads((*reader).restAPI)},
	"AWS::ApiGateway::Resource":   {refer: idReference("ResourceId"), read: reads((*reader).resource)},
	"AWS::ApiGateway::Method":     {read: reads((*reader).method)},
	"AWS::ApiGateway::Authorizer": {refer: idReference("AuthorizerId"), read: reads((*reader).authorizer)},
	"AWS::ApiGateway::Stage":      {refer: stageReference, read: reads((*reader).stage)},
	"AWS::ApiGateway::Deployment": {refer: idReference("DeploymentId"), read: reads((*reader).deployment)},
	"AWS::ApiGateway::Account":    {},
	"AWS::CDK::Metadata":          {},

	"AWS::ApiGateway::DomainName":       {refer: domainReference, read: (*reader).unenforcedResource},
	"AWS::ApiGateway::BasePathMapping":  {read: (*reader).unenforcedResource},
	"AWS::Backup::BackupVault":          {refer: vaultReference, read: (*reader).unenforcedResource},
	"AWS::Backup::BackupPlan":           {refer: idReference("BackupPlanId"), read: (*reader).unenforcedResource},
	"AWS::Backup::BackupSelection":      {read: (*reader).unenforcedResource},
	"AWS::Route53::RecordSet":           {read: (*reader).unenforcedResource},
	"AWS::Lambda::EventSourceMapping":   {read: (*reader).eventSource},
	"AWS::CloudWatch::CompositeAlarm":   {read: (*reader).unenforcedResource},
	"AWS::CloudWatch::Dashboard":        {read: (*reader).unenforcedResource},
	"AWS::KMS::Key":                     {refer: arnReference("kms", "key/%s"), read: (*reader).unenforcedResource},
	"AWS::SNS::Topic":                   {refer: topicReference, read: (*reader).unenforcedResource},
	"AWS::SNS::TopicPolicy":             {read: (*reader).unenforcedResource},
	"AWS::SNS::Subscription":            {read: (*reader).unenforcedResource},
	"AWS::WAFv2::WebACLAssociation":     {read: (*reader).unenforcedResource},
	"AWS::ApiGateway::RequestValidator": {refer: idReference("RequestValidatorId"), read: reads((*reader).validator)},
	"AWS::ApiGateway::GatewayResponse":  {read: reads((*reader).gatewayResponse)},
}
