package stage_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/infra/stage"
	"postern/internal/contract"
)

// The goldens are the stack's, but go test ./infra/... -update hands the flag to every package.
var _ = flag.Bool("update", false, "has no effect in this package")

// parse reads stages from JSON, as the CDK hands the context on.
func parse(t *testing.T, text string) (stage.Stages, error) {
	t.Helper()
	var context any
	if err := json.Unmarshal([]byte(text), &context); err != nil {
		t.Fatal(err)
	}
	return stage.Parse(context)
}

func TestDefaults(t *testing.T) {
	got, err := parse(t, `{"dev": {}}`)
	if err != nil {
		t.Fatal(err)
	}
	want := stage.Stages{"dev": {
		Name:               "dev",
		AllowedOrigins:     []string{},
		Folders:            stage.DefaultFolders(),
		Content:            stage.Siblings,
		Archives:           stage.Archives{MaxEntries: 10_000, MaxUnpacked: 10 << 30, MaxRatio: 200},
		MaxPixels:          300_000_000,
		SignatureLifetime:  15 * time.Minute,
		DefaultMaxSize:     50 << 30,
		DefaultQuota:       100 << 30,
		DefaultFileQuota:   100_000,
		Removal:            stage.Retain,
		Retention:          stage.Retention{RejectedDays: 7, NoncurrentDays: 30, IncompleteMultipartDays: 3},
		InspectConcurrency: 50,
		Basic:              true,
		Issuers:            []contract.Issuer{},
		Throttle:           stage.Throttle{Rate: 50, Burst: 100, OwnerRate: 20, OwnerBurst: 50, ServiceRate: 40, ServiceBurst: 80},
		Traffic:            stage.Traffic{UploadsPerMonth: 100_000, AverageSize: 10 << 20},
		Page:               true,
		WAF:                stage.NoWAF,
		Tracing:            true,
		LogRetentionDays:   30,
		Tags:               map[string]string{"project": "postern", "stage": "dev"},
		APIGatewayLogRole:  stage.CreateLogRole,
	}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("stages (-got +want):\n%s", diff)
	}
}

func TestEveryField(t *testing.T) {
	got, err := parse(t, `{"prod": {
		"region": "eu-central-1",
		"allowedOrigins": ["https://app.example.com", "https://app.example.com:8443", "http://localhost:3000", "http://127.0.0.1", "*"],
		"domain": {"name": "uploads.example.com", "certificate": "arn:aws:acm:eu-central-1:123456789012:certificate/1a-2b", "zone": "Z0123ABC", "defaultHost": true},
		"folders": {"videos": null, "images": null, "audio": null, "documents": null, "clips": {"maxSize": "5 GiB", "formats": {"mp4": "video/mp4"}}, "notes-1": {"maxSize": 1000, "formats": {"txt": "text/plain"}}},
		"content": "exact",
		"archives": {"maxEntries": 5, "maxUnpacked": "1 GiB", "maxRatio": 10},
		"maxPixels": 1000,
		"signatureLifetime": "60m",
		"defaultMaxSize": "5TiB",
		"defaultQuota": 53687091200000,
		"defaultFileQuota": 1000000000,
		"removal": "destroy",
		"retention": {"rejectedDays": 1, "noncurrentDays": 15, "incompleteMultipartDays": 5},
		"inspectConcurrency": 5,
		"basic": false,
		"issuers": [
			{"issuer": "https://id.example.com/", "audience": "web", "mail": "email", "roles": {"claim": "realm_access.roles", "service": "uploads service"}},
			{"issuer": "https://id.example.com/", "audience": "api://app", "subject": "oid"}
		],
		"authorizerConcurrency": 20,
		"presignConcurrency": 5,
		"throttle": {"rate": 5, "burst": 10, "ownerRate": 1, "ownerBurst": 2, "serviceRate": 3, "serviceBurst": 4},
		"traffic": {"uploadsPerMonth": 7, "averageSize": "2 MiB"},
		"waf": "rate",
		"tracing": false,
		"methodMetrics": true,
		"logAddresses": true,
		"objectLog": true,
		"backup": {"days": 90},
		"alarmMail": "on-call+postern@ops.example.com",
		"page": false,
		"logRetentionDays": 3653,
		"tags": {"team": "video", "project": "other"},
		"apiGatewayLogRole": "existing"
	}}`)
	if err != nil {
		t.Fatal(err)
	}
	want := stage.Stages{"prod": {
		Name:           "prod",
		Region:         "eu-central-1",
		AllowedOrigins: []string{"https://app.example.com", "https://app.example.com:8443", "http://localhost:3000", "http://127.0.0.1", "*"},
		Domain:         &stage.Domain{Name: "uploads.example.com", Certificate: "arn:aws:acm:eu-central-1:123456789012:certificate/1a-2b", Zone: "Z0123ABC", DefaultHost: true},
		Folders: contract.Folders{
			"clips":   {MaxSize: 5 << 30, Formats: map[string]string{"mp4": "video/mp4"}},
			"notes-1": {MaxSize: 1000, Formats: map[string]string{"txt": "text/plain"}},
		},
		Content:            stage.Exact,
		Archives:           stage.Archives{MaxEntries: 5, MaxUnpacked: 1 << 30, MaxRatio: 10},
		MaxPixels:          1000,
		SignatureLifetime:  time.Hour,
		DefaultMaxSize:     5 << 40,
		DefaultQuota:       53687091200000,
		DefaultFileQuota:   1_000_000_000,
		Removal:            stage.Destroy,
		Retention:          stage.Retention{RejectedDays: 1, NoncurrentDays: 15, IncompleteMultipartDays: 5},
		InspectConcurrency: 5,
		Basic:              false,
		Issuers: []contract.Issuer{
			{Issuer: "https://id.example.com/", Audience: "web", Mail: "email", Roles: contract.RoleClaim{Claim: "realm_access.roles", Service: "uploads service"}},
			{Issuer: "https://id.example.com/", Audience: "api://app", Subject: "oid"},
		},
		AuthorizerConcurrency: 20,
		PresignConcurrency:    5,
		Throttle:              stage.Throttle{Rate: 5, Burst: 10, OwnerRate: 1, OwnerBurst: 2, ServiceRate: 3, ServiceBurst: 4},
		Traffic:               stage.Traffic{UploadsPerMonth: 7, AverageSize: 2 << 20},
		WAF:                   stage.RateWAF,
		MethodMetrics:         true,
		LogAddresses:          true,
		ObjectLog:             true,
		Backup:                &stage.Backup{Days: 90},
		AlarmMail:             "on-call+postern@ops.example.com",
		LogRetentionDays:      3653,
		Tags:                  map[string]string{"team": "video", "project": "other", "stage": "prod"},
		APIGatewayLogRole:     stage.ExistingLogRole,
	}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("stages (-got +want):\n%s", diff)
	}
}

func TestOrigins(t *testing.T) {
	for origin, allowed := range map[string]bool{
		"*":                             true,
		"https://app.example.com":       true,
		"https://app.example.com:8443":  true,
		"https://*.example.com":         true,
		"https://*.preview.example.com": true,
		"https://192.168.1.5:8443":      true,
		"http://localhost":              true,
		"http://localhost:3000":         true,
		"http://app.localhost:3000":     true,
		"http://127.0.0.1:443":          true,
		"http://192.168.1.5:5173":       true, // a phone in the same network
		"http://[::1]:3000":             true,
		"capacitor://localhost":         true,
		"ionic://localhost":             true,
		"tauri://localhost":             true,
		"app://obsidian.md":             true,
		"chrome-extension://abcdefghij": true,

		"":                              false,
		"null":                          false,
		"app.example.com":               false,
		"http://app.example.com":        false,
		"http://8.8.8.8":                false,
		"http://*.localhost":            false,
		"https://app.example.com:443":   false, // browsers leave the default port out
		"http://localhost:80":           false,
		"https://app.example.com:0":     false,
		"https://app.example.com:08443": false,
		"https://app.example.com:65536": false,
		"https://app.example.com:":      false,
		"https://app.example.com/":      false,
		"https://app.example.com?":      false,
		"https://app.example.com#":      false,
		"https://a@app.example.com":     false,
		"https://App.example.com":       false,
		"HTTPS://app.example.com":       false,
		"https://*":                     false,
		"https://*.com":                 false,
		"https://app.*.com":             false,
		"https://*.*.example.com":       false,
		"https://*app.example.com":      false,
		"https://":                      false,
		"capacitor:localhost":           false,
		"capacitor://":                  false,
		"file://localhost":              false,
		"ws://localhost":                false,
		"javascript://localhost":        false,
	} {
		text, err := json.Marshal(origin)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parse(t, `{"dev": {"allowedOrigins": [`+string(text)+`]}}`); (err == nil) != allowed {
			t.Errorf("%q: got %v, want it allowed: %v", origin, err, allowed)
		}
	}
}

// TestInspection: the functions are told what the stage says.
func TestInspection(t *testing.T) {
	for text, want := range map[string]contract.Inspection{
		`{}`: {MaxEntries: 10_000, MaxUnpacked: 10 << 30, MaxRatio: 200, MaxPixels: 300_000_000},
		`{"content": "exact", "archives": {"maxEntries": 1, "maxUnpacked": 2, "maxRatio": 3}, "maxPixels": 4}`: {Exact: true, MaxEntries: 1, MaxUnpacked: 2, MaxRatio: 3, MaxPixels: 4},
	} {
		stages, err := parse(t, `{"dev": `+text+`}`)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(stages["dev"].Inspection(), want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", text, diff)
		}
	}
}

func TestStageThatNobodyMaySignInTo(t *testing.T) {
	stages, err := parse(t, `{"dev": {"basic": false, "removal": "destroy"}}`)
	want := []string{"stages.dev.basic: false refuses every caller: without issuers there is no other way to sign in"}
	if diff := cmp.Diff(stages["dev"].Warnings(), want); err != nil || diff != "" {
		t.Errorf("%v (-got +want):\n%s", err, diff)
	}
}

func TestStageOfTokensAlone(t *testing.T) {
	for page, want := range map[string][]string{
		`, "page": {"clientId": "web"}}]`: nil,
		`}], "page": false`:               nil,
		`}]`:                              {"stages.dev.issuers: nobody can sign in on the page: give one of them a page, with its clientId, or leave it out by page: false"},
	} {
		stages, err := parse(t, `{"dev": {"removal": "destroy", "basic": false, "issuers": [{"issuer": "https://id.example.com", "audience": "web"`+page+`}}`)
		if diff := cmp.Diff(stages["dev"].Warnings(), want); err != nil || diff != "" {
			t.Errorf("%s: %v (-got +want):\n%s", page, err, diff)
		}
	}
}

// TestWarnings finds origins that a stage with data to keep should not have.
func TestWarnings(t *testing.T) {
	stages, err := parse(t, `{"dev": {"allowedOrigins": ["*", "https://app.example.com"], "removal": "destroy"},
		"prod": {"allowedOrigins": ["*", "https://app.example.com", "https://app.example.com:8443"], "throttle": {"rate": 40}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := stages["dev"].Warnings(); len(got) != 0 {
		t.Errorf("dev: got %q, want none", got)
	}
	want := []string{
		`stages.prod.allowedOrigins: "*" lets every web page read and write what is signed for its visitor: list your own origins`,
		`stages.prod.allowedOrigins: "https://app.example.com" is a placeholder: list your own origins`,
		`stages.prod.throttle: one caller may send 40 requests a second, and all together 40: ownerRate and serviceRate should be below rate`,
		`stages.prod.alarmMail: alarms tell nobody: give an address, or a topic as alarmTopic`,
	}
	if diff := cmp.Diff(stages["prod"].Warnings(), want); diff != "" {
		t.Errorf("prod (-got +want):\n%s", diff)
	}
}

// TestAlarmsThatTellSomebody gives no warning, whichever way the stage tells.
func TestAlarmsThatTellSomebody(t *testing.T) {
	for _, given := range []string{
		`"alarmTopic": "arn:aws-us-gov:sns:us-gov-west-1:123456789012:On_Call-2", "region": "us-gov-west-1"`,
		`"alarmTopic": "arn:aws:sns:eu-central-1:123456789012:alarms"`,
		`"alarmMail": "oncall@example.com"`,
	} {
		stages, err := parse(t, `{"prod": {`+given+`}}`)
		if warnings := stages["prod"].Warnings(); err != nil || len(warnings) != 0 {
			t.Errorf("%s: got %v, %q, want no error and no warning", given, err, warnings)
		}
	}
}

func TestPartOfAnObject(t *testing.T) {
	got, err := parse(t, `{"dev": {"retention": {"rejectedDays": 1}, "throttle": {"burst": 7}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := got["dev"].Retention, (stage.Retention{RejectedDays: 1, NoncurrentDays: 30, IncompleteMultipartDays: 3}); got != want {
		t.Errorf("retention: got %+v, want %+v", got, want)
	}
	if got, want := got["dev"].Throttle, (stage.Throttle{Rate: 50, Burst: 7, OwnerRate: 20, OwnerBurst: 50, ServiceRate: 40, ServiceBurst: 80}); got != want {
		t.Errorf("throttle: got %+v, want %+v", got, want)
	}
}

// Texts of errors, where several values share one.
const (
	origins    = `a list of origins as browsers send them, without a default port: "https://app.example.com", "https://*.example.com", "capacitor://localhost", "http://localhost:3000" (http on this machine and in private networks only), or "*"`
	fields     = "region, allowedOrigins, domain, folders, content, archives, maxPixels, signatureLifetime, defaultMaxSize, defaultQuota, defaultFileQuota, removal, retention, inspectConcurrency, basic, issuers, authorizerConcurrency, presignConcurrency, throttle, traffic, waf, tracing, methodMetrics, logAddresses, objectLog, backup, alarmTopic, alarmMail, page, logRetentionDays, apiGatewayLogRole, tags"
	topics     = `the ARN of a standard SNS topic, such as "arn:aws:sns:eu-central-1:123456789012:alarms"`
	mails      = `one mail address, such as "oncall@example.com"`
	sizes      = `1 to 53687091200000 bytes, as a number or as text such as "5 GiB" (B, KiB, MiB, GiB, TiB, kB, MB, GB, TB)`
	lifetimes  = `"2m" to "60m", in whole seconds`
	days       = "one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"
	region     = `the name of an AWS region, such as "eu-central-1"`
	tags       = "an object of strings: names of 1 to 128 and values of at most 256 letters, digits, spaces and _.:/=+@-, no name beginning with aws:"
	types      = `a content type in lower case without parameters, such as "video/mp4", that no browser runs as a page, a script or XML`
	active     = "css, hta, htc, htm, html, jar, js, jsx, mht, mhtml, mjs, php, rdf, shtml, svg, svgz, swf, vbs, wasm, xht, xhtml, xml, xsd, xsl, xslt"
	extensions = "1 to 8 of a-z and 0-9, and none of " + active
)

func TestMistakes(t *testing.T) {
	for _, test := range []struct {
		name  string
		stage string // object of stage dev
		want  string // after "stages.dev"
	}{
		{"unknown field", `{"regoin": "eu-central-1"}`, `.regoin: unknown field; must be one of ` + fields},
		{"unknown field of an object", `{"retention": {"days": 1}}`, `.retention.days: unknown field; must be one of rejectedDays, noncurrentDays, incompleteMultipartDays`},
		{"unknown field of a folder", `{"folders": {"a": {"maxSize": 1, "formats": {"bin": "a/b"}, "acl": "public-read"}}}`, `.folders.a.acl: unknown field; must be one of maxSize, formats`},
		{"no object", `"eu-central-1"`, `: must be an object; got "eu-central-1"`},
		{"no object within", `{"throttle": 5}`, `.throttle: must be an object; got 5`},
		{"null", `{"region": null}`, `.region: must be ` + region + `; got null`},

		{"region", `{"region": "frankfurt"}`, `.region: must be ` + region + `; got "frankfurt"`},
		{"origin over http", `{"allowedOrigins": ["http://app.example.com"]}`, `.allowedOrigins: must be ` + origins + `; got ["http://app.example.com"]`},
		{"origins as text", `{"allowedOrigins": "*"}`, `.allowedOrigins: must be ` + origins + `; got "*"`},
		{"lifetime too long", `{"signatureLifetime": "61m"}`, `.signatureLifetime: must be ` + lifetimes + `; got "61m"`},
		{"lifetime too short", `{"signatureLifetime": "119s"}`, `.signatureLifetime: must be ` + lifetimes + `; got "119s"`},
		{"lifetime of a fraction", `{"signatureLifetime": "130.5s"}`, `.signatureLifetime: must be ` + lifetimes + `; got "130.5s"`},
		{"lifetime without a unit", `{"signatureLifetime": 15}`, `.signatureLifetime: must be ` + lifetimes + `; got 15`},
		{"size of nothing", `{"defaultQuota": 0}`, `.defaultQuota: must be ` + sizes + `; got 0`},
		{"size too large", `{"defaultQuota": 53687091200001}`, `.defaultQuota: must be ` + sizes + `; got 53687091200001`},
		{"no files", `{"defaultFileQuota": 0}`, `.defaultFileQuota: must be a whole number from 1 to 1000000000; got 0`},
		{"too many files", `{"defaultFileQuota": 1000000001}`, `.defaultFileQuota: must be a whole number from 1 to 1000000000; got 1000000001`},
		{"half a file", `{"defaultFileQuota": 1.5}`, `.defaultFileQuota: must be a whole number from 1 to 1000000000; got 1.5`},
		{"files as a size", `{"defaultFileQuota": "1 GB"}`, `.defaultFileQuota: must be a whole number from 1 to 1000000000; got "1 GB"`},
		{"size too large in words", `{"defaultMaxSize": "50 TiB"}`, `.defaultMaxSize: must be ` + sizes + `; got "50 TiB"`},
		{"size that overflows", `{"defaultMaxSize": "999999999999999 TiB"}`, `.defaultMaxSize: must be ` + sizes + `; got "999999999999999 TiB"`},
		{"size in bits", `{"defaultMaxSize": "5 Gb"}`, `.defaultMaxSize: must be ` + sizes + `; got "5 Gb"`},
		{"size of a fraction", `{"defaultMaxSize": 1.5}`, `.defaultMaxSize: must be ` + sizes + `; got 1.5`},
		{"negative size", `{"defaultMaxSize": -1}`, `.defaultMaxSize: must be ` + sizes + `; got -1`},
		{"removal", `{"removal": "keep"}`, `.removal: must be one of "retain", "destroy"; got "keep"`},
		{"retention too short", `{"retention": {"noncurrentDays": 14}}`, `.retention.noncurrentDays: must be a whole number from 15 to 3650; got 14`},
		{"multiparts that outlive a tombstone", `{"retention": {"incompleteMultipartDays": 8}}`, `.retention.incompleteMultipartDays: must be a whole number from 1 to 7; got 8`},
		{"retention of a fraction", `{"retention": {"rejectedDays": 1.5}}`, `.retention.rejectedDays: must be a whole number from 1 to 3650; got 1.5`},
		{"no concurrency", `{"inspectConcurrency": 1}`, `.inspectConcurrency: must be a whole number from 2 to 1000; got 1`},
		{"page in words", `{"page": "no"}`, `.page: must be true or false; got "no"`},
		{"basic as text", `{"basic": "false"}`, `.basic: must be true or false; got "false"`},
		{"nobody signs", `{"presignConcurrency": 1001}`, `.presignConcurrency: must be a whole number from 1 to 1000; got 1001`},
		{"no authorizer at all", `{"authorizerConcurrency": 0}`, `.authorizerConcurrency: must be a whole number from 1 to 1000; got 0`},
		{"throttle of nothing", `{"throttle": {"rate": 0}}`, `.throttle.rate: must be a whole number from 1 to 10000; got 0`},
		{"traffic of nothing", `{"traffic": {"uploadsPerMonth": 0}}`, `.traffic.uploadsPerMonth: must be a whole number from 1 to 1000000000; got 0`},
		{"throttle of no owner", `{"throttle": {"ownerRate": 0}}`, `.throttle.ownerRate: must be a whole number from 1 to 10000; got 0`},
		{"burst of no owner", `{"throttle": {"ownerBurst": 0}}`, `.throttle.ownerBurst: must be a whole number from 1 to 10000; got 0`},
		{"throttle of no service", `{"throttle": {"serviceRate": 10001}}`, `.throttle.serviceRate: must be a whole number from 1 to 10000; got 10001`},
		{"burst of no service", `{"throttle": {"serviceBurst": 0.5}}`, `.throttle.serviceBurst: must be a whole number from 1 to 10000; got 0.5`},
		{"content", `{"content": "any"}`, `.content: must be one of "siblings", "exact"; got "any"`},
		{"entries of archives", `{"archives": {"maxEntries": 0}}`, `.archives.maxEntries: must be a whole number from 1 to 1000000; got 0`},
		{"ratio of archives", `{"archives": {"maxRatio": 1.5}}`, `.archives.maxRatio: must be a whole number from 1 to 1000000; got 1.5`},
		{"pixels", `{"maxPixels": "1M"}`, `.maxPixels: must be a whole number from 1 to 1000000000000; got "1M"`},
		{"firewall", `{"waf": true}`, `.waf: must be one of "off", "rate", "managed"; got true`},
		{"addresses", `{"logAddresses": "yes"}`, `.logAddresses: must be true or false; got "yes"`},
		{"object log of days", `{"objectLog": 30}`, `.objectLog: must be true or false; got 30`},
		{"backup of days", `{"backup": 30}`, `.backup: must be an object; got 30`},
		{"backup without days", `{"backup": {}}`, `.backup.days: must be a whole number from 1 to 3650; got nothing`},
		{"backup for ever", `{"backup": {"days": 3651}}`, `.backup.days: must be a whole number from 1 to 3650; got 3651`},
		{"unknown field of a backup", `{"backup": {"days": 1, "vault": "x"}}`, `.backup.vault: unknown field; must be one of days`},
		{"topic by name", `{"alarmTopic": "alarms"}`, `.alarmTopic: must be ` + topics + `; got "alarms"`},
		{"topic of FIFO", `{"alarmTopic": "arn:aws:sns:eu-west-1:123456789012:alarms.fifo"}`, `.alarmTopic: must be ` + topics + `; got "arn:aws:sns:eu-west-1:123456789012:alarms.fifo"`},
		{"topic of another service", `{"alarmTopic": "arn:aws:sqs:eu-west-1:123456789012:alarms"}`, `.alarmTopic: must be ` + topics + `; got "arn:aws:sqs:eu-west-1:123456789012:alarms"`},
		{"topic elsewhere", `{"region": "eu-west-1", "alarmTopic": "arn:aws:sns:us-east-1:123456789012:alarms"}`, `.alarmTopic: must be in the stage's region, eu-west-1; got "arn:aws:sns:us-east-1:123456789012:alarms"`},
		{"mail of nobody", `{"alarmMail": "oncall"}`, `.alarmMail: must be ` + mails + `; got "oncall"`},
		{"two mails", `{"alarmMail": "a@example.com, b@example.com"}`, `.alarmMail: must be ` + mails + `; got "a@example.com, b@example.com"`},
		{
			"topic and mail", `{"alarmTopic": "arn:aws:sns:eu-west-1:123456789012:alarms", "alarmMail": "a@example.com"}`,
			`: must have alarmTopic or alarmMail, not both; got "arn:aws:sns:eu-west-1:123456789012:alarms" and "a@example.com"`,
		},
		{"log retention", `{"logRetentionDays": 31}`, `.logRetentionDays: must be ` + days + `; got 31`},
		{"log role", `{"apiGatewayLogRole": "none"}`, `.apiGatewayLogRole: must be one of "create", "existing"; got "none"`},
		{"tag of AWS", `{"tags": {"aws:stage": "x"}}`, `.tags: must be ` + tags + `; got {"aws:stage":"x"}`},
		{"tag of a number", `{"tags": {"cost": 5}}`, `.tags: must be ` + tags + `; got {"cost":5}`},

		{"no folders", `{"folders": {"videos": null, "images": null, "audio": null, "documents": null}}`, `.folders: must leave 1 to 20 folders, with those of the default table; got 0`},
		{"folders as a list", `{"folders": []}`, `.folders: must be an object of folders, which changes the default table; got []`},
		{"folders of null", `{"folders": null}`, `.folders: must be an object of folders, which changes the default table; got null`},
		{"folder that is not an object", `{"folders": {"videos": 5}}`, `.folders.videos: must be an object; got 5`},
		{"folder to remove", `{"folders": {"vidoes": null}}`, `.folders.vidoes: null removes nothing: the default table has "audio", "documents", "images", "videos"`},
		{"extension to remove", `{"folders": {"audio": {"formats": {"ogg": null}}}}`, `.folders.audio.formats.ogg: null removes nothing: the default table has "m4a", "mp3", "wav"`},
		{"size removed", `{"folders": {"audio": {"maxSize": null}}}`, `.folders.audio.maxSize: missing; a folder needs it`},
		{"formats removed", `{"folders": {"audio": {"formats": null}}}`, `.folders.audio.formats: missing; a folder needs it`},
		{"folder's name", `{"folders": {"Videos": {}}}`, `.folders.Videos: the name must be 1 to 32 of a-z, 0-9 and -; got "Videos"`},
		{"folder's name with a slash", `{"folders": {"a/b": {}}}`, `.folders.a/b: the name must be 1 to 32 of a-z, 0-9 and -; got "a/b"`},
		{"folder with a wildcard", `{"folders": {"*": {}}}`, `.folders.*: the name must be 1 to 32 of a-z, 0-9 and -; got "*"`},
		{"folder without a size", `{"folders": {"a": {"formats": {"bin": "a/b"}}}}`, `.folders.a.maxSize: missing; a folder needs it`},
		{"folder without formats", `{"folders": {"a": {"maxSize": 1}}}`, `.folders.a.formats: missing; a folder needs it`},
		{"folder of no format", `{"folders": {"a": {"maxSize": 1, "formats": {}}}}`, `.folders.a.formats: must be an object of content types by extension, such as {"mp4": "video/mp4"}; got {}`},
		{"folder's size", `{"folders": {"a": {"maxSize": "big", "formats": {"bin": "a/b"}}}}`, `.folders.a.maxSize: must be ` + sizes + `; got "big"`},

		{"extension with a dot", format(".mp4", "video/mp4"), `.folders.a.formats..mp4: the extension must be ` + extensions + `; got ".mp4"`},
		{"extension with capitals", format("MP4", "video/mp4"), `.folders.a.formats.MP4: the extension must be ` + extensions + `; got "MP4"`},
		{"extension html", format("html", "text/plain"), `.folders.a.formats.html: the extension must be ` + extensions + `; got "html"`},
		{"extension svg", format("svg", "text/plain"), `.folders.a.formats.svg: the extension must be ` + extensions + `; got "svg"`},
		{"extension xml", format("xml", "text/plain"), `.folders.a.formats.xml: the extension must be ` + extensions + `; got "xml"`},
		{"type html", format("bin", "text/html"), `.folders.a.formats.bin: must be ` + types + `; got "text/html"`},
		{"type xhtml", format("bin", "application/xhtml+xml"), `.folders.a.formats.bin: must be ` + types + `; got "application/xhtml+xml"`},
		{"type svg", format("bin", "image/svg+xml"), `.folders.a.formats.bin: must be ` + types + `; got "image/svg+xml"`},
		{"type xml", format("bin", "application/xml"), `.folders.a.formats.bin: must be ` + types + `; got "application/xml"`},
		{"type xml of an entity", format("bin", "text/xml-external-parsed-entity"), `.folders.a.formats.bin: must be ` + types + `; got "text/xml-external-parsed-entity"`},
		{"type script", format("bin", "application/x-javascript"), `.folders.a.formats.bin: must be ` + types + `; got "application/x-javascript"`},
		{"type web archive", format("bin", "multipart/related"), `.folders.a.formats.bin: must be ` + types + `; got "multipart/related"`},
		{"type with parameters", format("bin", "text/plain; charset=utf-8"), `.folders.a.formats.bin: must be ` + types + `; got "text/plain; charset=utf-8"`},
		{"type with capitals", format("bin", "Text/plain"), `.folders.a.formats.bin: must be ` + types + `; got "Text/plain"`},
		{"type without a slash", format("bin", "text"), `.folders.a.formats.bin: must be ` + types + `; got "text"`},
		{
			"extension twice", `{"folders": {"clips": {"maxSize": 1, "formats": {"mp4": "video/mpeg"}}}}`,
			`.folders.videos.formats.mp4: extension "mp4" stands in the table already, at stages.dev.folders.clips.formats.mp4: remove one of them, by null`,
		},
		{
			"type in two folders", `{"folders": {"photos": {"maxSize": 1, "formats": {"jpgx": "image/jpeg"}}, "images": {"formats": {"jpe": null, "jpeg": null, "jfif": null}}}}`,
			`.folders.photos.formats.jpgx: type "image/jpeg" belongs to folder images already: remove it from one of them, by null`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(t, `{"dev": `+test.stage+`}`)
			if err == nil {
				t.Fatal("got no error")
			}
			if diff := cmp.Diff(err.Error(), "stages.dev"+test.want); diff != "" {
				t.Errorf("error (-got +want):\n%s", diff)
			}
		})
	}
}

// format is a stage with one format.
func format(extension, contentType string) string {
	return fmt.Sprintf(`{"folders": {"a": {"maxSize": 1, "formats": {%q: %q}}}}`, extension, contentType)
}

func TestStages(t *testing.T) {
	for _, test := range []struct{ name, context, want string }{
		{"missing", `null`, `stages: must be an object with a member for each stage; got null`},
		{"none", `{}`, `stages: must be an object with a member for each stage; got {}`},
		{"list", `["dev"]`, `stages: must be an object with a member for each stage; got ["dev"]`},
		{"name", `{"De v": {}}`, `stages.De v: the name must be 1 to 32 of a-z, 0-9 and -, a letter first; got "De v"`},
		{"every mistake has a line", `{"b": {"removal": "no", "x": 1}, "a": 1}`, "stages.a: must be an object; got 1\n" +
			"stages.b.removal: must be one of \"retain\", \"destroy\"; got \"no\"\nstages.b.x: unknown field; must be one of " + fields},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(t, test.context)
			if diff := cmp.Diff(fmt.Sprint(err), test.want); diff != "" {
				t.Errorf("error (-got +want):\n%s", diff)
			}
		})
	}
}

func TestLookup(t *testing.T) {
	stages, err := parse(t, `{"prod": {}, "local": {}, "dev": {}}`)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := stages.Lookup("dev"); err != nil || s.Name != "dev" {
		t.Errorf("dev: got %q, %v", s.Name, err)
	}
	_, err = stages.Lookup("staging")
	if got, want := fmt.Sprint(err), `unknown stage "staging"; stages in cdk.json: dev, local, prod`; got != want {
		t.Errorf("error: got %s, want %s", got, want)
	}
	var deployed []string
	for _, s := range stages.Deployed() {
		deployed = append(deployed, s.Name)
	}
	if diff := cmp.Diff(deployed, []string{"dev", "prod"}); diff != "" {
		t.Errorf("deployed stages (-got +want):\n%s", diff)
	}
}

// TestDefaultTable checks the default format table against the promises of the contract by reading it as configuration.
func TestDefaultTable(t *testing.T) {
	table, err := json.Marshal(stage.DefaultFolders())
	if err != nil {
		t.Fatal(err)
	}
	stages, err := parse(t, `{"dev": {"folders": `+string(table)+`}}`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(stages["dev"].Folders, stage.DefaultFolders()); diff != "" {
		t.Errorf("folders (-got +want):\n%s", diff)
	}
	want := map[string]string{
		"videos": "mp4 mov qt webm mkv m4v", "images": "jpg jpeg jpe jfif png webp gif heic heif", "audio": "mp3 m4a wav",
		"documents": "pdf docx xlsx pptx txt csv zip",
	}
	for folder, extensions := range want {
		for extension := range strings.FieldsSeq(extensions) {
			if f, ok := stages["dev"].Folders.ByExtension(extension); !ok || f.Folder != folder {
				t.Errorf("%s: got folder %q, want %q", extension, f.Folder, folder)
			}
		}
	}
	if got := len(stages["dev"].Folders.Extensions()); got != 25 {
		t.Errorf("got %d extensions, want 25", got)
	}
}

// TestChangedTable changes the default format table as RFC 7396 says.
func TestChangedTable(t *testing.T) {
	got, err := parse(t, `{"dev": {"folders": {
		"documents": {"formats": {"epub": "application/epub+zip", "zip": null}},
		"images": {"maxSize": "100 MiB"},
		"videos": null,
		"models": {"maxSize": 1000, "formats": {"glb": "model/gltf-binary", "gltf": "model/gltf-binary"}}
	}}}`)
	if err != nil {
		t.Fatal(err)
	}
	want := stage.DefaultFolders()
	delete(want, "videos")
	want["documents"].Formats["epub"] = "application/epub+zip"
	delete(want["documents"].Formats, "zip")
	want["images"] = contract.Folder{MaxSize: 100 << 20, Formats: want["images"].Formats}
	want["models"] = contract.Folder{MaxSize: 1000, Formats: map[string]string{"glb": "model/gltf-binary", "gltf": "model/gltf-binary"}}
	if diff := cmp.Diff(got["dev"].Folders, want); diff != "" {
		t.Errorf("folders (-got +want):\n%s", diff)
	}
}

// TestLargeTable finds the limit of a function's environment.
func TestLargeTable(t *testing.T) {
	table := func(formats int) string {
		types := make([]string, formats)
		for i := range types {
			types[i] = fmt.Sprintf(`"e%03d": "application/x-%032d"`, i, i)
		}
		return `{"dev": {"folders": {"videos": null, "images": null, "audio": null, "documents": null, "a": {"maxSize": 1, "formats": {` + strings.Join(types, ", ") + `}}}}}`
	}
	// A format takes 56 bytes, everything else 31.
	if _, err := parse(t, table(61)); err != nil {
		t.Errorf("61 formats: %v", err)
	}
	_, err := parse(t, table(62))
	want := "stages.dev.folders: the format table must take at most 3456 bytes of the functions' environment; got 3503: leave out formats"
	if got := fmt.Sprint(err); got != want {
		t.Errorf("62 formats: got %s, want %s", got, want)
	}
}

func TestProjectsOwnStages(t *testing.T) {
	b, err := os.ReadFile("../../cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	var project struct{ Context map[string]any }
	if err := json.Unmarshal(b, &project); err != nil {
		t.Fatal(err)
	}
	stages, err := stage.Parse(project.Context["stages"])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(stages.Names(), []string{"dev", "local", "prod"}); diff != "" {
		t.Errorf("stages (-got +want):\n%s", diff)
	}
	if got := stages["prod"].Removal; got != stage.Retain {
		t.Errorf("removal of prod: got %s, want %s", got, stage.Retain)
	}
}
