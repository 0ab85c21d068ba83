package cost

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"postern/internal/cfn"
)

// Traffic is what a stage expects of a month.
type Traffic struct {
	Uploads     int64
	AverageSize int64 // bytes
}

// DefaultTraffic is that of a stage that states none.
var DefaultTraffic = Traffic{Uploads: 100_000, AverageSize: 10 << 20}

// Metadata is the part of a template's metadata that has the stage's traffic: UploadsPerMonth and AverageSize.
const Metadata = "PosternTraffic"

// TrafficOf returns the traffic that a template states, or DefaultTraffic.
func TrafficOf(t *cfn.Template) Traffic {
	stated, _ := t.Metadata[Metadata].(map[string]any)
	return Traffic{
		Uploads:     int64(float(stated["UploadsPerMonth"], float64(DefaultTraffic.Uploads))),
		AverageSize: int64(float(stated["AverageSize"], float64(DefaultTraffic.AverageSize))),
	}
}

// A Line is what a feature costs a month.
type Line struct {
	Feature string
	// What is what it uses, for people: "2,000,000 requests".
	What    string
	Dollars float64
}

// Features, in the order of the lines.
const (
	requests      = "API requests"
	callers       = "Who calls (authorizer)"
	signing       = "Signatures (presign)"
	asking        = "Status and lists (manage)"
	storing       = "Requests that store"
	verdicts      = "Verdicts (inspect)"
	messages      = "Queue"
	records       = "Records, quotas, backup"
	copies        = "Copies in a vault"
	objectLog     = "Log of objects"
	events        = "Events"
	logging       = "Logs"
	metrics       = "Metrics"
	methodMetrics = "Metrics of each method"
	alarms        = "Alarms"
	traces        = "Traces"
	firewall      = "Firewall"
	secrets       = "Secrets and keys"
	files         = "Files, a month's, kept a month"
	gigabyte      = 1 << 30
)

// Month returns what a stage costs a month with a traffic. Features that a stage lacks have no line.
func Month(t *cfn.Template, traffic Traffic) []Line {
	b := &bill{template: t, uploads: float64(traffic.Uploads), size: float64(traffic.AverageSize)}
	b.api()
	b.functions()
	b.objects()
	b.queue()
	b.tables()
	b.vault()
	b.told()
	b.guards()
	b.add(files, fmt.Sprintf("%s GB", number(b.uploads*b.size/gigabyte)), objectStorage.Of(b.uploads*b.size/gigabyte))
	return b.lines
}

// Total returns the sum of lines, in dollars.
func Total(lines []Line) float64 {
	sum := 0.0
	for _, l := range lines {
		sum += l.Dollars
	}
	return sum
}

// A bill is what Month adds up.
type bill struct {
	template      *cfn.Template
	uploads, size float64
	lines         []Line
}

func (b *bill) add(feature, what string, dollars ...float64) {
	sum := 0.0
	for _, d := range dollars {
		sum += d
	}
	if sum > 0 {
		b.lines = append(b.lines, Line{feature, what, sum})
	}
}

// of returns the resources of a type, in the order of their ids.
func (b *bill) of(kind string) []cfn.Resource {
	var all []cfn.Resource
	for _, id := range slices.Sorted(maps.Keys(b.template.Resources)) {
		if r := b.template.Resources[id]; r.Type == kind {
			all = append(all, r)
		}
	}
	return all
}

func (b *bill) api() {
	if len(b.of("AWS::ApiGateway::RestApi")) > 0 {
		n := b.uploads * requestsPerUpload
		b.add(requests, number(n)+" requests", restRequest.Of(n))
	}
}

// functions adds a line for each function that works for uploads.
func (b *bill) functions() {
	features := map[string]string{"Authorizer": callers, "Presign": signing, "Manage": asking, "Inspect": verdicts}
	for _, name := range []string{"Authorizer", "Presign", "Manage", "Inspect"} {
		f, ok := b.function(name)
		if !ok {
			continue
		}
		r := runs[name]
		n := b.uploads * r.invocations
		seconds := n * r.milliseconds / 1000 * memory(f) / 1024
		b.add(features[name], fmt.Sprintf("%s invocations of %s ms at %s MB", number(n), number(r.milliseconds), number(memory(f))),
			invocation.Of(n), computing(f).Of(seconds))
	}
}

// function returns the function of a name, by its logical id.
func (b *bill) function(name string) (cfn.Resource, bool) {
	for id, r := range b.template.Resources {
		if r.Type == "AWS::Lambda::Function" && strings.HasPrefix(id, name) {
			return r, true
		}
	}
	return cfn.Resource{}, false
}

func memory(f cfn.Resource) float64 { return float(f.At("MemorySize"), 128) }

func computing(f cfn.Resource) Price {
	if slices.Contains(cfn.Texts(f.At("Architectures")), "arm64") {
		return armSecond
	}
	return x86Second
}

// objects adds what S3 asks for storing and looking at files.
func (b *bill) objects() {
	if len(b.of("AWS::S3::Bucket")) == 0 {
		return
	}
	writes := 1.0
	if b.size > multipartAbove {
		writes = 2 + math.Ceil(b.size/partSize) // begins, parts, completion
	}
	b.add(storing, number(b.uploads*writes)+" requests", objectWrite.Of(b.uploads*writes))
	if _, ok := b.function("Inspect"); ok {
		b.add(verdicts+": S3", fmt.Sprintf("%s tags set and kept, %s reads", number(b.uploads*tagWrites), number(b.uploads*objectReads)),
			objectWrite.Of(b.uploads*tagWrites), objectRead.Of(b.uploads*objectReads), objectTag.Of(b.uploads*tagsPerObject))
		b.add(events, number(b.uploads)+" events", event.Of(b.uploads))
	}
}

func (b *bill) queue() {
	if len(b.of("AWS::Lambda::EventSourceMapping")) == 0 {
		return
	}
	n := b.uploads*messageRequests + emptyReceives
	b.add(messages, number(n)+" requests", queueRequest.Of(n))
}

func (b *bill) tables() {
	tables := b.of("AWS::DynamoDB::Table")
	if len(tables) == 0 {
		return
	}
	kept := b.uploads * recordBytes / gigabyte
	dollars := []float64{writeUnit.Of(b.uploads * writeUnits), readUnit.Of(b.uploads * readUnits), tableStorage.Of(kept)}
	if slices.ContainsFunc(tables, func(t cfn.Resource) bool {
		return cfn.Text(t.At("PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled")) == "true"
	}) {
		dollars = append(dollars, tableBackup.Of(kept))
	}
	b.add(records, fmt.Sprintf("%s write units, %s read units", number(b.uploads*writeUnits), number(b.uploads*readUnits)), dollars...)
}

// vault adds the copies of the tables. Each is a whole one, so as many lie in the vault as there are days.
func (b *bill) vault() {
	for _, plan := range b.of("AWS::Backup::BackupPlan") {
		days := float(plan.At("BackupPlan/BackupPlanRule/0/Lifecycle/DeleteAfterDays"), 0)
		kept := b.uploads * recordBytes / gigabyte * days
		b.add(copies, fmt.Sprintf("%s GB a night, kept for %s days", number(b.uploads*recordBytes/gigabyte), number(days)), vaultStorage.Of(kept))
	}
}

// logOfObjects adds the lines of S3's requests. S3 delivers them for nothing, and asks for what they fill.
func (b *bill) logOfObjects() {
	buckets := b.of("AWS::S3::Bucket")
	if !slices.ContainsFunc(buckets, func(r cfn.Resource) bool { return r.At("LoggingConfiguration") != nil }) {
		return
	}
	for _, bucket := range buckets {
		if bucket.At("NotificationConfiguration") != nil {
			continue // that of the uploads
		}
		days := float(bucket.At("LifecycleConfiguration/Rules/0/ExpirationInDays"), 30)
		kept := b.uploads * objectLines * objectLine / gigabyte * days / (secondsPerMonth / 86400)
		b.add(objectLog, fmt.Sprintf("%s GB, kept for %s days", number(b.uploads*objectLines*objectLine/gigabyte), number(days)), objectStorage.Of(kept))
	}
}

// told adds what tells people of a stage: logs, metrics, alarms, traces.
func (b *bill) told() {
	invocations, written, days := 0.0, 0.0, 0.0
	traced := 0.0
	for name, r := range runs {
		f, ok := b.function(name)
		if !ok {
			continue
		}
		invocations += r.invocations
		written += r.invocations * (platformLine + r.lines*functionLine)
		if cfn.Text(f.At("TracingConfig/Mode")) == "Active" {
			traced += r.invocations * b.uploads
		}
	}
	groups := b.of("AWS::Logs::LogGroup")
	if len(groups) > 0 && invocations > 0 {
		written += requestsPerUpload * accessLine
		days = float(groups[0].At("RetentionInDays"), 30)
		total := b.uploads * written / gigabyte
		b.add(logging, fmt.Sprintf("%s GB, kept for %s days", number(total), number(days)),
			logIngestion.Of(total), logStorage.Of(total*logCompression*days/(secondsPerMonth/86400)))
	}
	b.logOfObjects()
	values := 0.0
	for _, filter := range b.of("AWS::Logs::MetricFilter") {
		dimension := cfn.Text(filter.At("MetricTransformations/0/Dimensions/0/Key"))
		values += cmp.Or(dimensionValues[dimension], 1)
	}
	b.add(metrics, number(values)+" metrics", metric.Of(values))
	for _, s := range b.of("AWS::ApiGateway::Stage") {
		if cfn.Text(s.At("MethodSettings/0/MetricsEnabled")) == "true" {
			n := float64(len(b.of("AWS::ApiGateway::Method"))) * metricsPerMethod
			b.add(methodMetrics, "at most "+number(n)+" metrics", metric.Of(n))
		}
	}
	n, composite := float64(len(b.of("AWS::CloudWatch::Alarm"))), float64(len(b.of("AWS::CloudWatch::CompositeAlarm")))
	b.add(alarms, number(n+composite)+" alarms", alarm.Of(n), compositeAlarm.Of(composite))
	if most := tracesPerSecond * float64(secondsPerMonth); traced > most {
		traced = most + (traced-most)*tracedRest
	}
	b.add(traces, "at most "+number(traced)+" traces", trace.Of(traced))
}

// guards adds the firewall, secrets and keys.
func (b *bill) guards() {
	for _, acl := range b.of("AWS::WAFv2::WebACL") {
		rules, _ := acl.At("Rules").([]any)
		n := b.uploads * requestsPerUpload
		b.add(firewall, fmt.Sprintf("1 web ACL, %s, %s requests", count(float64(len(rules)), "rule"), number(n)),
			webACL.Of(1), webRule.Of(float64(len(rules))), webRequest.Of(n))
	}
	s, k := float64(len(b.of("AWS::SecretsManager::Secret"))), float64(len(b.of("AWS::KMS::Key")))
	b.add(secrets, count(s, "secret")+", "+count(k, "key"), secret.Of(s), key.Of(k))
}

// float returns a number of a template, or a default if there is none.
func float(value any, otherwise float64) float64 {
	var n float64
	switch value := value.(type) {
	case json.Number:
		n, _ = value.Float64()
	case string:
		n, _ = strconv.ParseFloat(value, 64)
	}
	return cmp.Or(n, otherwise)
}

func count(n float64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return number(n) + " " + what + "s"
}

// number writes a number for people: 1,234,567, or with three digits if it is small.
func number(n float64) string {
	if n != math.Trunc(n) && n < 100 {
		return strconv.FormatFloat(n, 'g', 3, 64)
	}
	digits := strconv.FormatFloat(math.Round(n), 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
