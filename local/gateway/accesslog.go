package gateway

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// newAccessLog compiles the template's access log format.
func newAccessLog(text string) (format, error) {
	f, err := compile(text, logVariable)
	if err != nil {
		return nil, fmt.Errorf("access log: %w", err)
	}
	return f, nil
}

// log writes one line about an exchange.
func (g *gateway) log(x *exchange) {
	if g.options.AccessLog == nil || len(g.accessLog) == 1 && g.accessLog[0].text == "" {
		return
	}
	line := strings.TrimRight(g.accessLog.render(x), "\n") + "\n"
	g.logging.Lock()
	defer g.logging.Unlock()
	_, _ = io.WriteString(g.options.AccessLog, line)
}

// logVariables are the variables of an access log. Source: "Variables for access logging for API Gateway".
func logVariable(name string) (value, bool) {
	v, ok := logVariables[name]
	if member, isMember := strings.CutPrefix(name, "authorizer."); !ok && isMember && !strings.Contains(member, ".") {
		v, ok = func(x *exchange) string { return x.principal.context[member] }, true
	}
	if !ok {
		return nil, false
	}
	return func(x *exchange) string { return logged(name, v(x)) }, true
}

// logged returns a value as a line has it: a dash if empty, and without anything that could end the line or a JSON string.
// A caller must not be able to forge entries.
func logged(name, v string) string {
	if v == "" {
		return "-"
	}
	if name == "error.messageString" {
		return v
	}
	quoted, _ := json.Marshal(v)
	return string(quoted[1 : len(quoted)-1])
}

var logVariables = map[string]value{
	"error.message":       failed(errorMessage),
	"error.messageString": failed(errorMessageString),
	"error.responseType":  failed(func(x *exchange) string { return x.failure.responseType }),

	"error.validationErrorString": failed(func(x *exchange) string { return x.failure.validation }),

	"accountId":          func(x *exchange) string { return x.gateway.account },
	"apiId":              func(x *exchange) string { return x.gateway.apiID },
	"domainName":         func(x *exchange) string { return x.request.Host },
	"extendedRequestId":  func(x *exchange) string { return x.extendedID },
	"httpMethod":         func(x *exchange) string { return x.request.Method },
	"identity.sourceIp":  func(x *exchange) string { return x.sourceIP },
	"identity.userAgent": func(x *exchange) string { return x.request.UserAgent() },
	"path":               func(x *exchange) string { return x.request.URL.EscapedPath() },
	"protocol":           func(x *exchange) string { return x.request.Proto },
	"requestId":          func(x *exchange) string { return x.id },
	"requestTime":        func(x *exchange) string { return x.start.UTC().Format(clf) },
	"requestTimeEpoch":   func(x *exchange) string { return strconv.FormatInt(x.start.UnixMilli(), 10) },
	"resourceId":         routed(func(r *route) string { return r.ResourceID }),
	"resourcePath":       routed(func(r *route) string { return r.Resource }),
	"responseLatency":    func(x *exchange) string { return milliseconds(x.took) },
	"responseLength":     func(x *exchange) string { return strconv.Itoa(len(x.answer.body)) },
	"stage":              func(x *exchange) string { return x.gateway.stage },
	"status":             func(x *exchange) string { return strconv.Itoa(x.answer.status) },
	"xrayTraceId":        func(x *exchange) string { return x.traceID() },

	"authorizer.error":              func(x *exchange) string { return x.authorizer.err },
	"authorizer.integrationLatency": func(x *exchange) string { return x.authorizer.milliseconds() },
	"authorizer.latency":            func(x *exchange) string { return x.authorizer.milliseconds() },
	"authorizer.principalId":        func(x *exchange) string { return x.principal.id },
	"authorizer.status":             func(x *exchange) string { return x.authorizer.status },

	"integration.error":       func(x *exchange) string { return x.integration.err },
	"integration.latency":     func(x *exchange) string { return x.integration.milliseconds() },
	"integration.status":      func(x *exchange) string { return x.integration.status },
	"integrationErrorMessage": func(x *exchange) string { return x.integration.err },
	"integrationLatency":      func(x *exchange) string { return x.integration.milliseconds() },
	"integrationStatus":       func(x *exchange) string { return x.integration.status },
}

func failed(v value) value {
	return func(x *exchange) string {
		if x.failure == nil {
			return ""
		}
		return v(x)
	}
}

func routed(v func(*route) string) value {
	return func(x *exchange) string {
		if x.route == nil {
			return ""
		}
		return v(x.route)
	}
}

func (c call) milliseconds() string {
	if !c.made {
		return ""
	}
	return milliseconds(c.latency)
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
