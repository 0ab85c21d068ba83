package cfn

// A document is a CloudFormation template. Its Parameters and Rules serve the deployment alone (the version of the
// bootstrap resources), so they are not read; a reference to a parameter is an unknown reference.
type document struct {
	Resources map[string]resource
	Outputs   map[string]struct {
		Value     any
		Condition string
	}
}

// A resource is one entry of a template's Resources, as written: intrinsic functions are not resolved.
type resource struct {
	Type       string
	Condition  string
	Properties map[string]any
}
