package gateway

import (
	"io"
	"net/http"
	"strconv"
)

// An answer is a response that is ready to be sent.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	bodiless := a.status == http.StatusNoContent || a.status == http.StatusNotModified
	if !bodiless {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if !bodiless {
		// A caller who left does not miss the body.
		_, _ = io.WriteString(w, a.body)
	}
}
