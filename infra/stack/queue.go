package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"postern/internal/contract"
)

const (
	// visibilitySeconds hides a message while it is processed: six times the function's timeout, as Lambda recommends, so
	// that a throttled batch does not come back early.
	// Source: Lambda Developer Guide, "Using Lambda with Amazon SQS".
	visibilitySeconds = 6 * inspectSeconds

	// maxReceives bounds the tries of a message. After the last one it goes to the dead-letter queue.
	maxReceives = 5

	// SQS counts a message's age from when it was first sent, in the dead-letter queue too: there it has ten days left
	// at least.
	// Source: Amazon SQS Developer Guide, "Using dead-letter queues in Amazon SQS".
	retentionDays           = 4
	deadLetterRetentionDays = 14

	// batchSize bounds the messages of one invocation.
	batchSize = 10
)

// queues are the queue of arrivals to inspect, and its dead-letter queue.
type queues struct {
	inspections awssqs.Queue
	deadLetters awssqs.Queue
	policy      awssqs.QueuePolicy // of inspections
}

// newQueues creates the queue of arrivals to inspect, to which S3 may send, and its dead-letter queue.
func newQueues(stack awscdk.Stack) queues {
	deadLetters := awssqs.NewQueue(stack, jsii.String("DeadLetters"), &awssqs.QueueProps{
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		RetentionPeriod: days(deadLetterRetentionDays),
	})
	exempt(deadLetters, exemptions{"Serverless-SQSRedrivePolicy": "It is the dead-letter queue itself, and an alarm watches it."})
	inspections := awssqs.NewQueue(stack, jsii.String("Inspections"), &awssqs.QueueProps{
		Encryption:        awssqs.QueueEncryption_SQS_MANAGED,
		RetentionPeriod:   days(retentionDays),
		VisibilityTimeout: awscdk.Duration_Seconds(jsii.Number(visibilitySeconds)),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: deadLetters, MaxReceiveCount: jsii.Number(maxReceives)},
	})
	newQueuePolicy(stack, "DeadLettersPolicy", deadLetters)
	rule := newReconciliation(stack, inspections)
	policy := newQueuePolicy(stack, "InspectionsPolicy", inspections, notifications(stack, inspections), schedule(rule, inspections))
	return queues{inspections, deadLetters, policy}
}

// newQueuePolicy creates a queue's policy: no access without TLS, and the statements. The account's own roles need no
// statement here.
func newQueuePolicy(stack awscdk.Stack, id string, queue awssqs.Queue, statements ...*statement) awssqs.QueuePolicy {
	policy := awssqs.NewQueuePolicy(stack, jsii.String(id), &awssqs.QueuePolicyProps{Queues: &[]awssqs.IQueue{queue}})
	withoutTLS := deny("DenyWithoutTLS", "sqs:*").on(queue.QueueArn()).when("Bool", "aws:SecureTransport", "false")
	for _, s := range append([]*statement{withoutTLS}, statements...) {
		policy.Document().AddStatements(s.construct())
	}
	return policy
}

// notifications lets S3 send the events of this account's buckets. Naming the one bucket would be a cycle: S3 checks the
// permission when it creates the bucket.
// Source: Amazon S3 User Guide, "Granting permissions to publish event notification messages to a destination".
func notifications(stack awscdk.Stack, queue awssqs.Queue) *statement {
	s := allow("Notifications", "sqs:SendMessage").on(queue.QueueArn()).
		when("StringEquals", "aws:SourceAccount", stack.Account()).
		when("ArnLike", "aws:SourceArn", jsii.Sprintf("arn:%s:s3:::*", *stack.Partition()))
	s.Principals = &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("s3.amazonaws.com"), nil)}
	return s
}

// newReconciliation creates the daily message that has the bucket searched for what a lost event left behind.
func newReconciliation(stack awscdk.Stack, queue awssqs.Queue) awsevents.CfnRule {
	rule := awsevents.NewCfnRule(stack, jsii.String("Reconcile"), &awsevents.CfnRuleProps{
		Description:        jsii.String("Has the bucket searched for uploads that no event recorded"),
		ScheduleExpression: jsii.String("rate(1 day)"),
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id: jsii.String("Inspections"), Arn: queue.QueueArn(), Input: jsii.String(contract.ReconcileMessage),
		}},
	})
	exempt(rule, exemptions{"Serverless-EventBusDLQ": "A message that is lost is made up for by the next day's, which says the same."})
	return rule
}

// schedule lets one rule of EventBridge send to the queue.
// Source: EventBridge User Guide, "Using resource-based policies for Amazon EventBridge".
func schedule(rule awsevents.CfnRule, queue awssqs.Queue) *statement {
	s := allow("Schedule", "sqs:SendMessage").on(queue.QueueArn()).when("ArnLike", "aws:SourceArn", rule.AttrArn())
	s.Principals = &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil)}
	return s
}

// notify makes a bucket send its arrivals and expirations to the queue. CDK's own way would add a hidden function.
func (q queues) notify(bucket awss3.Bucket) {
	var configurations []any
	for _, event := range []string{"s3:ObjectCreated:*", "s3:LifecycleExpiration:*"} {
		configurations = append(configurations, &awss3.CfnBucket_QueueConfigurationProperty{
			Event: jsii.String(event),
			Queue: q.inspections.QueueArn(),
		})
	}
	resource := bucket.Node().DefaultChild().(awss3.CfnBucket)
	resource.SetNotificationConfiguration(&awss3.CfnBucket_NotificationConfigurationProperty{QueueConfigurations: configurations})
	resource.AddResourceDependency(q.policy.Node().DefaultChild().(awssqs.CfnQueuePolicy), nil)
}

// inspectBy invokes a function with the queue's messages. The answer names those of a batch that failed. The function's
// role says what Lambda may do with the queue. At most concurrency invocations run at once, so that a burst of uploads
// leaves the API its share of the account's concurrent executions.
func (q queues) inspectBy(stack awscdk.Stack, concurrency int, function awslambda.Function) {
	mapping := awslambda.NewCfnEventSourceMapping(stack, jsii.String("InspectInspections"), &awslambda.CfnEventSourceMappingProps{
		FunctionName:          function.FunctionName(),
		EventSourceArn:        q.inspections.QueueArn(),
		BatchSize:             jsii.Number(batchSize),
		FunctionResponseTypes: jsii.Strings("ReportBatchItemFailures"),
		ScalingConfig: &awslambda.CfnEventSourceMapping_ScalingConfigProperty{
			MaximumConcurrency: jsii.Number(concurrency),
		},
	})
	exempt(mapping, exemptions{"Serverless-LambdaEventSourceMappingDestination": "For a queue, Lambda has none: what fails goes to the queue's own dead-letter queue."})
}
