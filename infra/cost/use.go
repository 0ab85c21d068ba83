package cost

import "postern/api"

// What one upload of one request does, as the code and docs/operations.md have it. Durations are estimates: nothing of this
// was run on AWS.
const (
	// requestsPerUpload is a grant, and one question for the status. A client that asks more often pays for each.
	requestsPerUpload = 2
	// messageRequests is that a message is sent, received and deleted.
	messageRequests = 3
	// writeUnits is of record and usage in a transaction, which takes two a KB, and of two updates.
	writeUnits = 8
	// readUnits is of the record, of whether the owner was removed, and of the status.
	readUnits = 3
	// tagWrites is of the verdict, and objectReads a HEAD, a range and the tags.
	tagWrites   = 1
	objectReads = 3
	// tagsPerObject is status, which stays.
	tagsPerObject = 1
	// recordBytes is of a record in the table, with its names and the overhead of 100 bytes.
	recordBytes = 700

	// partSize is of an upload in parts, which files above multipartAbove are.
	partSize       = 16 << 20
	multipartAbove = 64 << 20
)

// Bytes of logs, each line with the 26 that CloudWatch adds. Those of the functions and of the access log were measured in
// the local run; what Lambda writes when an invocation begins and ends is an estimate.
const (
	accessLine   = 290 + 26
	functionLine = 260 + 26
	platformLine = 600 + 2*26
)

// objectLines is how many requests of an upload S3 logs: the bytes, the reads of the verdict and its tag. objectLine is the bytes
// of one, most of which is the signed URL.
const (
	objectLines = 1 + objectReads + tagWrites
	objectLine  = 1000
)

// logCompression is how much smaller CloudWatch keeps logs than it took them.
// Source: https://aws.amazon.com/cloudwatch/pricing/, "0.15 compression".
const logCompression = 0.15

// emptyReceives is how often Lambda asks an empty queue a month: five pollers, each for 20 seconds.
// Source: Lambda Developer Guide, "Using Lambda with Amazon SQS".
const emptyReceives = 5 * secondsPerMonth / 20

const secondsPerMonth = 730 * 3600

// A run is a function's work for one upload.
type run struct {
	invocations  float64
	milliseconds float64 // of each
	lines        float64 // that it logs itself, of each
}

// runs are by the name in the functions' logical ids. The authorizer mostly remembers who calls; now and then it derives a
// password.
var runs = map[string]run{
	"Authorizer": {requestsPerUpload, 5, 0},
	"Presign":    {1, 3, 1},
	"Manage":     {1, 15, 0},
	"Inspect":    {1, 150, 1},
}

// Traces by X-Ray: one request a second of all in the account, and of the rest a part.
// Source: X-Ray Developer Guide, "Configuring sampling rules", the default rule.
const (
	tracesPerSecond = 1
	tracedRest      = 0.05
)

// metricsPerMethod is of Count, Latency, IntegrationLatency, 4XXError and 5XXError. Each is paid for in the hours in which the
// method is called.
// Source: API Gateway Developer Guide, "Amazon API Gateway dimensions and metrics".
const metricsPerMethod = 5

// dimensionValues is how many values a metric filter's dimension has, by the dimension: a metric each.
var dimensionValues = map[string]float64{
	"transport": float64(len(api.Methods)),
	"status":    2, // ready and rejected
	"reason":    float64(len(api.Reasons)),
}
