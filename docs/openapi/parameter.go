package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"postern/api"
	"postern/internal/contract"
)

// A description holds what the route table does not say of a parameter.
type description struct {
	text    string
	schema  *openapi3.Schema
	example any
}

// descriptions describes each parameter by place and name.
var descriptions = map[string]description{
	"path id": {
		"The upload's id, as it was granted.",
		openapi3.NewStringSchema().WithPattern("^" + idPattern + "$"), exampleID,
	},
	"path keyId": {
		"The id of the key for scripts, as the list of keys has it.",
		openapi3.NewStringSchema().WithPattern("^" + scriptKeyIDPattern + "$"), exampleKeyID,
	},
	"path linkId": {
		"The id of the link for guests, as it was answered when the link was made.",
		openapi3.NewStringSchema().WithPattern("^" + linkIDPattern + "$"), exampleLinkID,
	},
	"path file": {
		"The file's name: postern.js is the client module, postern.d.ts has its types.",
		openapi3.NewStringSchema().WithPattern(`^[A-Za-z0-9._-]{1,64}$`), "postern.js",
	},
	"header If-Match": {
		`The version that the upload has to have, in quotes, or * for any: otherwise nothing is changed. Default: any.`,
		openapi3.NewStringSchema().WithPattern(`^(\*|"(0|[1-9][0-9]{0,18})")$`), `"3"`,
	},
	"query mail": {
		"The mail address of the user whom the request acts for: the caller's own, or any if the caller has the role service. A + is sent as %2B. Never together with subject.",
		openapi3.NewStringSchema().WithMinLength(3).WithMaxLength(254), exampleMail,
	},
	"query subject": {
		"The subject of the user whom the request acts for, as the identity provider names it: the caller's own, or any if the caller has the role service. Never together with mail.",
		openapi3.NewStringSchema().WithPattern(fmt.Sprintf("^[ -~]{1,%d}$", api.MaxSubject)), exampleSubject,
	},
	"query filename": {
		`The file's name: 1 to 255 characters of UTF-8 without control characters, / and \. Its extension chooses the format. Default: no name.`,
		openapi3.NewStringSchema().WithMinLength(1).WithMaxLength(api.MaxFilename), "intro.mp4",
	},
	"query type": {
		"The file's content type, as a browser or a system names it: a hint. It chooses the format if there is no file name, and must fit it otherwise. Empty and application/octet-stream say nothing. Default: the file name's, or video/mp4.",
		openapi3.NewStringSchema(), "video/mp4",
	},
	"query limit": {
		"How many uploads the page has at most.",
		openapi3.NewIntegerSchema().WithMin(1).WithMax(api.MaxPage).WithDefault(api.DefaultPage), 20,
	},
	"query cursor": {
		"The cursor of the page before, as it was answered. Default: the first page.",
		openapi3.NewStringSchema().WithMinLength(1).WithMaxLength(longestCursor), exampleCursor,
	},
	"query context": {
		"The one context whose uploads are listed. Default: all.",
		openapi3.NewStringSchema().WithMinLength(1).WithMaxLength(api.MaxContext), exampleContext,
	},
	"query disposition": {
		"Whether a browser saves the file or shows it. It shows only types in which no browser runs scripts: pictures, video, sound and plain text.",
		enumeration(api.Dispositions).WithDefault(api.Attachment), api.Inline,
	},
	"query expires": {
		"How long the URL is valid, in seconds: at most as long as the stage's signatures. Default: 300, or less if those live shorter.",
		openapi3.NewIntegerSchema().WithMin(api.MinDownload), 900,
	},
	"query status": {
		"The one status whose uploads are listed, among those that have a record: one whose bytes have not been looked at is found by its id alone. Default: all.",
		enumeration(api.Statuses), api.StatusReady,
	},
}

func enumeration(values []string) *openapi3.Schema {
	schema := openapi3.NewStringSchema()
	oneOf(values...)(schema)
	return schema
}

// routeParameters returns what a route reads besides its body.
func routeParameters(route contract.Route) (openapi3.Parameters, error) {
	var all openapi3.Parameters
	add := func(parameter *openapi3.Parameter) error {
		d, ok := descriptions[parameter.In+" "+parameter.Name]
		if !ok {
			return fmt.Errorf("%s parameter %s has no description", parameter.In, parameter.Name)
		}
		parameter = parameter.WithDescription(d.text).WithSchema(d.schema)
		parameter.Example = d.example
		all = append(all, &openapi3.ParameterRef{Value: parameter})
		return nil
	}
	var errs []error
	for _, name := range pathParameters(route) {
		errs = append(errs, add(openapi3.NewPathParameter(name)))
	}
	for _, query := range route.Query {
		errs = append(errs, add(openapi3.NewQueryParameter(query.Name)))
	}
	if route.Conditional {
		errs = append(errs, add(openapi3.NewHeaderParameter("If-Match")))
	}
	return all, errors.Join(errs...)
}

// pathParameters returns the names of a route's path parameters.
func pathParameters(route contract.Route) []string {
	var names []string
	for segment := range strings.SplitSeq(route.Path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}
	return names
}
