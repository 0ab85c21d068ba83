package apigw

import (
	"context"

	"github.com/aws/aws-lambda-go/events"
)

// Handle is Invoke between encoding/json's reading and writing, which what Invoke reads and writes is held to.
func (g *Gateway) Handle(ctx context.Context, event events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	status, body := g.answer(ctx, &event)
	if len(body) > 0 {
		body = append(body, '\n')
	}
	return events.APIGatewayProxyResponse{StatusCode: status, Headers: headersOf(body), Body: string(body)}
}
