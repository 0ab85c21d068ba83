package main

import "strings"

// authorization is every value of the event's Authorization headers, however their name is written.
func authorization(event request) []string {
	var values []string
	for name, all := range event.MultiValueHeaders {
		if strings.EqualFold(name, "Authorization") {
			values = append(values, all...)
		}
	}
	if values != nil {
		return values
	}
	for name, value := range event.Headers {
		if strings.EqualFold(name, "Authorization") {
			values = append(values, value)
		}
	}
	return values
}

// mails is every value of the event's query parameter mail.
func mails(event request) []string {
	if values, ok := event.MultiValueQueryStringParameters["mail"]; ok {
		return values
	}
	if value, ok := event.QueryStringParameters["mail"]; ok {
		return []string{value}
	}
	return nil
}
