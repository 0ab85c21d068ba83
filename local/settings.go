package main

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"postern/local/awsserver"
	"postern/local/host"
)

// defaultData is the data folder if none is named.
const defaultData = ".local"

// settings come from the command line and the environment.
type settings struct {
	assembly string   // absolute path
	stages   string   // absolute path of cdk.json
	data     string   // absolute path
	usual    string   // absolute path of what data is without DATA
	host     []string // what URLs have, and more names of this machine
	port     int      // of the API; 0: a free one
	s3Port   int      // 0: a free one
	chaos    bool     // faults are made on purpose
	seed     uint64   // of the faults; 0: a random one
	log      string   // "json", "text", or nothing: what stderr is decides
	check    bool     // only check that no other local run uses data
	tables   bool     // only serve tables and secrets, to a command that ends stdin when it ends
	explain  bool     // only print what the banner leaves out
	watched  bool     // another process acts on changes of cdk.json
}

// readSettings fails with flag.ErrHelp when help is asked for. Its paths are absolute because the S3 server changes the
// working directory.
func readSettings(args []string, lookup func(string) (string, bool)) (settings, error) {
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	assembly := flags.String("assembly", filepath.Join(defaultData, "cdk.out"), "")
	tables := flags.Bool("tables", false, "")
	check, explain := flags.Bool("check", false, ""), flags.Bool("explain", false, "")
	watched := flags.Bool("watched", false, "")
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("unexpected argument %q: --help lists what is allowed", flags.Arg(0))
	}
	s := settings{check: *check, explain: *explain, tables: *tables, watched: *watched, log: value(lookup, "LOG", "")}
	if s.log != "" && s.log != "json" && s.log != "text" {
		return settings{}, fmt.Errorf("LOG is %q: it must be json or text", s.log)
	}
	var err error
	if s.assembly, err = filepath.Abs(*assembly); err != nil {
		return settings{}, fmt.Errorf("resolving --assembly: %w", err)
	}
	if s.stages, err = filepath.Abs("cdk.json"); err != nil {
		return settings{}, fmt.Errorf("resolving cdk.json: %w", err)
	}
	if s.usual, err = filepath.Abs(defaultData); err != nil {
		return settings{}, fmt.Errorf("resolving %s: %w", defaultData, err)
	}
	if s.data, err = filepath.Abs(value(lookup, "DATA", defaultData)); err != nil {
		return settings{}, fmt.Errorf("resolving DATA: %w", err)
	}
	if s.host, err = host.Parse(value(lookup, "HOST", awsserver.Loopback)); err != nil {
		return settings{}, err
	}
	if s.port, err = port(lookup, "PORT", "8080"); err != nil {
		return settings{}, err
	}
	if s.s3Port, err = port(lookup, "S3_PORT", "9000"); err != nil {
		return settings{}, err
	}
	if s.chaos, err = flagOf(lookup, "CHAOS"); err != nil {
		return settings{}, err
	}
	if s.seed, err = strconv.ParseUint(value(lookup, "CHAOS_SEED", "0"), 10, 64); err != nil {
		return settings{}, fmt.Errorf("CHAOS_SEED is %q: it must be a number from 0 to 18446744073709551615", value(lookup, "CHAOS_SEED", ""))
	}
	return s, nil
}

func flagOf(lookup func(string) (string, bool), name string) (bool, error) {
	switch text := value(lookup, name, "0"); text {
	case "0":
		return false, nil
	case "1":
		return true, nil
	default:
		return false, fmt.Errorf("%s is %q: it must be 0 or 1", name, text)
	}
}

func port(lookup func(string) (string, bool), name, fallback string) (int, error) {
	text := value(lookup, name, fallback)
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%s is %q: it must be a number from 0 to 65535", name, text)
	}
	return int(number), nil
}

func value(lookup func(string) (string, bool), name, fallback string) string {
	if v, ok := lookup(name); ok && v != "" {
		return v
	}
	return fallback
}
