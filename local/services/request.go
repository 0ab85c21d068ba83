package services

import (
	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/s3api/utils"
)

// requestKey is where a request's context holds what there is to know of it.
type requestKey struct{}

// A request is what the checks of its caller need besides the operation.
type request struct {
	parameters map[string]string // of the query
	authType   string            // "REST-HEADER" or "REST-QUERY-STRING"; a form shows only once it is read
	date       string            // when it was signed: 20060102T150405Z
}

// readRequest reads what the server is going to read, and where it does.
func readRequest(c fiber.Ctx) request {
	r := request{parameters: c.Queries(), authType: "REST-HEADER", date: c.Get("X-Amz-Date", c.Get(fiber.HeaderDate))}
	if utils.IsPresignedURLAuth(c) {
		r.authType, r.date = "REST-QUERY-STRING", c.Query("X-Amz-Date")
	}
	return r
}
