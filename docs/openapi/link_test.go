package main

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLinks compares what each answer leads to with what a person would call next.
func TestLinks(t *testing.T) {
	upload := func(pointer string, without ...string) map[string]string {
		all := map[string]string{}
		for _, name := range []string{"getUpload", "describeUpload", "deleteUpload", "getDownload", "signParts", "signPartsList", "signCompletion"} {
			all[name] = "id=$response.body#" + pointer
		}
		for _, name := range without {
			delete(all, name)
		}
		return all
	}
	listed := upload("/uploads/0/id")
	listed["listUploads"] = "cursor=$response.body#/cursor"
	want := map[string]map[string]string{
		"createUpload":   upload("/id"),
		"getUpload":      upload("/id", "getUpload"),
		"describeUpload": upload("/id", "describeUpload"),
		"listUploads":    listed,
		"createKey":      {"revokeKey": "keyId=$response.body#/id"},
		"listKeys":       {"revokeKey": "keyId=$response.body#/keys/0/id"},
		"createLink":     {"revokeLink": "linkId=$response.body#/id"},
	}
	document := load(t, generated(t))
	operations := map[string]map[string]bool{} // the parameters of each, by operation id
	got := map[string]map[string]string{}
	for _, item := range document.Paths.Map() {
		for _, o := range item.Operations() {
			operations[o.OperationID] = map[string]bool{}
			for _, parameter := range o.Parameters {
				operations[o.OperationID][parameter.Value.Name] = true
			}
			for _, response := range o.Responses.Map() {
				for name, link := range response.Value.Links {
					if got[o.OperationID] == nil {
						got[o.OperationID] = map[string]string{}
					}
					for parameter, value := range link.Value.Parameters {
						got[o.OperationID][name] += fmt.Sprintf("%s=%v", parameter, value)
					}
				}
			}
		}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("links (-got +want):\n%s", diff)
	}
	for from, links := range got {
		for to := range links {
			if operations[to] == nil {
				t.Errorf("%s leads to %s, which is no operation", from, to)
			}
		}
	}
}
