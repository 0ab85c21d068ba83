// Command infra is the CDK app.
package main

import "postern/infra/app"

func main() { app.Main(nil) }
