package main

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"postern/internal/cfn"
)

// policyCommand prints what each role of a stage may do.
type policyCommand struct {
	templateSource
	Role string `arg:"" optional:"" help:"Role to print, such as presign. Default: all."`
}

// Help is the long text of --help.
func (policyCommand) Help() string {
	return `Prints for each role who may use it, and what it may do: the actions, on what, under which condition. Names in ${} are those of
the stack's resources. With a deployed stage it needs cloudformation:GetTemplate.`
}

// idHash matches what CDK appends to a logical id.
var idHash = regexp.MustCompile(`^(.+?)[0-9A-F]{8}$`)

// referencedID matches a logical id within a text.
var referencedID = regexp.MustCompile(`\$\{([A-Za-z]+?)[0-9A-F]{8}([.}])`)

// Run prints the roles.
func (c policyCommand) Run(ctx context.Context, at location, console console) error {
	template, err := c.read(ctx, &at)
	if err != nil {
		return err
	}
	var roles []string
	printed := 0
	for _, id := range slices.Sorted(maps.Keys(template.Resources)) {
		resource := template.Resources[id]
		if resource.Type != "AWS::IAM::Role" {
			continue
		}
		name := strings.TrimSuffix(readable(id), "Role")
		roles = append(roles, strings.ToLower(name))
		if c.Role != "" && !strings.EqualFold(c.Role, name) && !strings.EqualFold(c.Role, readable(id)) {
			continue
		}
		printed++
		if err := console.printf("%s", printableLines(roleText(readable(id), resource))); err != nil {
			return err
		}
	}
	if printed == 0 {
		return usageError(fmt.Sprintf("no role %q: must be one of %s", c.Role, strings.Join(roles, ", ")))
	}
	return nil
}

// roleText returns what a role may do, for people.
func roleText(name string, role cfn.Resource) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, for %s\n", name, strings.Join(principals(role), ", "))
	policies, _ := role.At("Policies").([]any)
	for i := range policies {
		statements, _ := role.At(fmt.Sprintf("Policies/%d/PolicyDocument/Statement", i)).([]any)
		for _, statement := range statements {
			if s, ok := statement.(map[string]any); ok {
				b.WriteString(statementText(s))
			}
		}
	}
	for _, arn := range cfn.Texts(role.At("ManagedPolicyArns")) {
		fmt.Fprintf(&b, "  and what the policy %s allows\n", withoutHash(arn))
	}
	return b.String() + "\n"
}

func principals(role cfn.Resource) []string {
	var all []string
	statements, _ := role.At("AssumeRolePolicyDocument/Statement").([]any)
	for i := range statements {
		if principal, ok := role.At(fmt.Sprintf("AssumeRolePolicyDocument/Statement/%d/Principal", i)).(map[string]any); ok {
			for _, kind := range slices.Sorted(maps.Keys(principal)) {
				all = append(all, cfn.Texts(principal[kind])...)
			}
		}
	}
	return all
}

// statementText returns a statement in lines: what, on what, under which conditions.
func statementText(statement map[string]any) string {
	var b strings.Builder
	verb := "may"
	if cfn.Text(statement["Effect"]) == "Deny" {
		verb = "may not"
	}
	fmt.Fprintf(&b, "  %s: %s %s\n", cfn.Text(statement["Sid"]), verb, strings.Join(cfn.Texts(statement["Action"]), ", "))
	for _, resource := range cfn.Texts(statement["Resource"]) {
		fmt.Fprintf(&b, "    on %s\n", withoutHash(resource))
	}
	conditions, _ := statement["Condition"].(map[string]any)
	for _, operator := range slices.Sorted(maps.Keys(conditions)) {
		keys, _ := conditions[operator].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			fmt.Fprintf(&b, "    only if %s %s %s\n", key, operator, withoutHash(strings.Join(cfn.Texts(keys[key]), ", ")))
		}
	}
	return b.String()
}

func withoutHash(text string) string { return referencedID.ReplaceAllString(text, "$${$1$2") }
