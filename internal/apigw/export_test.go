package apigw

import (
	"context"

	"github.com/aws/aws-lambda-go/events"
)

// Handle is Invoke between encoding/json's reading and writing, which what Invoke reads and writes is held to.
func (g *Gateway) Handle(ctx context.Context, event events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	a := g.answer(ctx, &event)
	if len(a.body) > 0 {
		a.body = append(a.body, '\n')
	}
	return events.APIGatewayProxyResponse{StatusCode: a.status, Headers: headersOf(a.body, a.headers), Body: string(a.body)}
}

// MaxBuckets is how many buckets a throttle remembers at most.
const MaxBuckets = maxBuckets

// Admit is admit.
func (t *Throttle) Admit(event *events.APIGatewayProxyRequest) error { return t.admit(event) }

// Buckets returns how many buckets the gateway's throttle remembers.
func (g *Gateway) Buckets() int { return len(g.throttle.full) }
