package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"postern/internal/notification"
)

// A metricFilter counts lines of a log.
type metricFilter struct {
	name, pattern string
	members       []string // that the metric takes from a line: its value, and its dimension
}

// metricFilters reads the template's.
func metricFilters(t *testing.T, folder string) []metricFilter {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, "Postern-local.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties struct {
				FilterPattern         string
				MetricTransformations []struct {
					MetricName, MetricValue string
					Dimensions              []struct{ Value string }
				}
			}
		}
	}
	if err := json.Unmarshal(b, &template); err != nil {
		t.Fatal(err)
	}
	var all []metricFilter
	for _, r := range template.Resources {
		if r.Type != "AWS::Logs::MetricFilter" {
			continue
		}
		metric := r.Properties.MetricTransformations[0]
		f := metricFilter{name: metric.MetricName, pattern: r.Properties.FilterPattern}
		for _, d := range metric.Dimensions {
			f.members = append(f.members, strings.TrimPrefix(d.Value, "$."))
		}
		if member, ok := strings.CutPrefix(metric.MetricValue, "$."); ok {
			f.members = append(f.members, member)
		}
		all = append(all, f)
	}
	return all
}

var comparison = regexp.MustCompile(`\$\.(\w+) = (\*|"[^"]*")`)

// matches reports whether a filter counts a line: all of its comparisons hold, or one of them if they are alternatives.
// Source: CloudWatch Logs User Guide, "Filter pattern syntax".
func (f metricFilter) matches(line map[string]any) bool {
	all := comparison.FindAllStringSubmatch(f.pattern, -1)
	held := 0
	for _, c := range all {
		value, ok := line[c[1]]
		text, _ := value.(string)
		if ok && (c[2] == "*" || `"`+text+`"` == c[2]) {
			held++
		}
	}
	if len(all) == 0 || held == 0 || !strings.Contains(f.pattern, "||") && held < len(all) {
		return false
	}
	for _, member := range f.members {
		if line[member] == nil {
			return false
		}
	}
	return true
}

// TestEveryMetricHasALine makes happen what each metric counts, and looks for a line that its filter counts. A filter that
// names another member or message than the functions log would say for ever that all is well.
func TestEveryMetricHasALine(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	run := serve(t, assembly)
	c := newClient(run.API, demoUser)
	ready := c.store(t, "a.txt", []byte("text"))
	c.await(t, ready.ID, "ready")
	rejected := c.store(t, "a.pdf", []byte("text"))
	c.await(t, rejected.ID, "rejected")
	run.postern(t, "password of nobody\n", "user", "add", "full@example.com", "--quota", "1")
	if a := newClient(run.API, "full@example.com:password of nobody").do(t, http.MethodGet, "presignedurl?mail=full%40example.com&filename=full.txt"); a.status != http.StatusForbidden {
		t.Errorf("over quota: got %d %s, want 403", a.status, a.body)
	}
	newClient(run.API, "demo@example.com:a wrong password").do(t, http.MethodGet, "usage")
	narrow := serve(t, edited(t, throttled))
	for range 20 { // far faster than one a second
		newClient(narrow.API, demoUser).do(t, http.MethodGet, "usage")
	}
	run.operator(t).send(t, notification.EncodeReconcile(""))
	broken := serve(t, edited(t, without("AuthorizerRole/Users")))
	newClient(broken.API, demoUser).do(t, http.MethodGet, "usage")

	filters := metricFilters(t, assembly)
	if len(filters) < 10 {
		t.Fatalf("got %d filters, want at least 10", len(filters))
	}
	var missing []string
	eventually(t, func() bool {
		lines := jsonLines(run.Log() + narrow.Log() + broken.Log())
		missing = nil
		for _, f := range filters {
			if !anyMatches(f, lines) {
				missing = append(missing, f.name+" "+f.pattern)
			}
		}
		return len(missing) == 0
	}, func() string { return "no line of " + strings.Join(missing, "\n") })
}

func anyMatches(f metricFilter, lines []map[string]any) bool {
	for _, line := range lines {
		if f.matches(line) {
			return true
		}
	}
	return false
}

// jsonLines returns the lines of a log that are JSON, without the name of the function before them.
func jsonLines(log string) []map[string]any {
	var all []map[string]any
	for line := range strings.Lines(log) {
		if _, text, ok := strings.Cut(line, "{"); ok {
			var members map[string]any
			if json.Unmarshal([]byte("{"+text), &members) == nil {
				all = append(all, members)
			}
		}
	}
	return all
}
