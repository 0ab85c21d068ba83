// Package host finds by which addresses and names this machine is reached, and refuses requests by other names.
package host

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

// nameForm matches a name that HOST may have.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// Parse reads HOST: the address or name that URLs have, and more names by which requests may come.
func Parse(text string) ([]string, error) {
	names := strings.Split(text, ",")
	for i, name := range names {
		address, err := netip.ParseAddr(strings.Trim(name, "[]"))
		if err == nil && !address.IsUnspecified() && address.Zone() == "" {
			names[i] = address.Unmap().String()
			continue
		}
		if err == nil || !nameForm.MatchString(name) {
			return nil, fmt.Errorf("HOST is %q: it must be an address of this machine by which others reach it, such as 192.168.1.5, "+
				"or a name of it; more names may follow after commas", text)
		}
	}
	return names, nil
}

// A Host says where the API and S3 are reached.
type Host struct {
	Name      string   // in URLs; may be an address
	Names     []string // that requests may be for
	Addresses []string // to listen at
	IsOpen    bool     // other machines and containers may come
}

// Find finds the address that the first of the names has. The local run listens at 127.0.0.1 too, for this machine's tools. The
// error names HOST, and the name that has no address.
func Find(ctx context.Context, names []string) (Host, error) {
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", names[0])
	if err == nil && len(all) == 0 {
		err = errors.New("it has no address")
	}
	if err != nil {
		return Host{}, fmt.Errorf("HOST is %q: %w", names[0], err)
	}
	for i := range all {
		all[i] = all[i].Unmap()
	}
	address := all[max(0, slices.IndexFunc(all, netip.Addr.Is4))]
	h := Host{Name: names[0], Names: append(slices.Clone(awsserver.LoopbackNames), names...), Addresses: []string{awsserver.Loopback}, IsOpen: !address.IsLoopback()}
	if address.String() != awsserver.Loopback {
		h.Addresses = append(h.Addresses, address.String())
	}
	return h, nil
}

// URL returns the address of what listens at a port, without a slash at its end.
func (h Host) URL(port int) string {
	return "http://" + net.JoinHostPort(h.Name, strconv.Itoa(port))
}

// Check refuses requests for a host that is not among the Names. A page of the web may give its own name the address of
// this machine (DNS rebinding), and would then read what the API answers.
func (h Host) Check(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if awsserver.IsNamed(r.Host, h.Names) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"message":"Forbidden: the local run has another name, see HOST in docs/local.md"}`))
	})
}
