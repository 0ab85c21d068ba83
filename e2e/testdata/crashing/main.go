// Crashing runs the real function, which lies beside it as "real", behind proxies that see its calls to AWS, and dies
// with it at the call that the file "crash" beside it says: "3 before" is the third, before it reaches the service;
// "3 after" the third, once it had its effect. The file is gone then.
package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

var folder = filepath.Dir(os.Args[0])

// The calls since a plan was made, and that plan.
var (
	mu      sync.Mutex
	calls   int
	planned string
)

func main() {
	real := exec.Command(filepath.Join(folder, "real"))
	real.Stdout, real.Stderr = os.Stdout, os.Stderr
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "AWS_ENDPOINT_URL_") {
			variable = name + "=" + proxy(value)
		}
		real.Env = append(real.Env, variable)
	}
	_ = real.Run()
	os.Exit(1)
}

// proxy serves a service's address at another one.
func proxy(service string) string {
	target, err := url.Parse(service)
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		host := r.In.Host // signed
		r.SetURL(target)
		r.Out.Host = host
	}}
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			when := due()
			if when == "before" {
				crash()
			}
			forward.ServeHTTP(w, r)
			if when == "after" {
				crash()
			}
		}))
	}()
	return "http://" + listener.Addr().String()
}

// due counts a call, and says when to crash if it is the one of the plan.
func due() (when string) {
	b, _ := os.ReadFile(filepath.Join(folder, "crash")) // empty: nothing is planned
	mu.Lock()
	defer mu.Unlock()
	if planned != string(b) {
		planned, calls = string(b), 0
	}
	calls++
	var at int
	if _, err := fmt.Sscan(planned, &at, &when); err != nil || at != calls {
		return ""
	}
	return when
}

// crash ends this process. The local run kills the rest of its group.
func crash() {
	_ = os.Remove(filepath.Join(folder, "crash"))
	os.Exit(1)
}
