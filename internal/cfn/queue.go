package cfn

import (
	"slices"
	"strconv"
	"time"
)

// defaultVisibility is the visibility timeout of a queue that says none, in seconds.
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

func (r *reader) queue(id string) {
	var p queueProperties
	if !r.properties(id, &p) {
		return
	}
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

// redrive takes where a queue's messages go that nobody can process.
// Source: Amazon SQS API Reference, SetQueueAttributes, RedrivePolicy.
func (r *reader) redrive(id string, queue *Queue, p map[string]string) {
	for name := range p {
		if name != "deadLetterTargetArn" && name != "maxReceiveCount" {
			r.fail(id, "RedrivePolicy."+name, "the local run does not know this property")
		}
	}
	var ok bool
	if queue.DeadLetters, ok = r.find("AWS::SQS::Queue", p["deadLetterTargetArn"]); !ok || queue.DeadLetters == id {
		r.fail(id, "RedrivePolicy.deadLetterTargetArn", "%q is no other queue of this template", p["deadLetterTargetArn"])
	}
	var err error
	if queue.MaxReceives, err = strconv.Atoi(p["maxReceiveCount"]); err != nil || queue.MaxReceives < 1 || queue.MaxReceives > 1000 {
		r.fail(id, "RedrivePolicy.maxReceiveCount", "%q is no number from 1 to 1000", p["maxReceiveCount"])
	}
}

type queuePolicyProperties struct {
	Queues         []string
	PolicyDocument struct {
		Version   string
		Statement []struct {
			Principal struct{ AWS, Service texts }

			statementProperties
		}
	}
}

// queuePolicy takes what queues' policies allow to services, and what they deny to everyone.
func (r *reader) queuePolicy(id string) {
	var p queuePolicyProperties
	if !r.properties(id, &p) {
		return
	}
	document := policyDocument{Version: p.PolicyDocument.Version}
	var services []string
	for i, s := range p.PolicyDocument.Statement {
		path := index("PolicyDocument.Statement", i)
		service := ""
		switch denies := s.Effect == "Deny" && slices.Equal(s.Principal.AWS, texts{"*"}) && s.Principal.Service == nil; {
		case s.Effect == "Allow" && s.Principal.AWS == nil && len(s.Principal.Service) == 1:
			service = s.Principal.Service[0]
		case !denies:
			r.fail(id, path, "the local run serves statements only that allow something to one service, or deny to the principal *")
		}
		services = append(services, service)
		if s.hasKey(tlsKeys) {
			r.stack.Unenforced = append(r.stack.Unenforced, describe(id, "AWS::SQS::QueuePolicy")+": "+path+" "+s.Sid)
		}
		document.Statement = append(document.Statement, s.statementProperties)
	}
	statements := r.statements(id, "PolicyDocument", document)
	for i := range statements {
		statements[i].Service = services[i]
	}
	for i, url := range p.Queues {
		if _, ok := r.find("AWS::SQS::Queue", url); !ok {
			r.fail(id, index("Queues", i), "%q is no queue of this template", url)
		}
		put(&r.ofQueues, url, append(r.ofQueues[url], statements...))
	}
}
