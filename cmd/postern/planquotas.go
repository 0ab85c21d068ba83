package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"postern/api"
	"postern/internal/cfn"
)

// What one upload does, as docs/operations.md has it. The durations are estimates: nothing of this was run on AWS.
const (
	authorizing = 0.005 // seconds of the authorizer, for each request; it mostly remembers who calls
	signing     = 0.003 // seconds of presign
	asking      = 0.015 // seconds of manage, for the status
	inspecting  = 0.15  // seconds of inspect

	writesPerUpload      = 8 // write units of DynamoDB: record and usage in a transaction, two updates
	readsPerUpload       = 3 // read units of DynamoDB
	usageWrites          = 2 // write units of the owner's usage, which is one item
	tagsPerUpload        = 1 // PUTs of S3, besides those that store
	objectReadsPerUpload = 3 // GETs and HEADs of S3

	partSize       = 16 << 20 // bytes of a part
	multipartAbove = 64 << 20 // bytes above which clients send a file in parts
)

// AWS's defaults, of an account and a region unless the comment says else. They were typed on 2026-11-30 from the pages of
// AWS's documentation that are named, as they are known, and not fetched. Regions differ.
const (
	// API Gateway Developer Guide, "Quotas for configuring and running a REST API".
	gatewayRate = 10_000
	// Lambda Developer Guide, "Lambda quotas": concurrent executions, and requests a second for each of them.
	defaultConcurrency   = 1000
	requestsPerExecution = 10
	// DynamoDB Developer Guide, "DynamoDB on-demand capacity mode", "Quotas in DynamoDB": a new table, and one of a partition.
	newTableWrites, newTableReads = 4000, 12_000
	partitionWrites               = 1000
	// Amazon S3 User Guide, "Best practices design patterns: optimizing Amazon S3 performance": of a partitioned prefix.
	prefixWrites, prefixReads = 3500, 5500
	// Amazon SQS Developer Guide, "Amazon SQS message quotas": messages in flight of a standard queue.
	inFlight = 120_000
	// Amazon EventBridge User Guide, "Amazon EventBridge quotas", PutEvents: 10,000 in us-east-1, us-west-2 and eu-west-1,
	// and as little as 400 in the smallest regions.
	leastEvents = 400
	// AWS Secrets Manager User Guide, "AWS Secrets Manager quotas", GetSecretValue.
	secretReads = 10_000
	// AWS KMS Developer Guide, "Request quotas", symmetric cryptographic operations: the least of all regions.
	keyUses = 5500
	// AWS X-Ray endpoints and quotas, segments a second: the least of all regions.
	leastSegments = 500
	// X-Ray Developer Guide, "Configuring sampling rules": the default rule traces one request a second and of the rest a part.
	tracedRest = 0.05
)

// A load is what an amount of uploads asks of a stage, a second.
type load struct {
	uploads, owners float64
	grants          float64 // requests to the busiest method that signs
	requests        float64 // to the API in all
	stores          float64 // requests to S3 that store
}

// loadOf returns the load of uploads a second, each of a size in bytes, by a number of owners. A client asks for the status
// once, and has the parts of a large file signed as many at once as it may.
func loadOf(uploads float64, size int64, owners float64) load {
	l := load{uploads: uploads, owners: owners, grants: uploads, requests: 2 * uploads, stores: uploads}
	if size > multipartAbove {
		parts := math.Ceil(float64(size) / partSize)
		calls := math.Ceil(min(parts, api.MaxParts) / api.MaxPartsPerCall)
		l.grants = uploads * calls
		l.requests = uploads * (3 + calls) // plan, parts, completion, status
		l.stores = uploads * (2 + min(parts, api.MaxParts))
	}
	return l
}

// A quota is what there is of something, a second unless what says else, and what a load needs of it.
type quota struct {
	what       string
	needs, has float64
	raise      string
}

func (q quota) share() float64 { return q.needs / q.has }

// A plan compares a load with a stage and an account.
type plan struct {
	load        load
	stage       bounds
	concurrency float64 // of the account
}

// quotas returns every quota that the stage has. A bound that it does not set is left out.
func (p plan) quotas() []quota {
	var all []quota
	for _, q := range [][]quota{p.apiQuotas(), p.lambdaQuotas(), p.dataQuotas(), p.otherQuotas()} {
		for _, one := range q {
			if one.has > 0 {
				all = append(all, one)
			}
		}
	}
	return all
}

func (p plan) apiQuotas() []quota {
	l := p.load
	return []quota{
		{"stage: requests to one method (throttle.rate)", max(l.grants, l.uploads), p.stage.rate, "throttle.rate and burst in cdk.json"},
		{"stage: requests of one user (throttle.ownerRate)", l.requests / l.owners, p.stage.ownerRate, "throttle.ownerRate in cdk.json; or ask for up to 100 uploads in one request"},
		{"API Gateway: requests of the account", l.requests, gatewayRate, "Service Quotas, apigateway L-8A5B8E43"},
	}
}

func (p plan) lambdaQuotas() []quota {
	l := p.load
	inspections := l.uploads * inspecting
	executions := l.requests*(authorizing+signing) + l.uploads*asking + inspections
	return []quota{
		{"stage: inspections at once (inspectConcurrency)", inspections, p.stage.inspections, "inspectConcurrency in cdk.json; uploads only wait meanwhile"},
		{"stage: authorizers at once (authorizerConcurrency)", atOnce(l.requests, authorizing), p.stage.authorizers, "authorizerConcurrency in cdk.json"},
		{"stage: signers at once (presignConcurrency)", atOnce(l.grants, signing), p.stage.signers, "presignConcurrency in cdk.json"},
		{"Lambda: executions at once of the account", executions, p.concurrency, "Service Quotas, lambda L-B99A9384"},
		{"Lambda: requests to the authorizer", l.requests, requestsPerExecution * p.concurrency, "Service Quotas, lambda L-B99A9384: it is ten for each execution"},
	}
}

// atOnce returns how many reserved executions requests a second need. However short they are, one takes so many a second.
func atOnce(requests, seconds float64) float64 {
	return max(requests*seconds, requests/requestsPerExecution)
}

func (p plan) dataQuotas() []quota {
	l := p.load
	return []quota{
		{"DynamoDB: write units of the uploads table, while it is new", l.uploads * writesPerUpload, newTableWrites, "warm throughput of the table, a day before; it grows to twice its last peak by itself"},
		{"DynamoDB: read units of the uploads table, while it is new", l.uploads * readsPerUpload, newTableReads, "warm throughput of the table"},
		{"DynamoDB: write units of one user's usage, one partition", l.uploads / l.owners * usageWrites, partitionWrites, "nothing: divide the uploads among more users"},
		{"S3: requests that write, of a new bucket's one partition", l.stores + l.uploads*tagsPerUpload, prefixWrites, "nothing: S3 divides the keys as traffic grows; begin slowly"},
		{"S3: requests that read, of a new bucket's one partition", l.uploads * objectReadsPerUpload, prefixReads, "nothing: as above"},
	}
}

func (p plan) otherQuotas() []quota {
	l := p.load
	executions := l.requests*authorizing + l.uploads*inspecting
	return []quota{
		{"SQS: messages in flight", l.uploads * inspecting * 2, inFlight, "AWS Support"},
		{"EventBridge: events, in the smallest regions (10,000 in the largest)", l.uploads, leastEvents, "Service Quotas, events, PutEvents"},
		{"Secrets Manager: reads, if all functions start at once", executions, secretReads, "nothing: start slowly"},
		{"KMS: uses of the secret's key, if all functions start at once", executions, keyUses, "Service Quotas, kms"},
		{"X-Ray: segments, in the smallest regions", 1 + l.requests*2*tracedRest, leastSegments, "Service Quotas, xray; or sample less"},
	}
}

// numberOf returns a number of a template, or 0.
func numberOf(value any) float64 {
	n, err := strconv.ParseFloat(cfn.Text(value), 64)
	if err != nil {
		return 0
	}
	return n
}

// memberOf returns a number in a text of JSON, or 0.
func memberOf(text, name string) float64 {
	var members map[string]any
	if json.Unmarshal([]byte(text), &members) != nil {
		return 0
	}
	return numberOf(json.Number(fmt.Sprint(members[name])))
}
