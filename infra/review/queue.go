package review

import (
	"regexp"
	"slices"
	"strings"

	"postern/internal/cfn"
)

var queueRules = []rule{
	{"queue policy", "TestQueuePolicies", each(queueType, queuePolicyHolds)},
	{"redrive", "TestQueuePolicies", redriven},
	{"visibility", "TestQueuePolicies", each(sourceType, hiddenLongEnough)},
}

// queuePolicyHolds finds what a queue's policy lacks, and what it allows to more than a service on behalf of this account.
func queuePolicyHolds(s stack, id string, _ cfn.Resource) []Finding {
	withoutTLS := statement{
		effect: "Deny", principals: []string{"AWS *"}, actions: []string{"sqs:*"},
		resources: []string{"${" + id + ".Arn}"}, conditions: []string{"Bool aws:SecureTransport: false"},
	}
	var all []Finding
	denied := false
	for _, policy := range s.of("AWS::SQS::QueuePolicy") {
		if !slices.Contains(cfn.Texts(s.Resources[policy].At("Queues")), "${"+id+"}") {
			continue
		}
		for _, st := range statements(s.Resources[policy].At("PolicyDocument")) {
			denied = denied || st.equal(withoutTLS)
			if st.effect != "Deny" {
				all = append(all, s.sendOnly(id, st)...)
			}
		}
	}
	if !denied {
		all = append(all, found(id, "the queue's policy must deny sqs:* to everybody without TLS (aws:SecureTransport)"))
	}
	return all
}

func (s statement) equal(other statement) bool {
	return s.effect == other.effect && slices.Equal(s.principals, other.principals) && slices.Equal(s.actions, other.actions) &&
		slices.Equal(s.resources, other.resources) && slices.Equal(s.conditions, other.conditions) && slices.Equal(s.others, other.others)
}

// sendOnly finds what is wrong with a statement that lets somebody use a queue.
func (s stack) sendOnly(id string, st statement) []Finding {
	var all []Finding
	if !slices.Equal(st.actions, []string{"sqs:SendMessage"}) || len(st.others) > 0 || !slices.Equal(st.resources, []string{"${" + id + ".Arn}"}) {
		all = append(all, found(id, "the queue's policy must allow no more than sqs:SendMessage on the queue itself, and allows %s", st))
	}
	switch strings.Join(st.principals, ", ") {
	case "Service s3.amazonaws.com":
		want := []string{"ArnLike aws:SourceArn: arn:${AWS::Partition}:s3:::*", "StringEquals aws:SourceAccount: ${AWS::AccountId}"}
		if !slices.EqualFunc(st.conditions, want, func(got, want string) bool {
			return anyBucket.ReplaceAllLiteralString(got, "arn:${AWS::Partition}:s3:::*") == want
		}) {
			all = append(all, found(id, "the queue must take messages of S3 only if %s: otherwise another account's bucket may send; got %q", strings.Join(want, " and "), st.conditions))
		}
	case "Service events.amazonaws.com":
		if !slices.ContainsFunc(s.of("AWS::Events::Rule"), func(rule string) bool {
			return slices.Equal(st.conditions, []string{"ArnLike aws:SourceArn: ${" + rule + ".Arn}"})
		}) {
			all = append(all, found(id, "the queue must take messages of one rule of the stack's own (aws:SourceArn); got %q", st.conditions))
		}
	default:
		all = append(all, found(id, "the queue must take messages of S3 and EventBridge only, and takes those of %s", strings.Join(st.principals, ", ")))
	}
	return all
}

// anyBucket matches the ARN of any bucket where the stage has a region, and CDK writes the partition out.
var anyBucket = regexp.MustCompile(`arn:aws[a-z-]*:s3:::\*$`)

// redriven finds queues that feed a function and set nothing aside, or too early or too late.
func redriven(s stack) []Finding {
	var all []Finding
	for _, source := range s.of(sourceType) {
		id := refersTo(s.Resources[source].At("EventSourceArn"))
		queue, ok := s.Resources[id]
		if !ok {
			all = append(all, found(source, "EventSourceArn must be a queue of the stack"))
			continue
		}
		letters := refersTo(queue.At("RedrivePolicy/deadLetterTargetArn"))
		if s.Resources[letters].Type != queueType || letters == id {
			all = append(all, found(id, "RedrivePolicy must name another queue of the stack: otherwise a message that fails for ever is lost"))
			continue
		}
		if !between(3, 20).holds(queue.At("RedrivePolicy/maxReceiveCount")) {
			all = append(all, found(id, "RedrivePolicy.maxReceiveCount is %s, and must be 3 to 20", cfn.Text(queue.At("RedrivePolicy/maxReceiveCount"))))
		}
		own, _ := number(queue.At("MessageRetentionPeriod"))
		aside, _ := number(s.Resources[letters].At("MessageRetentionPeriod"))
		if aside < own+7*dayMillis/1000 {
			all = append(all, found(letters, "MessageRetentionPeriod is %d, and must be a week longer than that of %s, since a message keeps its age", aside, name(id)))
		}
	}
	return all
}

// hiddenLongEnough finds queues whose messages come back before six timeouts of the function are over.
// Source: Lambda Developer Guide, "Using Lambda with Amazon SQS".
func hiddenLongEnough(s stack, id string, r cfn.Resource) []Finding {
	queue := refersTo(r.At("EventSourceArn"))
	timeout, _ := number(s.Resources[refersTo(r.At("FunctionName"))].At("Timeout"))
	hidden, _ := number(s.Resources[queue].At("VisibilityTimeout"))
	if timeout == 0 || hidden < 6*timeout {
		return []Finding{found(queue, "VisibilityTimeout is %d, and must be six times the timeout of the function of %s, which is %d", hidden, name(id), timeout)}
	}
	return nil
}
