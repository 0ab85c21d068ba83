package review_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/infra/review"
	"postern/internal/cfn"
)

// nagged is a template in which a bucket is exempt from two rules.
const nagged = `{"Resources": {"Uploads4F6EB0FD": {"Type": "AWS::S3::Bucket", "Metadata": {
	"aws:cdk:path": "Postern-prod/Uploads/Resource",
	"cdk_nag": {"rules_to_suppress": [{"id": "AwsSolutions-S1", "reason": "a reason"}, {"id": "AwsSolutions-S2", "reason": "a reason"}]}
}}}}`

func TestNagFindings(t *testing.T) {
	line := func(rule, compliance string) string {
		return fmt.Sprintf(`{"lines": [{"ruleId": %q, "resourceId": "Postern-prod/Uploads/Resource", "compliance": %q, "ruleInfo": "What it says.\n"}]}`, rule, compliance)
	}
	finding := func(message string) review.Finding {
		return review.Finding{Rule: "cdk-nag", Resource: "Uploads", Message: message}
	}
	for name, test := range map[string]struct {
		reports []string
		want    []review.Finding
	}{
		"exempt": {[]string{line("AwsSolutions-S1", "Suppressed"), line("AwsSolutions-S2", "Suppressed")}, nil},
		"an exemption that exempts from nothing": {
			[]string{line("AwsSolutions-S1", "Suppressed"), line("AwsSolutions-S2", "Compliant")},
			[]review.Finding{finding("AwsSolutions-S2: the exemption exempts from nothing, and must go")},
		},
		"not compliant": {
			[]string{line("AwsSolutions-S1", "Suppressed"), line("AwsSolutions-S2", "Suppressed"), line("AwsSolutions-S10", "Non-Compliant")},
			[]review.Finding{finding("AwsSolutions-S10: What it says.")},
		},
		"a rule that fails": {
			[]string{line("AwsSolutions-S1", "Suppressed"), line("AwsSolutions-S2", "Suppressed"), line("AwsSolutions-S10", "UNKNOWN")},
			[]review.Finding{finding("AwsSolutions-S10: What it says.")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			template, err := cfn.ParseTemplate("Postern-prod", []byte(nagged))
			if err != nil {
				t.Fatal(err)
			}
			var reports [][]byte
			for _, report := range test.reports {
				reports = append(reports, []byte(report))
			}
			got, err := review.NagFindings(template, reports...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

// TestNagFindingsNeedsReports makes sure that a report that says nothing is no approval.
func TestNagFindingsNeedsReports(t *testing.T) {
	template, err := cfn.ParseTemplate("Postern-prod", []byte(nagged))
	if err != nil {
		t.Fatal(err)
	}
	for _, report := range []string{"{", "{}", `{"lines": []}`} {
		if got, err := review.NagFindings(template, []byte(report)); err == nil {
			t.Errorf("report %s: got %v, want an error", report, got)
		}
	}
}
