package cfn

import (
	"encoding/json"
	"fmt"
)

// A Policy is a policy of a role in a template, with the names and ARNs that Load would give its resources.
type Policy struct {
	Name     string // <stack>-<logical id>-<position in the role>
	Document json.RawMessage
}

// Policies reads the policies of the roles of every stack of the assembly in a folder, sorted by stack and logical id.
func Policies(dir string) ([]Policy, error) {
	templates, err := Templates(dir)
	if err != nil {
		return nil, err
	}
	var all []Policy
	for _, t := range templates {
		policies, err := t.policies()
		if err != nil {
			return nil, fmt.Errorf("reading the policies of %s: %w", t.Stack, err)
		}
		all = append(all, policies...)
	}
	return all, nil
}

func (t *Template) policies() ([]Policy, error) {
	resources := map[string]resource{}
	for id, r := range t.Resources {
		resources[id] = resource{Type: r.Type, Properties: r.Properties}
	}
	stack := &Stack{Name: t.Stack, Region: defaultRegion, AccountID: accountID}
	reader := newReader(assembly{stack: t.Stack, document: document{Resources: resources}}, stack)
	var all []Policy
	for _, id := range reader.ids("AWS::IAM::Role") {
		written, _ := t.Resources[id].At("Policies").([]any)
		for i := range written {
			path := index("Policies", i) + ".PolicyDocument"
			value, err := reader.resolve(t.Resources[id].At(fmt.Sprintf("Policies/%d/PolicyDocument", i)), path)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", reader.describe(id), err)
			}
			document, err := json.Marshal(value)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", reader.describe(id), path, err)
			}
			all = append(all, Policy{fmt.Sprintf("%s-%s-%d", t.Stack, id, i), document})
		}
	}
	return all, nil
}
