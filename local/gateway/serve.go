package gateway

import "net/http"

// ServeHTTP answers one request and logs it.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := g.begin(r)
	answer, failure := g.handle(x)
	if failure != nil {
		x.failure = failure
		answer = g.refuse(x, failure)
	}
	answer.header.Set("X-Amzn-Requestid", x.id)
	answer.header.Set("X-Amz-Apigw-Id", x.extendedID)
	answer.write(w)
	x.answer, x.took = answer, g.options.Now().Sub(x.start)
	g.log(x)
}

// handle goes through API Gateway's steps in its order: a caller learns which parameters are missing only once it is
// authorized.
func (g *gateway) handle(x *exchange) (answer, *failure) {
	if f := g.find(x); f != nil {
		return answer{}, f
	}
	if f := x.readBody(); f != nil {
		return answer{}, f
	}
	if f := g.authorize(x); f != nil {
		return answer{}, f
	}
	if f := x.validate(); f != nil {
		return answer{}, f
	}
	if x.route.mock != nil {
		return x.route.mock.answer(x.request)
	}
	return g.invoke(x)
}
