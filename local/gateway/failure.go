package gateway

// A failure is a request that API Gateway answers itself.
type failure struct {
	responseType string
	status       int    // 0: the type's own
	message      string // empty: null
	validation   string // what the request validator found
}

// noStage stands for a path outside of the API, which no gateway response can change.
const noStage = ""

// A responseType is a kind of gateway response: its status code and the x-amzn-ErrorType header.
// Source: "Gateway response types for API Gateway".
type responseType struct {
	status    int
	exception string
}

var responseTypes = map[string]responseType{
	"ACCESS_DENIED":                  {403, "AccessDeniedException"},
	"API_CONFIGURATION_ERROR":        {500, "InternalServerErrorException"},
	"AUTHORIZER_CONFIGURATION_ERROR": {500, "AuthorizerConfigurationException"},
	"AUTHORIZER_FAILURE":             {500, "AuthorizerFailureException"},
	"BAD_REQUEST_BODY":               {400, "BadRequestException"},
	"BAD_REQUEST_PARAMETERS":         {400, "BadRequestException"},
	"DEFAULT_4XX":                    {400, "BadRequestException"},
	"DEFAULT_5XX":                    {500, "InternalServerErrorException"},
	"EXPIRED_TOKEN":                  {403, "ExpiredTokenException"},
	"INTEGRATION_FAILURE":            {504, "InternalServerErrorException"},
	"INTEGRATION_TIMEOUT":            {504, "InternalServerErrorException"},
	"INVALID_API_KEY":                {403, "ForbiddenException"},
	"INVALID_SIGNATURE":              {403, "InvalidSignatureException"},
	"MISSING_AUTHENTICATION_TOKEN":   {403, "MissingAuthenticationTokenException"},
	"QUOTA_EXCEEDED":                 {429, "LimitExceededException"},
	"REQUEST_TOO_LARGE":              {413, "RequestTooLargeException"},
	"RESOURCE_NOT_FOUND":             {404, "NotFoundException"},
	"THROTTLED":                      {429, "TooManyRequestsException"},
	"UNAUTHORIZED":                   {401, "UnauthorizedException"},
	"UNSUPPORTED_MEDIA_TYPE":         {415, "UnsupportedMediaTypeException"},
	"WAF_FILTERED":                   {403, "ForbiddenException"},
	noStage:                          {403, "ForbiddenException"},
}
