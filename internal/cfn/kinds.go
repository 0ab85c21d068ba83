package cfn

// A kind is what the local run does with the resources of a type.
type kind struct {
	refer func(names, string, resource) reference // what Ref and Fn::GetAtt give; nil: cannot be referred to
	read  func(*reader, string)                   // takes it into the Stack; nil: known, without an effect here
}

// kinds are all resource types that the local run knows. Any other is an error.
var kinds = map[string]kind{
	"AWS::S3::Bucket":             {refer: bucketReference, read: (*reader).bucket},
	"AWS::DynamoDB::Table":        {refer: tableReference, read: (*reader).table},
	"AWS::SecretsManager::Secret": {refer: secretReference, read: (*reader).secret},
	"AWS::Lambda::Function":       {refer: functionReference, read: (*reader).function},
	"AWS::Lambda::Permission":     {read: (*reader).permission},
	"AWS::SQS::Queue":             {refer: queueReference, read: (*reader).queue},
	"AWS::SQS::QueuePolicy":       {read: (*reader).queuePolicy},
	"AWS::CloudWatch::Alarm":      {read: (*reader).unenforcedResource},
	"AWS::Logs::LogGroup":         {refer: logGroupReference},
	"AWS::IAM::Role":              {refer: roleReference, read: (*reader).role},
	"AWS::IAM::Policy":            {read: (*reader).policy},
	"AWS::S3::BucketPolicy":       {read: (*reader).bucketPolicy},
	"AWS::ApiGateway::RestApi":    {refer: apiReference, read: (*reader).restAPI},
	"AWS::ApiGateway::Resource":   {refer: idReference("ResourceId"), read: (*reader).resource},
	"AWS::ApiGateway::Method":     {read: (*reader).method},
	"AWS::ApiGateway::Authorizer": {refer: idReference("AuthorizerId"), read: (*reader).authorizer},
	"AWS::ApiGateway::Stage":      {refer: stageReference, read: (*reader).stage},
	"AWS::ApiGateway::Deployment": {refer: idReference("DeploymentId"), read: (*reader).deployment},
	"AWS::ApiGateway::Account":    {},
	"AWS::CDK::Metadata":          {},

	"AWS::Lambda::EventSourceMapping":   {read: (*reader).eventSource},
	"AWS::ApiGateway::RequestValidator": {refer: idReference("RequestValidatorId"), read: (*reader).validator},
	"AWS::ApiGateway::GatewayResponse":  {read: (*reader).gatewayResponse},
}
