package main

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// basic is the value of a header that holds a user-id and a password.
func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestParseBasic(t *testing.T) {
	long := strings.Repeat("x", 1024)
	for _, test := range []struct {
		header string
		want   credential
	}{
		{basic("demo@example.com", "demo-password"), credential{"demo@example.com", "demo-password"}},
		{basic("Demo@Example.COM", "Demo"), credential{"demo@example.com", "Demo"}},
		{basic("a+b@x.com", "with:colons::"), credential{"a+b@x.com", "with:colons::"}},
		{basic("demo@example.com", " £ spaces "), credential{"demo@example.com", " £ spaces "}},
		{basic("demo@example.com", "p\u00e4ss"), credential{"demo@example.com", "p\u00e4ss"}},
		{basic("demo@example.com", "p\xe4ss"), credential{"demo@example.com", "p\u00e4ss"}},
		{basic("demo@example.com", "\xff\xfe"), credential{"demo@example.com", "\u00ff\u00fe"}},
		{basic("demo@example.com", long), credential{"demo@example.com", long}},
		{"basic" + strings.TrimPrefix(basic("a@x.com", "p"), "Basic"), credential{"a@x.com", "p"}},
		{"BASIC  " + strings.TrimPrefix(basic("a@x.com", "p"), "Basic "), credential{"a@x.com", "p"}},
	} {
		got, err := parseBasic(test.header)
		if diff := cmp.Diff(got, test.want, cmp.AllowUnexported(credential{})); err != nil || diff != "" {
			t.Errorf("parseBasic(%.80q): %v\n(-got +want)\n%s", test.header, err, diff)
		}
	}
}

func TestParseBasicRefuses(t *testing.T) {
	encoded := strings.TrimPrefix(basic("demo@example.com", "demo-password!"), "Basic ")
	const end = "IQ==" // of the last byte alone, which leaves four bits over
	if !strings.HasSuffix(encoded, end) {
		t.Fatalf("the example %s does not end with %s", encoded, end)
	}
	for name, header := range map[string]string{
		"empty":                   "",
		"no credentials":          "Basic",
		"no credentials, a space": "Basic ",
		"no scheme":               encoded,
		"other scheme":            "Bearer " + encoded,
		"scheme with a prefix":    "XBasic " + encoded,
		"no space":                "Basic" + encoded,
		"tab":                     "Basic\t" + encoded,
		"space in front":          " Basic " + encoded,
		"space behind":            "Basic " + encoded + " ",
		"no padding":              "Basic " + strings.TrimRight(encoded, "="),
		"too much padding":        "Basic " + encoded + "=",
		"base64url":               "Basic " + base64.URLEncoding.EncodeToString([]byte("demo@example.com:???>>>")),
		"bits left over":          "Basic " + strings.TrimSuffix(encoded, end) + "IR==",
		"two credentials":         "Basic " + encoded + ", Basic " + encoded,
		"line break":              "Basic " + encoded[:8] + "\r\n" + encoded[8:],
		"line feed behind":        "Basic " + encoded + "\n",
		"NUL":                     "Basic " + encoded + "\x00",
		"plain text":              "Basic demo@example.com:demo-password",
		"over-long":               "Basic " + strings.Repeat(" ", 8192) + encoded,
		"no colon":                "Basic " + base64.StdEncoding.EncodeToString([]byte("demo@example.com")),
		"no user":                 basic("", "demo-password"),
		"user is no mail":         basic("demo", "demo-password"),
		"two mails":               basic("a@x.com@y.com", "demo-password"),
		"space in mail":           basic("demo@example.com ", "demo-password"),
		"CR/LF in mail":           basic("demo@example.com\r\n", "demo-password"),
		"not ASCII in mail":       basic("dëmo@example.com", "demo-password"),
		"empty password":          basic("demo@example.com", ""),
		"long password":           basic("demo@example.com", strings.Repeat("x", 1025)),
		"NUL in password":         basic("demo@example.com", "demo\x00password"),
		"CR/LF in password":       basic("demo@example.com", "demo-password\r\n"),
		"C1 in password":          basic("demo@example.com", "demo\u0085password"),
		"C1 in ISO-8859-1":        basic("demo@example.com", "demo\x85password"),
		"ISO-8859-1 in mail":      basic("d\xebmo@example.com", "demo-password"),
		"long in ISO-8859-1":      basic("demo@example.com", strings.Repeat("\xe4", 513)),
	} {
		if got, err := parseBasic(header); !errors.Is(err, errUnauthorized) || got != (credential{}) {
			t.Errorf("%s: got %+v, %v, want errUnauthorized", name, got, err)
		}
	}
}

func FuzzParseBasic(f *testing.F) {
	f.Add(basic("demo@example.com", "demo-password"))
	f.Add("bAsIc  QTpi")
	f.Add("Basic ====")
	f.Fuzz(func(t *testing.T, header string) {
		got, err := parseBasic(header)
		if err != nil {
			if !errors.Is(err, errUnauthorized) || got != (credential{}) {
				t.Errorf("parseBasic(%q) = %+v, %v", header, got, err)
			}
			return
		}
		// What is accepted says the same in UTF-8.
		second := basic(string(got.mail), got.password)
		if back, err := parseBasic(second); err != nil || back != got {
			t.Errorf("parseBasic(%q) = %+v, of which %q gives %+v, %v", header, got, second, back, err)
		}
		if len(header) > 8192 || len(got.password) > 1024 {
			t.Errorf("parseBasic(%q) = %+v", header, got)
		}
	})
}
