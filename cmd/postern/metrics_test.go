package main_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/smithy-go/encoding/cbor"
)

// cloudWatch answers ListMetrics and GetMetricData by CloudWatch's protocol, Smithy RPC v2 CBOR. Each statistic of the second
// metric has two values.
type cloudWatch struct {
	empty, denies bool
	namespace     string
}

func (c *cloudWatch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.Header().Set("Content-Type", "application/cbor")
	if c.denies {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(cbor.Encode(cbor.Map{"__type": cbor.String("com.amazonaws.cloudwatch#AccessDeniedException"), "message": cbor.String("no")}))
		return
	}
	body, _ := io.ReadAll(r.Body)
	read, _ := cbor.Decode(body)
	asked, _ := read.(cbor.Map)
	answer := cbor.Map{}
	switch {
	case strings.HasSuffix(r.URL.Path, "/ListMetrics"):
		namespace, _ := asked["Namespace"].(cbor.String)
		c.namespace = string(namespace)
		if !c.empty {
			answer["Metrics"] = cbor.List{
				cbor.Map{"Namespace": namespace, "MetricName": cbor.String("TimeToVerdict")},
				cbor.Map{"Namespace": namespace, "MetricName": cbor.String("Grants"), "Dimensions": cbor.List{
					cbor.Map{"Name": cbor.String("transport"), "Value": cbor.String("PUT")},
				}},
			}
		}
	case strings.HasSuffix(r.URL.Path, "/GetMetricData"):
		var results cbor.List
		queries, _ := asked["MetricDataQueries"].(cbor.List)
		for _, query := range queries {
			query := query.(cbor.Map)
			stat := query["MetricStat"].(cbor.Map)
			values := map[cbor.String]cbor.List{
				"SampleCount": {cbor.Float64(3)}, "Sum": {cbor.Float64(600)}, "Maximum": {cbor.Float64(400)},
			}[stat["Stat"].(cbor.String)]
			if stat["Metric"].(cbor.Map)["MetricName"] == cbor.String("Grants") {
				values = cbor.List{cbor.Float64(4), cbor.Float64(1)}
			}
			results = append(results, cbor.Map{"Id": query["Id"], "Values": values})
		}
		answer["MetricDataResults"] = results
	}
	_, _ = w.Write(cbor.Encode(answer))
}

func (c *cloudWatch) start(t *testing.T) {
	t.Helper()
	setAWS(t, http.NotFoundHandler())
	t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH", serve(t, signed(c)).URL)
}

func TestMetrics(t *testing.T) {
	c := &cloudWatch{}
	c.start(t)
	got := run(t, "", "metrics", "--stage=prod")
	got.done(t)
	want := "METRIC         OF   LINES  SUM  MEAN   MOST\n" +
		"Grants         PUT  5      5    1.0    4\n" +
		"TimeToVerdict  -    3      600  200.0  400\n"
	if got.out != want || c.namespace != "Postern-prod" {
		t.Errorf("got of %s\n%swant\n%s", c.namespace, got.out, want)
	}
	got = run(t, "", "metrics", "--stage=prod", "--since=15m", "--json")
	got.done(t)
	for _, part := range []string{`"name": "Grants"`, `"of": "PUT"`, `"lines": 5`, `"most": 400`} {
		if !strings.Contains(got.out, part) {
			t.Errorf("got %s, want %s", got.out, part)
		}
	}
}

func TestMetricsRefused(t *testing.T) {
	c := &cloudWatch{empty: true}
	c.start(t)
	run(t, "", "metrics", "--stage=prod").refused(t, 1, "nothing is counted under Postern-prod")
	run(t, "", "metrics", "--stage=prod", "--since=30s").refused(t, 2, "--since is 30s: must be 1m to 360h")
	run(t, "", "metrics", "--stage=local").refused(t, 2, "the local run has no metrics")
	c.denies = true
	run(t, "", "metrics", "--stage=prod").refused(t, 1, "AWS does not let these credentials call ListMetrics")
}
