package review

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"postern/internal/cfn"
)

var bucketRules = []rule{
	{"versions", "TestBucket", each(bucketType, ofUploads(versioned.find))},
	{"bucket policy", "TestBucketPolicy", each(bucketType, ofUploads(bucketPolicyHolds))},
	{"lifecycle", "TestBucket", each(bucketType, ofUploads(lifecycleHolds))},
	{"arrivals", "TestBucket", each(bucketType, ofUploads(arrivalsAreQueued))},
}

// ofUploads is find for a bucket of uploads. It leaves out the bucket of the object log, which has rules of its own.
func ofUploads(find func(stack, string, cfn.Resource) []Finding) func(stack, string, cfn.Resource) []Finding {
	return func(s stack, id string, r cfn.Resource) []Finding {
		if s.isObjectLog(id) {
			return nil
		}
		return find(s, id, r)
	}
}

var versioned = property{path: "VersioningConfiguration/Status", must: is("Enabled"), why: "a replayed form would replace the bytes that were inspected"}

// A denial is a statement that a bucket's policy must have.
type denial struct {
	sid        string
	actions    string
	conditions []string
	onBucket   bool // also on the bucket itself, not its objects alone
	why        string
}

var (
	withoutTLS = denial{"DenyWithoutTLS", "s3:*", []string{"Bool aws:SecureTransport: false"}, true, "requests without TLS would be served"}
	oldTLS     = denial{"DenyOldTLS", "s3:*", []string{"NumericLessThan s3:TlsVersion: 1.2"}, true, "TLS older than 1.2 would be served"}
)

func denials(lifetime time.Duration) []denial {
	age := strconv.FormatInt(lifetime.Milliseconds(), 10)
	return []denial{
		withoutTLS, oldTLS,
		{"DenySigV2", "s3:*", []string{"StringEquals s3:signatureversion: AWS"}, true, "signatures of version 2 have no age"},
		{
			"DenyOldSignatures", "s3:*",
			[]string{"NumericGreaterThan s3:signatureAge: " + age, "StringEquals s3:authType: POST or REST-QUERY-STRING"},
			true, "a signature would live longer than the stage's signatureLifetime",
		},
		{
			"DenyOverwrites", "s3:PutObject",
			[]string{"Bool s3:ObjectCreationOperation: true", "Null s3:if-none-match: true", "StringNotEquals s3:authType: POST"},
			false, "an upload could replace a file that was inspected",
		},
	}
}

// bucketPolicyHolds finds the denials that a bucket's policy lacks, and what it allows: it must allow nothing.
func bucketPolicyHolds(s stack, id string, _ cfn.Resource) []Finding {
	all := s.policyOf(id)
	findings := missingDenials(id, all, denials(s.signatureLifetime()))
	for _, st := range all {
		if st.effect != "Deny" {
			findings = append(findings, found(id, "the bucket's policy must allow nothing, and allows %s", st))
		}
	}
	return findings
}

// policyOf returns the statements of a bucket's policy.
func (s stack) policyOf(bucket string) []statement {
	var all []statement
	for _, policy := range s.of("AWS::S3::BucketPolicy") {
		if refersTo(s.Resources[policy].At("Bucket")) == bucket {
			all = append(all, statements(s.Resources[policy].At("PolicyDocument"))...)
		}
	}
	return all
}

// missingDenials finds the denials that a bucket's policy must have, and lacks.
func missingDenials(bucket string, policy []statement, must []denial) []Finding {
	var findings []Finding
	for _, want := range must {
		if !slices.ContainsFunc(policy, func(st statement) bool { return want.is(st, bucket) }) {
			findings = append(findings, found(bucket, "the bucket's policy must have %s (deny %s to everybody if %s): otherwise %s",
				want.sid, want.actions, strings.Join(want.conditions, " and "), want.why))
		}
	}
	return findings
}

func (d denial) is(s statement, bucket string) bool {
	objects := "${" + bucket + ".Arn}/*"
	resources := []string{objects}
	if d.onBucket {
		resources = sorted([]string{"${" + bucket + ".Arn}", objects})
	}
	return s.effect == "Deny" && len(s.others) == 0 && slices.Equal(s.principals, []string{"AWS *"}) &&
		slices.Equal(s.actions, []string{d.actions}) && slices.Equal(s.resources, resources) && slices.Equal(s.conditions, d.conditions)
}

// signatureLifetime returns the longest lifetime of a signature that any function is told.
func (s stack) signatureLifetime() time.Duration {
	var longest time.Duration
	for _, id := range s.of(functionType) {
		lifetime, err := time.ParseDuration(cfn.Text(s.Resources[id].At("Environment/Variables/SIGNATURE_LIFETIME")))
		if err == nil {
			longest = max(longest, lifetime)
		}
	}
	return longest
}

// arrivalsAreQueued finds events that a bucket sends to no queue of the stack.
func arrivalsAreQueued(s stack, id string, r cfn.Resource) []Finding {
	queued := map[string]bool{}
	list, _ := r.At("NotificationConfiguration/QueueConfigurations").([]any)
	for _, member := range list {
		m, _ := member.(map[string]any)
		_, filtered := m["Filter"]
		if s.Resources[refersTo(m["Queue"])].Type == queueType && !filtered {
			queued[cfn.Text(m["Event"])] = true
		}
	}
	var all []Finding
	for _, event := range []string{"s3:ObjectCreated:*", "s3:LifecycleExpiration:*"} {
		if !queued[event] {
			all = append(all, found(id, "every event %s must go to a queue of the stack: otherwise uploads are never recorded", event))
		}
	}
	return all
}
