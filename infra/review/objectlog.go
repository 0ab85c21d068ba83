package review

import (
	"slices"

	"postern/internal/cfn"
)

var objectLogRules = []rule{
	{"object log", "TestObjectLog", eachChosen(bucketType, objectLogHolds)},
}

// isObjectLog reports whether S3 logs there the requests to another bucket.
func (s stack) isObjectLog(id string) bool {
	return slices.ContainsFunc(s.of(bucketType), func(other string) bool {
		return other != id && refersTo(s.Resources[other].At("LoggingConfiguration/DestinationBucketName")) == id
	})
}

// objectLogHolds finds what opens the bucket of the object log to others, and lines that are kept for ever.
func objectLogHolds(s stack, id string, r cfn.Resource) []Finding {
	if !s.isObjectLog(id) {
		return nil
	}
	policy := s.policyOf(id)
	all := missingDenials(id, policy, []denial{withoutTLS, oldTLS})
	for _, st := range policy {
		if st.effect != "Deny" && !s.delivers(st, id) {
			all = append(all, found(id, "S3 alone must write the log, of this stack's bucket (aws:SourceArn, aws:SourceAccount); the policy allows %s", st))
		}
	}
	if rule := "LifecycleConfiguration/Rules/0/"; cfn.Text(r.At(rule+"Status")) != "Enabled" || !between(1, 3653).holds(r.At(rule+"ExpirationInDays")) {
		all = append(all, found(id, "an enabled lifecycle rule must expire the lines: they hold addresses and names of files"))
	}
	return all
}

// delivers reports whether a statement lets S3 write the lines of another bucket of the stack, and nothing else.
func (s stack) delivers(st statement, id string) bool {
	return slices.Equal(st.actions, []string{"s3:PutObject"}) && slices.Equal(st.principals, []string{"Service logging.s3.amazonaws.com"}) && len(st.others) == 0 &&
		slices.ContainsFunc(s.of(bucketType), func(source string) bool {
			return refersTo(s.Resources[source].At("LoggingConfiguration/DestinationBucketName")) == id &&
				slices.Equal(st.conditions, []string{"ArnLike aws:SourceArn: ${" + source + ".Arn}", "StringEquals aws:SourceAccount: ${AWS::AccountId}"})
		})
}
