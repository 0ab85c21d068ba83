package gateway

import "errors"

// A verdict is an authorizer's answer. Source: "Output from an API Gateway Lambda authorizer".
type verdict struct {
	principal principal
	policy    policy
}

func parseVerdict(answer []byte) (verdict, error) {
	var a struct {
		PrincipalID        *string        `json:"principalId"`
		PolicyDocument     *policy        `json:"policyDocument"`
		Context            map[string]any `json:"context"`
		UsageIdentifierKey string         `json:"usageIdentifierKey"`
	}
	if err := decodeStrictly(answer, &a); err != nil {
		return verdict{}, err
	}
	if a.PrincipalID == nil || *a.PrincipalID == "" {
		return verdict{}, errors.New("principalId is missing")
	}
	if a.PolicyDocument == nil {
		return verdict{}, errors.New("policyDocument is missing")
	}
	if err := a.PolicyDocument.check(); err != nil {
		return verdict{}, err
	}
	context, err := stringify(a.Context)
	if err != nil {
		return verdict{}, err
	}
	return verdict{principal{*a.PrincipalID, context}, *a.PolicyDocument}, nil
}
