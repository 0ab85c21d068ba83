// Package api is the wire contract of Postern's HTTP API: the bodies of requests and answers, the error codes, the
// limits, and the grammar of upload ids and object keys. The functions, the client, the command and other Go programs
// share it. It imports the standard library only.
package api

// Version is Postern's version, by semantic versioning (https://semver.org). `postern --version` and the stack's output
// Version tell it; CHANGELOG.md says what each version changed. This is its one place.
const Version = "0.1.0"
