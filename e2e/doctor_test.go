package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// doctorPage is the origin of a page that the doctor tries.
const doctorPage = "https://app.example.com"

// doctor runs the command for a client, at an address, and returns what it prints and whether all is well.
func (r *localRun) doctor(address, user, password string) (output string, ok bool) {
	cmd := r.command("doctor", "--origin", doctorPage, "--patience", "4s", "--url", address, "--user", user)
	cmd.Args = cmd.Args[:len(cmd.Args)-4] // the stage is named by its address
	cmd.Env = append(os.Environ(), "POSTERN_PASSWORD="+password)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// checkDoctor fails the test unless the output has one check that fails, named so, and says what mends it.
func checkDoctor(t *testing.T, output string, ok bool, check, says string) {
	t.Helper()
	failed := regexp.MustCompile(`(?m)^FAILED +(.*)$`).FindAllStringSubmatch(output, -1)
	if ok || len(failed) == 0 || !strings.HasPrefix(failed[0][1], check+": ") || !strings.Contains(failed[0][1], says) {
		t.Errorf("got %t, want %q to fail first, with %q:\n%s", ok, check, says, output)
	}
	for _, line := range failed {
		if len(line[1]) > 400 || strings.Contains(line[1], "Signature=") {
			t.Errorf("the line is too long, or holds a signature: %s", line[1])
		}
	}
}

// TestDoctor looks at a stage that is well. Nothing that it has uploaded is left.
func TestDoctor(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	run := serve(t, assembly)
	user, password, _ := strings.Cut(demoUser, ":")
	out, ok := run.doctor(run.API, user, password)
	if lines := strings.Count(out, "ok       "); !ok || lines != 12 || strings.Contains(out, "FAILED") {
		t.Errorf("got %t and %d checks that are ok, want 12:\n%s\n%s", ok, lines, out, tail(run.Log()))
	}
	if keys := run.operator(t).keys(t); len(keys) > 0 {
		t.Errorf("objects are left: %q", keys)
	}
}

// corsRule returns the bucket's rule for pages.
func corsRule(t *testing.T, template map[string]any) map[string]any {
	t.Helper()
	bucket := properties(t, template, "AWS::S3::Bucket", func(p map[string]any) bool { return p["CorsConfiguration"] != nil })
	return bucket["CorsConfiguration"].(map[string]any)["CorsRules"].([]any)[0].(map[string]any)
}

func withoutMember(t *testing.T, rule map[string]any, list, member string) {
	t.Helper()
	var kept []any
	for _, m := range rule[list].([]any) {
		if m != member {
			kept = append(kept, m)
		}
	}
	if len(kept) == len(rule[list].([]any)) {
		t.Fatalf("%s has no %s", list, member)
	}
	rule[list] = kept
}

// preflightHeader changes a header of every preflight's answer of the API.
func preflightHeader(name, value string) edit {
	return func(_ *testing.T, template map[string]any) {
		for _, r := range template["Resources"].(map[string]any) {
			p := r.(map[string]any)["Properties"].(map[string]any)
			if r.(map[string]any)["Type"] == "AWS::ApiGateway::Method" && p["HttpMethod"] == "OPTIONS" {
				answer := p["Integration"].(map[string]any)["IntegrationResponses"].([]any)[0].(map[string]any)
				answer["ResponseParameters"].(map[string]any)["method.response.header."+name] = "'" + value + "'"
			}
		}
	}
}

// TestDoctorNamesTheMisconfiguration alters the template of each stage. The check that fails first says what is wrong.
func TestDoctorNamesTheMisconfiguration(t *testing.T) {
	requireLocal(t)
	user, password, _ := strings.Cut(demoUser, ":")
	rule := func(change func(*testing.T, map[string]any)) edit {
		return func(t *testing.T, template map[string]any) { change(t, corsRule(t, template)) }
	}
	mayUse := "pages of " + doctorPage + " may use the bucket"
	mayCall := "pages of " + doctorPage + " may call the API"
	for name, test := range map[string]struct {
		fault       edit
		check, says string
	}{
		"the bucket does not know the origin": {
			rule(func(_ *testing.T, r map[string]any) { r["AllowedOrigins"] = []any{"https://www.example.com"} }), mayUse, "without this origin: add it to allowedOrigins",
		},
		"the bucket allows no PUT": {
			rule(func(t *testing.T, r map[string]any) { withoutMember(t, r, "AllowedMethods", "PUT") }), mayUse, "because of the method",
		},
		"the bucket allows no tag": {
			rule(func(t *testing.T, r map[string]any) { withoutMember(t, r, "AllowedHeaders", "x-amz-tagging") }), mayUse, "because of the header x-amz-tagging",
		},
		"the bucket does not expose the sum": {
			rule(func(t *testing.T, r map[string]any) {
				withoutMember(t, r, "ExposedHeaders", "x-amz-checksum-crc64nvme")
			}), mayUse, "does not expose x-amz-checksum-crc64nvme",
		},
		"the API allows no Authorization":     {preflightHeader("Access-Control-Allow-Headers", "*,Content-Type"), mayCall, "does not allow the header authorization"},
		"the API allows another origin":       {preflightHeader("Access-Control-Allow-Origin", "https://www.example.com"), mayCall, "without this origin"},
		"a refusal cannot be read by a page":  {withoutRefusalHeader, mayCall, "takes it for a fault of the network"},
		"the format is not taken":             {withoutText, "a signature", "name a file of a format that the stage takes with --filename"},
		"the role that signs lacks the right": {without("PresignRole/TagPending"), "one byte by a PUT", "the role that signed lacks the right"},
		"the bucket sends no events":          {withoutEvents, "verdict", "docs/runbook/InspectionsLate.md"},
		"the role that reads lacks the right": {without("ManageRole/ReadReady"), "download", "compare the role of manage"},
		"nobody can be judged":                {without("AuthorizerRole/Users"), "sign-in", "operators find it in the log of the authorizer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := serve(t, edited(t, test.fault))
			out, ok := run.doctor(run.API, user, password)
			checkDoctor(t, out, ok, test.check, test.says)
			if keys := run.operator(t).keys(t); len(keys) > 0 {
				t.Errorf("objects are left: %q", keys)
			}
		})
	}
}

func withoutRefusalHeader(t *testing.T, template map[string]any) {
	t.Helper()
	response := properties(t, template, "AWS::ApiGateway::GatewayResponse", func(p map[string]any) bool { return p["ResponseType"] == "UNAUTHORIZED" })
	delete(response["ResponseParameters"].(map[string]any), "gatewayresponse.header.Access-Control-Allow-Origin")
}

func withoutText(t *testing.T, template map[string]any) {
	t.Helper()
	variables := environment(t, template, presign)
	variables["FOLDERS"] = strings.Replace(variables["FOLDERS"].(string), `"txt"`, `"txu"`, 1)
}

func withoutEvents(t *testing.T, template map[string]any) {
	t.Helper()
	delete(properties(t, template, "AWS::S3::Bucket", func(p map[string]any) bool { return p["NotificationConfiguration"] != nil }), "NotificationConfiguration")
}

// TestDoctorNamesWhatIsBetween puts a proxy before the API that misbehaves.
func TestDoctorNamesWhatIsBetween(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	run := serve(t, assembly)
	user, password, _ := strings.Cut(demoUser, ":")
	none := [2]string{}
	for _, test := range []struct {
		name        string
		request     func(*http.Request)
		answer      func(*http.Response)
		replaces    [2]string // in every answer
		check, says string
	}{
		{"a clock that is off", nil, func(r *http.Response) {
			r.Header.Set("Date", time.Now().Add(-10*time.Minute).UTC().Format(http.TimeFormat))
		}, none, "clock of this machine", "ahead of"},
		{"no Authorization", func(r *http.Request) { r.Header.Del("Authorization") }, nil, none, "sign-in", "a proxy removes the header Authorization"},
		{"a redirect", nil, func(r *http.Response) {
			r.StatusCode = http.StatusMovedPermanently
			r.Header.Set("Location", "https://example.com/api/")
		}, none, "the API answers", "a redirect, which is never followed"},
		{"another region", nil, nil, [2]string{"%2Feu-west-1%2Fs3", "%2Feu-north-1%2Fs3"}, "one byte by a PUT", "signs for region eu-north-1, and the bucket is in eu-west-1"},
		{"a firewall before S3", nil, nil, [2]string{s3Host(t, run), "127.0.0.1:1"}, "region of the signed URL", "127.0.0.1:1 cannot be reached"},
		{"S3's requests are changed", nil, nil, [2]string{"X-Amz-Expires=", "X-Amz-Expires=1"}, "one byte by a PUT", "changes requests to S3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			target, err := url.Parse(run.API)
			if err != nil {
				t.Fatal(err)
			}
			proxy := httptest.NewServer(&httputil.ReverseProxy{
				Rewrite: func(r *httputil.ProxyRequest) {
					r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, target.Host
					r.Out.Header.Del("Accept-Encoding")
					if test.request != nil {
						test.request(r.Out)
					}
				},
				ModifyResponse: func(r *http.Response) error {
					if test.answer != nil {
						test.answer(r)
					}
					return replace(r, test.replaces[0], test.replaces[1])
				},
			})
			defer proxy.Close()
			out, ok := run.doctor(proxy.URL+target.Path, user, password)
			checkDoctor(t, out, ok, test.check, test.says)
		})
	}
	t.Run("wrong address", func(t *testing.T) {
		out, ok := run.doctor(strings.TrimSuffix(run.API, "api/"), user, password)
		checkDoctor(t, out, ok, "the API answers", "which ends with /api/")
	})
	t.Run("wrong password", func(t *testing.T) {
		out, ok := run.doctor(run.API, user, "another "+password)
		checkDoctor(t, out, ok, "sign-in", "user, password, key or token is wrong")
	})
	t.Run("nobody is there", func(t *testing.T) {
		out, ok := run.doctor("http://127.0.0.1:1/api/", user, password)
		checkDoctor(t, out, ok, "the API answers", "127.0.0.1:1 cannot be reached")
	})
	t.Run("quota used up", func(t *testing.T) {
		run.operator(t).use(t, run.operator(t).ownerOf(t, user), 1<<40)
		out, ok := run.doctor(run.API, user, password)
		checkDoctor(t, out, ok, "sign-in", "the quota is used up")
	})
}

// replace replaces a text in an answer.
func replace(r *http.Response, old, changed string) error {
	if old == "" {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	body = bytes.ReplaceAll(body, []byte(old), []byte(changed))
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

// s3Host returns where a local run serves S3.
func s3Host(t *testing.T, run *localRun) string {
	t.Helper()
	put := newClient(run.API, demoUser).grant(t, map[string]any{"filename": "a.txt", "size": 1})
	parsed, err := url.Parse(put.URL)
	if err != nil {
		t.Fatal(fmt.Errorf("reading the signed URL: %w", err))
	}
	return parsed.Host
}
