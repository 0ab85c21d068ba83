package stack

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// exemptions are the rules of cdk-nag that a resource does not hold to, each with the reason. The review stops at one that
// exempts from nothing.
type exemptions map[string]string

// exempt writes exemptions beside a resource, where cdk-nag looks for them. Nothing of cdk-nag is linked here.
// Source: cdk-nag's README, "Suppressing a Rule".
func exempt(construct constructs.IConstruct, rules exemptions) {
	resource, ok := construct.(awscdk.CfnResource)
	if !ok {
		resource = construct.Node().DefaultChild().(awscdk.CfnResource)
	}
	var suppressions []any
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		suppressions = append(suppressions, map[string]any{"id": id, "reason": rules[id]})
	}
	if len(suppressions) > 0 {
		resource.AddMetadata(jsii.String("cdk_nag"), map[string]any{"rules_to_suppress": suppressions})
	}
}
