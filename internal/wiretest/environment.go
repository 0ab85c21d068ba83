// Package wiretest is what tests of a function's wiring start from: the environment that Lambda gives it.
package wiretest

import (
	"log/slog"
	"maps"
	"strings"
	"testing"

	"postern/internal/contract"
)

// An Environment holds environment variables by name.
type Environment map[string]string

// New returns the variables of a function's environment struct, and beside them those of Lambda itself.
func New(t testing.TB, function any) Environment {
	t.Helper()
	environment := Environment{}
	for _, part := range []any{function, contract.RuntimeEnv{
		Region: "eu-west-1", AccessKeyID: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", SessionToken: "token",
	}} {
		variables, err := contract.Env(part)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(environment, variables)
	}
	return environment
}

// Lookup finds a variable, as os.LookupEnv does.
func (e Environment) Lookup(name string) (string, bool) {
	value, ok := e[name]
	return value, ok
}

// CheckNamed checks that wire fails without any one of the variables, with an error that names it.
func CheckNamed[F any](t testing.TB, environment Environment, wire func(func(string) (string, bool), *slog.Logger) (F, error)) {
	t.Helper()
	for name := range environment {
		lacking := maps.Clone(environment)
		delete(lacking, name)
		if _, err := wire(lacking.Lookup, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: got %v, want an error that names it", name, err)
		}
	}
}
