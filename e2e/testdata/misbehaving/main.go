// Misbehaving is a function that fails in the way its query's filename says.
package main

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(ctx context.Context, event events.APIGatewayProxyRequest) (any, error) {
		switch event.QueryStringParameters["filename"] {
		case "panic":
			panic("secret detail")
		case "exit":
			os.Exit(3)
		case "hang":
			time.Sleep(time.Hour)
		case "garbage":
			return "not an answer", nil
		case "large":
			return events.APIGatewayProxyResponse{StatusCode: 200, Body: string(make([]byte, 7<<20))}, nil
		case "error":
			return nil, context.Canceled
		}
		return events.APIGatewayProxyResponse{StatusCode: 200, Body: "{}"}, nil
	})
}
