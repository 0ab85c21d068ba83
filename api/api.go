// Package api is the wire contract of Postern's HTTP API: the bodies of requests and answers, the error codes, the
// limits, and the grammar of upload ids and object keys. The functions, the client, the command and other Go programs
// share it. It imports the standard library only.
package api
