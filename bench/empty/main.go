// Empty is the least that a function can be: what presign's start and its invocations are held against.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() {
	lambda.Start(func() {})
}
