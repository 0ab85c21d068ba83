package cfn

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// policyVersion is the version of the policy language that is read.
const policyVersion = "2012-10-17"

// operators are the condition operators that package iam evaluates.
var operators = []string{
	"StringEquals", "StringNotEquals", "StringLike", "ArnEquals", "ArnLike", "Bool", "Null", "NumericLessThan", "NumericGreaterThan",
	"ForAllValues:StringEquals", "ForAllValues:StringLike",
}

// Known condition keys. A tag's name follows a tagKey. No request on this machine has a tlsKey.
var (
	conditionKeys = []string{
		"s3:prefix", "s3:authType", "s3:signatureversion", "s3:signatureAge", "s3:if-none-match", "s3:ObjectCreationOperation",
		"events:source", "events:detail-type", "aws:SourceArn", "aws:SourceAccount", "dynamodb:LeadingKeys",
	}
	tagKeys = []string{"s3:RequestObjectTag/", "s3:ExistingObjectTag/"}
	tlsKeys = []string{"aws:SecureTransport", "s3:TlsVersion"}
)

// statementProperties has no NotAction and the like: they fail as unknown properties.
type statementProperties struct {
	Sid       string
	Effect    string
	Action    texts
	Resource  texts
	Condition map[string]map[string]texts
}

type policyDocument struct {
	Version   string
	Statement []statementProperties
}

type roleProperties struct {
	Policies []struct {
		PolicyDocument policyDocument
		PolicyName     inert
	}
	AssumeRolePolicyDocument inert
	Description              inert
	Tags                     inert
}

func (r *reader) role(id string, p roleProperties) {
	role := Role{LogicalID: id, Name: r.references[id].ref}
	for i, policy := range p.Policies {
		role.Statements = append(role.Statements, r.statements(id, index("Policies", i)+".PolicyDocument", policy.PolicyDocument)...)
	}
	r.stack.Roles = append(r.stack.Roles, role)
}

type policyProperties struct {
	PolicyDocument policyDocument
	PolicyName     inert
	Roles          []string
}

// policy takes a policy that is attached to roles.
func (r *reader) policy(id string, p policyProperties) {
	statements := r.statements(id, "PolicyDocument", p.PolicyDocument)
	for i, name := range p.Roles {
		r.refer(id, index("Roles", i), "AWS::IAM::Role", name)
		put(&r.attached, name, append(r.attached[name], statements...))
	}
}

func (s statementProperties) hasKey(keys []string) bool {
	for _, conditions := range s.Condition {
		for key := range conditions {
			if slices.Contains(keys, key) {
				return true
			}
		}
	}
	return false
}

// finishPolicies adds the policies to their roles, buckets and queues when all are read.
func (r *reader) finishPolicies() {
	for i := range r.stack.Roles {
		role := &r.stack.Roles[i]
		role.Statements = append(role.Statements, r.attached[role.Name]...)
	}
	for i := range r.stack.Buckets {
		r.stack.Buckets[i].Policy = r.ofBuckets[r.stack.Buckets[i].Name]
	}
	for i := range r.stack.Queues {
		r.stack.Queues[i].Policy = r.ofQueues[r.stack.Queues[i].URL]
	}
}

// statements takes a policy's statements and checks that package iam can evaluate them.
func (r *reader) statements(id, path string, d policyDocument) []Statement {
	if d.Version != policyVersion {
		r.fail(id, path+".Version", "%q is not served, only %s is", d.Version, policyVersion)
	}
	statements := make([]Statement, len(d.Statement))
	for i, s := range d.Statement {
		at := index(path+".Statement", i)
		if s.Effect != "Allow" && s.Effect != "Deny" {
			r.fail(id, at+".Effect", "%q is neither Allow nor Deny", s.Effect)
		}
		if len(s.Action) == 0 || len(s.Resource) == 0 {
			r.fail(id, at, "want an Action and a Resource")
		}
		r.checkVariables(id, at+".Resource", s.Resource)
		statements[i] = Statement{Sid: s.Sid, Effect: s.Effect, Actions: s.Action, Resources: s.Resource}
		statements[i].Conditions = r.conditions(id, at+".Condition", s.Condition)
	}
	return statements
}

func (r *reader) conditions(id, path string, p map[string]map[string]texts) map[string]map[string][]string {
	var conditions map[string]map[string][]string
	for _, operator := range slices.Sorted(maps.Keys(p)) {
		values := make(map[string][]string, len(p[operator]))
		for _, key := range slices.Sorted(maps.Keys(p[operator])) {
			r.checkCondition(id, join(join(path, operator), key), operator, key, p[operator][key])
			values[key] = p[operator][key]
		}
		put(&conditions, operator, values)
	}
	return conditions
}

func (r *reader) checkCondition(id, path, operator, key string, values []string) {
	if !slices.Contains(operators, operator) {
		r.fail(id, path, "the local run does not know this operator")
	}
	isTag := slices.ContainsFunc(tagKeys, func(prefix string) bool { return strings.HasPrefix(key, prefix) && key != prefix })
	if !isTag && !slices.Contains(conditionKeys, key) && !slices.Contains(tlsKeys, key) {
		r.fail(id, path, "the local run does not know this key")
	}
	if len(values) == 0 {
		r.fail(id, path, "want a value")
	}
	for i, value := range values {
		_, err := strconv.ParseFloat(value, 64)
		if strings.HasPrefix(operator, "Numeric") && err != nil {
			r.fail(id, index(path, i), "%q is not a number", value)
		}
	}
	r.checkVariables(id, path, values)
}

// checkVariables refuses the variables of the policy language: ${aws:username}.
func (r *reader) checkVariables(id, path string, values []string) {
	for i, value := range values {
		if strings.Contains(value, "${") {
			r.fail(id, index(path, i), "the local run does not know policy variables")
		}
	}
}

// Match reports whether s matches pattern, where '*' stands for any bytes, also none, and '?' for exactly one; no
// other character is special, and '*' crosses ':' and '/'. Its time is at most proportional to the product of the lengths.
//
// Source: IAM User Guide, "IAM JSON policy elements: Resource".
func Match(pattern, s string) bool {
	p, i := 0, 0
	star, resume := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			// Only the last star needs to grow: whatever an earlier one could take, the last can too.
			resume++
			p, i = star+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
