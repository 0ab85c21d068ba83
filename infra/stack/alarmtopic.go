package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
)

// keyAdministration are the actions with which the account's own roles keep a key: all that a key of its kind has, but
// those that use it.
var keyAdministration = []string{
	"kms:CancelKeyDeletion", "kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation",
	"kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListKeyPolicies", "kms:ListResourceTags", "kms:PutKeyPolicy",
	"kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription",
}

// alarmTopic returns the ARN of the topic that alarms notify: the stage's own, or a new one with its address. It is nil if
// alarms notify nobody.
func alarmTopic(stack awscdk.Stack, s stage.Stage) *string {
	switch {
	case s.AlarmTopic != "":
		return jsii.String(s.AlarmTopic)
	case s.AlarmMail != "":
		return newAlarmTopic(stack, s.AlarmMail)
	default:
		return nil
	}
}

// newAlarmTopic creates a topic to which this stack's alarms may publish, and nobody else's, and subscribes an address. SNS
// asks the address for its consent before it sends anything else.
// Source: Amazon SNS Developer Guide, "Amazon SNS endpoints and quotas" and "Example cases for Amazon SNS access control".
func newAlarmTopic(stack awscdk.Stack, mail string) *string {
	topic := awssns.NewCfnTopic(stack, jsii.String("Alarms"), &awssns.CfnTopicProps{
		KmsMasterKeyId: newAlarmKey(stack).AttrArn(),
	})
	publish := allow("Alarms", "sns:Publish").on(topic.Ref()).
		when("StringEquals", "aws:SourceAccount", stack.Account()).
		when("ArnLike", "aws:SourceArn", stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("cloudwatch"), Resource: jsii.String("alarm"), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
			// CloudFormation begins the names that it makes with the stack's.
			ResourceName: jsii.String(*stack.StackName() + "-*"),
		}))
	publish.Principals = cloudWatch()
	withoutTLS := deny("DenyWithoutTLS", "sns:Publish").on(topic.Ref()).when("Bool", "aws:SecureTransport", "false")
	policy := awsiam.NewPolicyDocument(nil)
	policy.AddStatements(withoutTLS.construct(), publish.construct())
	awssns.NewCfnTopicPolicy(stack, jsii.String("AlarmsPolicy"), &awssns.CfnTopicPolicyProps{
		Topics: &[]*string{topic.Ref()}, PolicyDocument: policy,
	})
	awssns.NewCfnSubscription(stack, jsii.String("AlarmMail"), &awssns.CfnSubscriptionProps{
		TopicArn: topic.Ref(), Protocol: jsii.String("email"), Endpoint: jsii.String(mail),
	})
	return topic.Ref()
}

// newAlarmKey creates the key that encrypts what the topic holds. CloudWatch cannot publish to a topic under the key that
// SNS has of itself, because that key's policy does not name it.
// Source: Amazon SNS Developer Guide, "Enable compatibility between event sources from AWS services and encrypted topics".
func newAlarmKey(stack awscdk.Stack) awskms.CfnKey {
	administer := allow("Administration", keyAdministration...).on(jsii.String("*"))
	administer.Principals = &[]awsiam.IPrincipal{awsiam.NewAccountRootPrincipal()}
	// Without a condition: whether CloudWatch hands its caller on to KMS is not documented, and an alarm that cannot publish
	// is silent. The topic's policy says whose alarms may.
	use := allow("Alarms", "kms:Decrypt", "kms:GenerateDataKey").on(jsii.String("*"))
	use.Principals = cloudWatch()
	policy := awsiam.NewPolicyDocument(nil)
	policy.AddStatements(administer.construct(), use.construct())
	return awskms.NewCfnKey(stack, jsii.String("AlarmKey"), &awskms.CfnKeyProps{
		Description:         jsii.Sprintf("Encrypts what the alarms of %s tell", *stack.StackName()),
		EnableKeyRotation:   jsii.Bool(true),
		PendingWindowInDays: jsii.Number(7),
		KeyPolicy:           policy,
	})
}

func cloudWatch() *[]awsiam.IPrincipal {
	return &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)}
}
