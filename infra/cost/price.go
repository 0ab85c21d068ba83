// Package cost computes what a stage costs a month from its template and its traffic, feature by feature.
//
// It is an estimate: free tiers, discounts and taxes are left out, and so is what downloads cost.
package cost

// Date is when the prices were typed. They are those of region us-east-1 as the price pages of AWS are known to have them.
// They were not fetched: look them up before a decision hangs on one.
const Date = "2026-11-30"

// A Price is what AWS asks for a number of units.
type Price struct {
	Dollars float64
	Per     float64 // units
	Unit    string
	// Source is the page of AWS that has the price.
	Source string
}

// Of returns what a quantity costs, in dollars.
func (p Price) Of(quantity float64) float64 { return quantity / p.Per * p.Dollars }

// million is what most prices are for.
const million = 1_000_000

// The prices. An average month has 730 hours.
var (
	restRequest    = Price{3.50, million, "request", "https://aws.amazon.com/api-gateway/pricing/ (REST APIs, first 333 million)"}
	invocation     = Price{0.20, million, "invocation", "https://aws.amazon.com/lambda/pricing/"}
	armSecond      = Price{0.0000133334, 1, "GB-second", "https://aws.amazon.com/lambda/pricing/ (Arm)"}
	x86Second      = Price{0.0000166667, 1, "GB-second", "https://aws.amazon.com/lambda/pricing/ (x86)"}
	objectWrite    = Price{0.005, 1000, "request", "https://aws.amazon.com/s3/pricing/ (PUT, COPY, POST, LIST)"}
	objectRead     = Price{0.0004, 1000, "request", "https://aws.amazon.com/s3/pricing/ (GET and all others)"}
	objectTag      = Price{0.0065, 10_000, "tag and month", "https://aws.amazon.com/s3/pricing/ (object tagging)"}
	objectStorage  = Price{0.023, 1, "GB and month", "https://aws.amazon.com/s3/pricing/ (S3 Standard, first 50 TB)"}
	queueRequest   = Price{0.40, million, "request", "https://aws.amazon.com/sqs/pricing/ (standard queue)"}
	writeUnit      = Price{0.625, million, "write unit", "https://aws.amazon.com/dynamodb/pricing/on-demand/"}
	readUnit       = Price{0.125, million, "read unit", "https://aws.amazon.com/dynamodb/pricing/on-demand/"}
	tableStorage   = Price{0.25, 1, "GB and month", "https://aws.amazon.com/dynamodb/pricing/on-demand/"}
	tableBackup    = Price{0.20, 1, "GB and month", "https://aws.amazon.com/dynamodb/pricing/on-demand/ (point-in-time recovery)"}
	vaultStorage   = Price{0.10, 1, "GB and month", "https://aws.amazon.com/backup/pricing/ (DynamoDB, warm)"}
	event          = Price{1.00, million, "event", "https://aws.amazon.com/eventbridge/pricing/ (custom events)"}
	logIngestion   = Price{0.50, 1, "GB", "https://aws.amazon.com/cloudwatch/pricing/ (logs, standard)"}
	logStorage     = Price{0.03, 1, "GB and month", "https://aws.amazon.com/cloudwatch/pricing/ (archived logs)"}
	metric         = Price{0.30, 1, "metric and month", "https://aws.amazon.com/cloudwatch/pricing/ (first 10,000)"}
	alarm          = Price{0.10, 1, "alarm and month", "https://aws.amazon.com/cloudwatch/pricing/"}
	compositeAlarm = Price{0.50, 1, "alarm and month", "https://aws.amazon.com/cloudwatch/pricing/"}
	trace          = Price{5.00, million, "trace", "https://aws.amazon.com/xray/pricing/"}
	secret         = Price{0.40, 1, "secret and month", "https://aws.amazon.com/secrets-manager/pricing/"}
	key            = Price{1.00, 1, "key and month", "https://aws.amazon.com/kms/pricing/"}
	webACL         = Price{5.00, 1, "web ACL and month", "https://aws.amazon.com/waf/pricing/"}
	webRule        = Price{1.00, 1, "rule and month", "https://aws.amazon.com/waf/pricing/"}
	webRequest     = Price{0.60, million, "request", "https://aws.amazon.com/waf/pricing/"}
)
