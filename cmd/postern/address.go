package main

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// An address is the address of an API, with a slash at its end.
type address struct{ *url.URL }

// It does not repeat what was given, which may hold a password.
var errAddress = errors.New(`not the address of an API: allowed is https:// (http:// only on this machine) with a host and a path, ` +
	`without user, query and fragment, such as "https://id.execute-api.eu-west-1.amazonaws.com/api/"`)

// UnmarshalText reads an address, with or without the slash at its end.
func (a *address) UnmarshalText(text []byte) error {
	u, err := url.Parse(string(text))
	if err != nil || !isPrivate(u) || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return errAddress
	}
	a.URL = u.JoinPath("/")
	return nil
}

// isPrivate reports whether nobody on the way can read what is sent to an address: it is TLS, or on this machine.
func isPrivate(u *url.URL) bool {
	if u.Hostname() == "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
