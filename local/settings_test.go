package main

import (
	"errors"
	"flag"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadSettings(t *testing.T) {
	t.Chdir("/tmp")
	loopback := []string{"127.0.0.1"}
	tests := map[string]struct {
		args []string
		env  map[string]string
		want settings
	}{
		"defaults":   {nil, nil, settings{stages: "/tmp/cdk.json", assembly: "/tmp/.local/cdk.out", usual: "/tmp/.local", data: "/tmp/.local", host: loopback, port: 8080, s3Port: 9000}},
		"empty":      {nil, map[string]string{"PORT": "", "DATA": "", "CHAOS": "", "CHAOS_SEED": ""}, settings{stages: "/tmp/cdk.json", assembly: "/tmp/.local/cdk.out", usual: "/tmp/.local", data: "/tmp/.local", host: loopback, port: 8080, s3Port: 9000}},
		"free ports": {nil, map[string]string{"PORT": "0", "S3_PORT": "0"}, settings{stages: "/tmp/cdk.json", assembly: "/tmp/.local/cdk.out", usual: "/tmp/.local", data: "/tmp/.local", host: loopback}},
		"no chaos":   {nil, map[string]string{"PORT": "0", "S3_PORT": "0", "CHAOS": "0"}, settings{stages: "/tmp/cdk.json", assembly: "/tmp/.local/cdk.out", usual: "/tmp/.local", data: "/tmp/.local", host: loopback}},
		"all of them": {
			[]string{"--assembly", "/a", "--check", "--explain"},
			map[string]string{"PORT": "1", "S3_PORT": "65535", "DATA": "d", "CHAOS": "1", "CHAOS_SEED": "18446744073709551615", "LOG": "text", "HOST": "172.17.0.1,host.docker.internal"},
			settings{stages: "/tmp/cdk.json", assembly: "/a", usual: "/tmp/.local", data: "/tmp/d", host: []string{"172.17.0.1", "host.docker.internal"}, port: 1, s3Port: 65535, chaos: true, seed: 1<<64 - 1, log: "text", check: true, explain: true},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readSettings(test.args, lookup(test.env))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, test.want, cmp.AllowUnexported(settings{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadSettingsRefuses(t *testing.T) {
	const hosts = "an address of this machine by which others reach it, such as 192.168.1.5, or a name of it; more names may follow after commas"
	tests := map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"port too high":    {nil, map[string]string{"PORT": "65536"}, `PORT is "65536": it must be a number from 0 to 65535`},
		"port not decimal": {nil, map[string]string{"S3_PORT": "http"}, `S3_PORT is "http": it must be a number from 0 to 65535`},
		"chaos neither":    {nil, map[string]string{"CHAOS": "yes"}, `CHAOS is "yes": it must be 0 or 1`},
		"seed no number":   {nil, map[string]string{"CHAOS_SEED": "-1"}, `CHAOS_SEED is "-1": it must be a number from 0 to 18446744073709551615`},
		"host of all":      {nil, map[string]string{"HOST": "0.0.0.0"}, `HOST is "0.0.0.0": it must be ` + hosts},
		"host of all, v6":  {nil, map[string]string{"HOST": "[::]"}, `HOST is "[::]": it must be ` + hosts},
		"host with port":   {nil, map[string]string{"HOST": "localhost:80"}, `HOST is "localhost:80": it must be ` + hosts},
		"host with blank":  {nil, map[string]string{"HOST": "a, b"}, `HOST is "a, b": it must be ` + hosts},
		"log neither":      {nil, map[string]string{"LOG": "xml"}, `LOG is "xml": it must be json or text`},
		"argument":         {[]string{"dir"}, nil, `unexpected argument "dir": --help lists what is allowed`},
		"flag":             {[]string{"--stage", "dev"}, nil, `flag provided but not defined: -stage`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := readSettings(test.args, lookup(test.env)); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	if _, err := readSettings([]string{"--help"}, lookup(nil)); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help: got %v, want %v", err, flag.ErrHelp)
	}
}

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
}
