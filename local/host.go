package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"postern/local/awsserver"
)

// hostName matches a name that HOST may have.
var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// parseHost reads HOST: the address or name that URLs have, and more names by which requests may come.
func parseHost(text string) ([]string, error) {
	names := strings.Split(text, ",")
	for i, name := range names {
		address, err := netip.ParseAddr(strings.Trim(name, "[]"))
		if err == nil && !address.IsUnspecified() && address.Zone() == "" {
			names[i] = address.Unmap().String()
			continue
		}
		if err == nil || !hostName.MatchString(name) {
			return nil, fmt.Errorf("HOST is %q: it must be an address of this machine by which others reach it, such as 192.168.1.5, "+
				"or a name of it; more names may follow after commas", text)
		}
	}
	return names, nil
}

// A reach says where the API and S3 are reached.
type reach struct {
	host      string   // in URLs
	names     []string // that requests may be for
	addresses []string // to listen at
	isOpen    bool     // other machines and containers may come
}

// newReach finds the address that the first of the names has. The local run listens at 127.0.0.1 too, for this machine's tools.
func newReach(ctx context.Context, names []string) (reach, error) {
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", names[0])
	if err == nil && len(all) == 0 {
		err = errors.New("it has no address")
	}
	if err != nil {
		return reach{}, fmt.Errorf("HOST is %q: %w", names[0], err)
	}
	for i := range all {
		all[i] = all[i].Unmap()
	}
	address := all[max(0, slices.IndexFunc(all, netip.Addr.Is4))]
	r := reach{host: names[0], names: append(slices.Clone(awsserver.LoopbackNames), names...), addresses: []string{awsserver.Loopback}, isOpen: !address.IsLoopback()}
	if address.String() != awsserver.Loopback {
		r.addresses = append(r.addresses, address.String())
	}
	return r, nil
}

// url returns the address of what listens at a port.
func (r reach) url(port int) string {
	return "http://" + net.JoinHostPort(r.host, strconv.Itoa(port))
}

// checkHost refuses requests for a host that is not among the names. A page of the web may give its own name the address of
// this machine (DNS rebinding), and would then read what the API answers.
func checkHost(names []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if awsserver.IsNamed(r.Host, names) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"message":"Forbidden: the local run has another name, see HOST in docs/local.md"}`))
	})
}
