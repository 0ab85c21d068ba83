package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// A runtimeAPI is Lambda's Runtime API for one process, which it gives the same event as often as told
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
type runtimeAPI struct {
	event []byte
	check func(response []byte) error // whether a response is a good one
	left  atomic.Int64                // how often the event is still given
	more  chan int                    // takes how often it is given once more, after ended gave nil
	ended chan error                  // gets nil when the process asks for more than there is, or what went wrong
}

func newRuntimeAPI(event []byte, check func([]byte) error) *runtimeAPI {
	return &runtimeAPI{event: event, check: check, more: make(chan int), ended: make(chan error, 1)}
}

func (api *runtimeAPI) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", api.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", api.response)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		api.end(fmt.Errorf("the function called %s %s: %s", r.Method, r.URL.Path, body))
		w.WriteHeader(http.StatusAccepted)
	})
	return mux
}

func (api *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	for api.left.Add(-1) < 0 {
		api.end(nil)
		select {
		case times := <-api.more:
			api.left.Store(int64(times))
		case <-r.Context().Done():
			return
		}
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
	header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(30*time.Second).UnixMilli(), 10))
	header.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:bench")
	_, _ = w.Write(api.event)
}

func (api *runtimeAPI) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err = errors.Join(err, api.check(body)); err != nil {
		api.end(err)
	}
	w.WriteHeader(http.StatusAccepted)
}

// end reports the first end.
func (api *runtimeAPI) end(err error) {
	select {
	case api.ended <- err:
	default:
	}
}
