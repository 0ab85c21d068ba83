package main

import "strings"

// What a signer is made of. The credentials are those of AWS's own examples; the session token is as long as a role's.
const (
	exampleRegion    = "eu-west-1"
	exampleBucket    = "postern-dev-uploads-0123456789ab"
	exampleAccessKey = "ASIAIOSFODNN7EXAMPLE"
	exampleSecretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

var exampleToken = strings.Repeat("IQoJb3JpZ2luX2VjEXAMPLE/", 40)
