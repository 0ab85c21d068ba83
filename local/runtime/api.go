package runtime

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Headers of the Runtime API.
const (
	headerRequestID   = "Lambda-Runtime-Aws-Request-Id"
	headerDeadline    = "Lambda-Runtime-Deadline-Ms"
	headerFunctionARN = "Lambda-Runtime-Invoked-Function-Arn"
	headerTraceID     = "Lambda-Runtime-Trace-Id"
	headerErrorType   = "Lambda-Runtime-Function-Error-Type"
)

// handler answers the Runtime API below each sandbox's token.
func (ss *sandboxes) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(*sandbox, http.ResponseWriter, *http.Request){
		"GET /{token}/2018-06-01/runtime/invocation/next":           serveNext,
		"POST /{token}/2018-06-01/runtime/invocation/{id}/response": serveResponse,
		"POST /{token}/2018-06-01/runtime/invocation/{id}/error":    serveError,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s := ss.find(r.PathValue("token"))
			if s == nil {
				refuse(w, http.StatusForbidden, "InvalidToken", "no such process")
				return
			}
			handle(s, w, r)
		})
	}
	return mux
}

func serveNext(s *sandbox, w http.ResponseWriter, r *http.Request) {
	if !s.ask() {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the last invocation is not answered")
		return
	}
	defer s.asked()
	select {
	case inv := <-s.next:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set(headerRequestID, inv.id)
		h.Set(headerDeadline, strconv.FormatInt(inv.deadline.UnixMilli(), 10))
		h.Set(headerFunctionARN, inv.arn)
		h.Set(headerTraceID, traceID(time.Now()))
		_, _ = w.Write(inv.payload)
	case <-r.Context().Done():
	}
}

func serveResponse(s *sandbox, w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	a := answer{payload: body}
	tooLarge := len(body) > MaxResponse
	if tooLarge {
		a = answer{err: responseTooLarge()}
	}
	switch {
	case !s.answered(r.PathValue("id"), a):
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "this process has no such invocation")
	case tooLarge:
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", MaxResponse))
	default:
		accept(w)
	}
}

func serveError(s *sandbox, w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	a := answer{err: reported(body, r.Header.Get(headerErrorType))}
	if len(body) > MaxResponse {
		a = answer{err: responseTooLarge()}
	}
	if !s.answered(r.PathValue("id"), a) {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "this process has no such invocation")
		return
	}
	accept(w)
}

// readBody reads what a process posts. It reads one byte more than Lambda allows, to detect a longer body.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxResponse+1))
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", "the body ended early")
		return nil, false
	}
	return body, true
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func refuse(w http.ResponseWriter, status int, errorType, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(FunctionError{Message: message, Type: errorType})
}

// traceID returns an X-Ray trace header that says: not sampled.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func traceID(now time.Time) string {
	var id [20]byte
	rand.Read(id[:])
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", now.Unix(), hex.EncodeToString(id[:12]), hex.EncodeToString(id[12:]))
}
