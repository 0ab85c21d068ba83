package cfn

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

type bucketProperties struct {
	CorsConfiguration struct {
		CorsRules []struct {
			AllowedHeaders, AllowedMethods, AllowedOrigins, ExposedHeaders []string

			Id     inert
			MaxAge int // seconds
		}
	}
	NotificationConfiguration struct {
		QueueConfigurations []struct{ Event, Queue string }
	}
	VersioningConfiguration struct{ Status string }

	BucketEncryption               unenforced
	LifecycleConfiguration         unenforced
	LoggingConfiguration           unenforced
	OwnershipControls              unenforced
	PublicAccessBlockConfiguration unenforced
	Tags                           inert
}

func (r *reader) bucket(id string, p bucketProperties) {
	bucket := Bucket{
		LogicalID: id,
		Name:      r.references[id].ref,
		Versioned: p.VersioningConfiguration.Status == "Enabled",
	}
	for _, rule := range p.CorsConfiguration.CorsRules {
		bucket.CORS = append(bucket.CORS, CORSRule{
			AllowedOrigins: rule.AllowedOrigins,
			AllowedMethods: rule.AllowedMethods,
			AllowedHeaders: rule.AllowedHeaders,
			ExposeHeaders:  rule.ExposedHeaders,
			MaxAge:         time.Duration(rule.MaxAge) * time.Second,
		})
	}
	for i, n := range p.NotificationConfiguration.QueueConfigurations {
		bucket.Notifications = append(bucket.Notifications, r.notification(id, i, n.Event, n.Queue))
	}
	r.stack.Buckets = append(r.stack.Buckets, bucket)
}

// notifications are the events that the local run knows: of a new object, which it sends, and of an expired one, which does
// not occur here.
// Source: Amazon S3 User Guide, "Supported event types for SQS, SNS, and Lambda".
var notifications = []string{
	"s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:CompleteMultipartUpload",
	"s3:LifecycleExpiration:*", "s3:LifecycleExpiration:Delete", "s3:LifecycleExpiration:DeleteMarkerCreated",
}

func (r *reader) notification(id string, i int, event, arn string) Notification {
	path := index("NotificationConfiguration.QueueConfigurations", i)
	if !slices.Contains(notifications, event) {
		r.fail(id, path+".Event", "the local run does not send %q", event)
	}
	return Notification{Event: event, Queue: r.refer(id, path+".Queue", "AWS::SQS::Queue", arn)}
}

type tableProperties struct {
	AttributeDefinitions []struct{ AttributeName, AttributeType string }
	KeySchema            []struct{ AttributeName, KeyType string }

	BillingMode                      inert
	DeletionProtectionEnabled        unenforced
	PointInTimeRecoverySpecification unenforced
	SSESpecification                 unenforced
	Tags                             inert
	TimeToLiveSpecification          unenforced
}

func (r *reader) table(id string, p tableProperties) {
	for i, attribute := range p.AttributeDefinitions {
		if attribute.AttributeType != "S" {
			r.fail(id, index("AttributeDefinitions", i), "attribute type %q is not served, only S is", attribute.AttributeType)
		}
	}
	table := Table{LogicalID: id, Name: r.references[id].ref}
	for i, key := range p.KeySchema {
		switch key.KeyType {
		case "HASH":
			table.PartitionKey = key.AttributeName
		case "RANGE":
			table.SortKey = key.AttributeName
		default:
			r.fail(id, index("KeySchema", i), "key type %q is neither HASH nor RANGE", key.KeyType)
		}
	}
	if table.PartitionKey == "" {
		r.fail(id, "KeySchema", "a table needs a HASH key")
	}
	r.stack.Tables = append(r.stack.Tables, table)
}

// defaultSecretLength is the default length of a generated secret.
// Source: CloudFormation Template Reference, AWS::SecretsManager::Secret GenerateSecretString.
const defaultSecretLength = 32

type secretProperties struct {
	// The local run generates letters, digits, - and _, whatever is excluded.
	GenerateSecretString *struct {
		PasswordLength          int
		ExcludePunctuation      inert
		IncludeSpace            inert
		RequireEachIncludedType inert
	}
	Description inert
	Tags        inert
}

func (r *reader) secret(id string, p secretProperties) {
	if p.GenerateSecretString == nil {
		r.fail(id, "GenerateSecretString", "the local run serves generated secrets only")
		return
	}
	r.stack.Secrets = append(r.stack.Secrets, Secret{
		LogicalID: id,
		Name:      names{stack: r.stack.Name}.name(id),
		ARN:       r.references[id].ref,
		Length:    cmp.Or(p.GenerateSecretString.PasswordLength, defaultSecretLength),
	})
}

// defaultVisibility is the default of a queue's visibility timeout, in seconds.
// Source: CloudFormation Template Reference, AWS::SQS::Queue.
const defaultVisibility = 30

type queueProperties struct {
	VisibilityTimeout *int // seconds
	RedrivePolicy     map[string]string

	MessageRetentionPeriod unenforced
	RedriveAllowPolicy     unenforced
	SqsManagedSseEnabled   unenforced
	Tags                   inert
}

func (r *reader) queue(id string, p queueProperties) {
	queue := Queue{
		LogicalID:  id,
		Name:       names{stack: r.stack.Name}.name(id),
		ARN:        r.references[id].attributes["Arn"],
		URL:        r.references[id].ref,
		Visibility: defaultVisibility * time.Second,
	}
	if p.VisibilityTimeout != nil {
		queue.Visibility = time.Duration(*p.VisibilityTimeout) * time.Second
	}
	if queue.Visibility < 0 {
		r.fail(id, "VisibilityTimeout", "%d is negative", *p.VisibilityTimeout)
	}
	if p.RedrivePolicy != nil {
		r.redrive(id, &queue, p.RedrivePolicy)
	}
	r.stack.Queues = append(r.stack.Queues, queue)
}

// redrive takes where messages go that cannot be processed.
// Source: Amazon SQS API Reference, SetQueueAttributes, RedrivePolicy.
func (r *reader) redrive(id string, queue *Queue, p map[string]string) {
	for name := range p {
		if name != "deadLetterTargetArn" && name != "maxReceiveCount" {
			r.fail(id, "RedrivePolicy."+name, "the local run does not know this property")
		}
	}
	var ok bool
	if queue.DeadLetters, ok = r.find("AWS::SQS::Queue", p["deadLetterTargetArn"]); !ok || queue.DeadLetters == id {
		r.fail(id, "RedrivePolicy.deadLetterTargetArn", "%q is not another queue of this template", p["deadLetterTargetArn"])
	}
	var err error
	if queue.MaxReceives, err = strconv.Atoi(p["maxReceiveCount"]); err != nil || queue.MaxReceives < 1 || queue.MaxReceives > 1000 {
		r.fail(id, "RedrivePolicy.maxReceiveCount", "%q is not a number from 1 to 1000", p["maxReceiveCount"])
	}
}
