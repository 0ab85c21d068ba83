package contract

// Headers stand on every answer of the API: on the functions' and on API Gateway's own. Any origin may read them,
// because there are no cookies; nothing may keep or reinterpret them.
var Headers = map[string]string{
	"Access-Control-Allow-Origin": "*",
	"Cache-Control":               "no-store",
	"Content-Type":                "application/json",
	"Referrer-Policy":             "no-referrer",
	"Strict-Transport-Security":   "max-age=63072000",
	"X-Content-Type-Options":      "nosniff",
}
