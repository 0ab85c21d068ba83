package review

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"postern/internal/cfn"
)

var roleRules = []rule{
	{"trust", "TestWhoTakesARole", each(roleType, trustHolds)},
	{"managed policies", "TestNothingGrantsMore", each(roleType, inlineOnly)},
	{"wildcards", "TestNothingGrantsMore", each(roleType, noWildcards)},
	{"conditions of rights", "TestRoles", conditionsHold},
	{"grants outside of roles", "TestNothingGrantsMore", noOtherGrants},
	{"size of roles", "TestRoles", each(roleType, roleFits)},
}

func trustHolds(_ stack, id string, r cfn.Resource) []Finding {
	trust := statements(r.At("AssumeRolePolicyDocument"))
	if len(trust) != 1 || trust[0].effect != "Allow" || len(trust[0].others) > 0 || !slices.Equal(trust[0].actions, []string{"sts:AssumeRole"}) {
		return []Finding{found(id, "the role's trust must be one statement that allows sts:AssumeRole")}
	}
	switch strings.Join(trust[0].principals, ", ") {
	case "Service lambda.amazonaws.com":
		return nil
	case "Service apigateway.amazonaws.com", "Service backup.amazonaws.com":
		if slices.Equal(trust[0].conditions, []string{"StringEquals aws:SourceAccount: ${AWS::AccountId}"}) {
			return nil
		}
		return []Finding{found(id, "the service must take the role for this account only (aws:SourceAccount): it acts for every account of AWS")}
	default:
		return []Finding{found(id, "the role must be for Lambda, API Gateway or AWS Backup, and is for %s", strings.Join(trust[0].principals, ", "))}
	}
}

func inlineOnly(_ stack, id string, r cfn.Resource) []Finding {
	if managed := r.At("ManagedPolicyArns"); managed != nil {
		return []Finding{found(id, "a role's rights must be written out, and it has managed policies: %s", cfn.Text(managed))}
	}
	return nil
}

// everywhere lists the statements that are about every resource, and why.
var everywhere = map[string]string{
	"xray:PutTelemetryRecords, xray:PutTraceSegments": "traces have no narrower resource",
	"logs:CreateLogGroup, logs:CreateLogStream, logs:DescribeLogGroups, logs:DescribeLogStreams, logs:FilterLogEvents, logs:GetLogEvents, logs:PutLogEvents": "API Gateway refuses a role with less",
}

// folder is the one wildcard that a resource may have: the objects of a folder of a bucket.
var folder = regexp.MustCompile(`^\$\{\w+\.Arn\}/[A-Za-z0-9_-]+/\*$`)

func noWildcards(_ stack, id string, r cfn.Resource) []Finding {
	var all []Finding
	for _, s := range inline(r) {
		if s.effect == "Allow" && len(s.others) > 0 {
			all = append(all, found(id, "%s: a right must name what it is for, and has %s", s.sid, strings.Join(s.others, ", ")))
		}
		for _, action := range s.actions {
			if strings.ContainsAny(action, "*?") {
				all = append(all, found(id, "%s: an action must be written out, and %s is not", s.sid, action))
			}
		}
		for _, resource := range s.resources {
			_, known := everywhere[strings.Join(s.actions, ", ")]
			if strings.ContainsAny(resource, "*?") && !folder.MatchString(resource) && (resource != "*" || !known) {
				all = append(all, found(id, "%s: a resource must be one, or a folder of the bucket, and %s is neither", s.sid, resource))
			}
		}
	}
	return all
}

// A bound is the condition under which alone a function's role may do something. resource is how the resource begins that it
// is about; if it is empty, the bound is about any.
type bound struct{ function, action, condition, why, resource string }

var bounds = []bound{
	{"Presign", "s3:PutObjectTagging", "StringEquals s3:RequestObjectTag/status: pending", "a client could call its own upload ready", ""},
	{"Manage", "s3:GetObjectVersion", "StringEquals s3:ExistingObjectTag/status: ready", "a file could be read before it is inspected", ""},
	{"Manage", "s3:ListBucketVersions", "StringLike s3:prefix: ", "keys outside of the folders could be listed", ""},
	{"Inspect", "s3:PutObjectVersionTagging", "StringEquals s3:RequestObjectTag/status: ready or rejected", "inspection could set any tag", ""},
	{"Inspect", "s3:PutObjectTagging", "StringEquals s3:RequestObjectTag/status: ready or rejected", "inspection could set any tag", ""},
	{"Inspect", "s3:ListBucketVersions", "StringLike s3:prefix: ", "keys outside of the folders could be listed", ""},
	{"Inspect", "s3:ListBucket", "StringLike s3:prefix: ", "keys outside of the folders could be listed", ""},
	{"Inspect", "events:PutEvents", "ForAllValues:StringEquals events:source: postern", "inspection could speak for others on the bus", ""},
	{"Inspect", "events:PutEvents", "Null events:source: false", "ForAllValues holds for a call without a source", ""},
	{"Authorizer", "dynamodb:UpdateItem", "ForAllValues:StringLike dynamodb:LeadingKeys: guesses#* or keys#*", "the authorizer could write users", ""},
	{"Authorizer", "dynamodb:UpdateItem", "Null dynamodb:LeadingKeys: false", "ForAllValues holds for a call without a key", ""},
	{"Manage", "dynamodb:GetItem", "ForAllValues:StringLike dynamodb:LeadingKeys: keys#*", "manage could read users", "${Users"},
	{"Manage", "dynamodb:GetItem", "Null dynamodb:LeadingKeys: false", "ForAllValues holds for a call without a key", "${Users"},
	{"Manage", "dynamodb:PutItem", "ForAllValues:StringLike dynamodb:LeadingKeys: keys#*", "manage could write users", "${Users"},
	{"Manage", "dynamodb:PutItem", "Null dynamodb:LeadingKeys: false", "ForAllValues holds for a call without a key", "${Users"},
}

// forbidden are the actions that no function has: each would undo a boundary.
var forbidden = regexp.MustCompile(`^(iam|sts|kms|lambda|cloudformation|organizations):|^s3:(GetObject|PutBucket|DeleteBucket|PutObjectAcl|PutLifecycle|BypassGovernance)|^dynamodb:(Scan|DeleteItem|DeleteTable)|^secretsmanager:(Put|Update|Delete)|^logs:Delete`)

func conditionsHold(s stack) []Finding {
	var all []Finding
	for _, id := range s.of(functionType) {
		role := refersTo(s.Resources[id].At("Role"))
		for _, st := range inline(s.Resources[role]) {
			if st.effect != "Allow" {
				continue
			}
			for _, b := range bounds {
				if b.function == name(id) && b.isAbout(st) && !slices.ContainsFunc(st.conditions, b.holds) {
					all = append(all, found(role, "%s: %s must be allowed only if %s: otherwise %s", st.sid, b.action, strings.TrimSuffix(b.condition, ": "), b.why))
				}
			}
			for _, action := range st.actions {
				if forbidden.MatchString(action) && !slices.Contains(readable, action) {
					all = append(all, found(role, "%s: no function may do %s", st.sid, action))
				}
			}
		}
	}
	return all
}

// readable are the actions that begin as a forbidden one does.
var readable = []string{"s3:GetObjectVersion", "s3:GetObjectVersionTagging", "s3:GetObjectTagging"}

// isAbout reports whether a statement allows what is bound.
func (b bound) isAbout(st statement) bool {
	return slices.Contains(st.actions, b.action) &&
		slices.ContainsFunc(st.resources, func(resource string) bool { return strings.HasPrefix(resource, b.resource) })
}

func (b bound) holds(condition string) bool {
	if strings.HasSuffix(b.condition, ": ") {
		return strings.HasPrefix(condition, b.condition) && !slices.Contains(strings.Split(condition[len(b.condition):], " or "), "*")
	}
	return condition == b.condition
}

// ownAPI matches the ARN of an API of the stack. Where the stage has a region, it is written out, and so is the partition.
var ownAPI = regexp.MustCompile(`^arn:(\$\{AWS::Partition\}|aws[a-z-]*):execute-api:(\$\{AWS::Region\}|[a-z]+(-[a-z]+)+-[0-9]):\$\{AWS::AccountId\}:\$\{`)

// noOtherGrants finds resources that give rights, or a way in, beside the roles and the API.
func noOtherGrants(s stack) []Finding {
	var all []Finding
	for _, kind := range []string{
		"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy", "AWS::IAM::User", "AWS::IAM::AccessKey", "AWS::IAM::Group",
		"AWS::Lambda::Url", "AWS::S3::AccessPoint", "AWS::SecretsManager::ResourcePolicy", "AWS::DynamoDB::GlobalTable", "AWS::Logs::SubscriptionFilter",
	} {
		for _, id := range s.of(kind) {
			all = append(all, found(id, "%s gives rights beside the roles, and must not be there", kind))
		}
	}
	for _, id := range s.of("AWS::Lambda::Permission") {
		p := s.Resources[id]
		source := cfn.Text(p.At("SourceArn"))
		if cfn.Text(p.At("Principal")) != "apigateway.amazonaws.com" || cfn.Text(p.At("Action")) != "lambda:InvokeFunction" ||
			!ownAPI.MatchString(source) {
			all = append(all, found(id, "a function must be invoked by this stack's API alone (SourceArn); got %s from %q", cfn.Text(p.At("Principal")), source))
		}
	}
	return all
}

// MaxRole is how many characters of inline policies a role may have, white space aside.
// Source: IAM User Guide, "IAM and AWS STS quotas".
const MaxRole = 10_240

// roleSize returns how many characters a role's policies have at most, with the longest names in place of references.
func roleSize(r cfn.Resource) int {
	size := 0
	policies, _ := r.At("Policies").([]any)
	for _, policy := range policies {
		p, _ := policy.(map[string]any)
		document, _ := json.Marshal(cfn.Written(p["PolicyDocument"]))
		size += len(anyReference.ReplaceAllString(string(document), longestName))
	}
	return size
}

var (
	anyReference = regexp.MustCompile(`\$\{[^}]*\}`)
	longestName  = strings.Repeat("x", 90)
)

func roleFits(_ stack, id string, r cfn.Resource) []Finding {
	if size := roleSize(r); size > MaxRole {
		return []Finding{found(id, "the role's policies have up to %s characters, and must have %s at most", fmt.Sprint(size), fmt.Sprint(MaxRole))}
	}
	return nil
}
