package main

import (
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"

	"postern/lambda/contract"
)

// A description says of a query parameter what the route table does not.
type description struct {
	text    string
	schema  *openapi3.Schema
	example string
}

// descriptions are those of the query parameters, by name.
var descriptions = map[string]description{
	"mail": {
		"The mail address of the user whom the upload is for: the caller's own, or any if the caller has the role service. A + is sent as %2B.",
		openapi3.NewStringSchema().WithMinLength(3).WithMaxLength(254), exampleMail,
	},
	"filename": {
		`The file's name: 1 to 255 bytes of UTF-8 without control characters, / and \. Its extension chooses the format. Default: no name.`,
		openapi3.NewStringSchema().WithMinLength(1).WithMaxLength(255), "intro.mp4",
	},
	"type": {
		"The file's content type, in any case. It chooses the format if there is no file name, and must fit it otherwise. Default: the file name's, or video/mp4.",
		openapi3.NewStringSchema().WithMinLength(1), "video/mp4",
	},
}

func parameters(route contract.Route) (openapi3.Parameters, error) {
	var all openapi3.Parameters
	for _, query := range route.Query {
		d, ok := descriptions[query.Name]
		if !ok {
			return nil, fmt.Errorf("query parameter %s has no description", query.Name)
		}
		parameter := openapi3.NewQueryParameter(query.Name).WithRequired(query.Required).WithDescription(d.text).WithSchema(d.schema)
		parameter.Example = d.example
		all = append(all, &openapi3.ParameterRef{Value: parameter})
	}
	return all, nil
}
