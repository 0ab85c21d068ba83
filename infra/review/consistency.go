package review

import (
	"fmt"
	"slices"
	"strings"

	"postern/internal/cfn"
)

// kept are the types whose resources a stage keeps or deletes together.
var kept = []string{bucketType, "AWS::S3::BucketPolicy", tableType, secretType, groupType, vaultType}

var consistencyRules = []rule{
	{"removal", "TestBucket", keptTogether},
	{"deletion protection", "TestBucket", each(tableType, protectedWhenKept)},
}

// keptTogether finds data that a stage deletes, though it keeps other data. A stage that keeps none is one to throw away.
func keptTogether(s stack) []Finding {
	var ids []string
	for _, kind := range kept {
		ids = append(ids, s.of(kind)...)
	}
	if !slices.ContainsFunc(ids, func(id string) bool { return isKept(s.Resources[id]) || isKeptOnUpdate(s.Resources[id]) }) {
		return nil
	}
	var all []Finding
	for _, id := range ids {
		if r := s.Resources[id]; !isKept(r) {
			all = append(all, found(id, "DeletionPolicy is %q, and must be Retain or RetainExceptOnCreate, since the stage keeps its data", r.DeletionPolicy))
		}
		if r := s.Resources[id]; !isKeptOnUpdate(r) {
			all = append(all, found(id, "UpdateReplacePolicy is %q, and must be Retain, since the stage keeps its data", r.UpdateReplacePolicy))
		}
	}
	return all
}

func isKept(r cfn.Resource) bool { return strings.HasPrefix(r.DeletionPolicy, "Retain") }

func isKeptOnUpdate(r cfn.Resource) bool { return r.UpdateReplacePolicy == "Retain" }

func protectedWhenKept(_ stack, id string, r cfn.Resource) []Finding {
	if isKept(r) && cfn.Text(r.At("DeletionProtectionEnabled")) != "true" {
		return []Finding{found(id, "DeletionProtectionEnabled must be true for a table that the stage keeps")}
	}
	return nil
}

// Minimum lifetimes of what a bucket's lifecycle deletes.
// Noncurrent versions: a replay makes the good version noncurrent until inspection removes it, and a message can lie 14
// days in the dead-letter queue.
const (
	minNoncurrentDays = 15
	dayMillis         = 24 * 60 * 60 * 1000
)

// lifecycle are the rules that a bucket needs: name to the path of what it sets, and the range of its value.
var lifecycle = map[string]struct {
	path string
	must expectation
}{
	"rejected-uploads":             {"ExpirationInDays", between(1, 3650)},
	"noncurrent-versions":          {"NoncurrentVersionExpiration/NoncurrentDays", between(minNoncurrentDays, 3650)},
	"expired-delete-markers":       {"ExpiredObjectDeleteMarker", is("true")},
	"incomplete-multipart-uploads": {"AbortIncompleteMultipartUpload/DaysAfterInitiation", between(1, 365)},
}

func lifecycleHolds(_ stack, id string, r cfn.Resource) []Finding {
	var all []Finding
	list, _ := r.At("LifecycleConfiguration/Rules").([]any)
	enabled := map[string]cfn.Resource{}
	for i, member := range list {
		properties, _ := member.(map[string]any)
		entry := cfn.Resource{Properties: properties}
		rule := cfn.Text(entry.At("Id"))
		if _, known := lifecycle[rule]; !known {
			all = append(all, found(id, "lifecycle rule %q is not one of the four of infra/stack: it may delete users' files", fmt.Sprint(rule, i)))
		}
		if cfn.Text(entry.At("Status")) == "Enabled" {
			enabled[rule] = entry
		}
	}
	for rule, want := range lifecycle {
		entry, ok := enabled[rule]
		if !ok {
			all = append(all, found(id, "lifecycle rule %s must be there and Enabled", rule))
		} else if got := entry.At(want.path); !want.must.holds(got) {
			all = append(all, found(id, "lifecycle rule %s: %s is %s, and must be %s", rule, want.path, cfn.Text(got), want.must.text))
		}
	}
	if tag := cfn.Text(enabled["rejected-uploads"].At("TagFilters")); tag != `[{"Key":"status","Value":"rejected"}]` {
		all = append(all, found(id, "lifecycle rule rejected-uploads must expire what has the tag status=rejected, and nothing else; got %s", tag))
	}
	return all
}
