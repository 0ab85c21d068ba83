package stage

import (
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern/api"
)

const (
	mib = 1 << 20
	gib = 1 << 30
)

var (
	region = rule[string]{
		want:  `the name of an AWS region, such as "eu-central-1"`,
		parse: matching(regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)),
	}
	origins = rule[[]string]{
		want:  `a list of origins as browsers send them, without a default port: "https://app.example.com", "https://*.example.com", "capacitor://localhost", "http://localhost:3000" (http on this machine and in private networks only), or "*"`,
		parse: listOf(isOrigin),
	}
	lifetime = rule[time.Duration]{want: `"2m" to "60m", in whole seconds`, parse: parseLifetime}
	size     = rule[int64]{
		want:  fmt.Sprintf(`1 to %d bytes, as a number or as text such as "5 GiB" (B, KiB, MiB, GiB, TiB, kB, MB, GB, TB)`, api.MaxObject),
		parse: parseSize,
	}
	// CloudWatch does not publish to FIFO topics, whose names end with .fifo.
	topic = rule[string]{
		want:  `the ARN of a standard SNS topic, such as "arn:aws:sns:eu-central-1:123456789012:alarms"`,
		parse: matching(regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z]{2}(-[a-z]+)+-[0-9]:[0-9]{12}:[A-Za-z0-9_-]{1,256}$`)),
	}
	mail = rule[string]{
		want:  `one mail address, such as "oncall@example.com"`,
		parse: matching(regexp.MustCompile(`^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)),
	}
	logDays = rule[int]{want: "one of " + words(cloudWatchDays), parse: parseLogDays}
	tags    = rule[map[string]string]{
		want:  "an object of strings: names of 1 to 128 and values of at most 256 letters, digits, spaces and _.:/=+@-, no name beginning with aws:",
		parse: parseTags,
	}
)

// cloudWatchDays are the numbers of days that CloudWatch Logs can keep logs.
// Source: CloudWatch Logs API Reference, PutRetentionPolicy.
var cloudWatchDays = []int{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

var boolean = rule[bool]{want: "true or false", parse: func(value any) (bool, bool) { b, ok := value.(bool); return b, ok }}

func oneOf[T ~string](values ...T) rule[T] {
	return rule[T]{
		want: "one of " + words(values),
		parse: func(value any) (T, bool) {
			s, _ := value.(string)
			return T(s), slices.Contains(values, T(s))
		},
	}
}

func integer(least, most int) rule[int] {
	return rule[int]{
		want: fmt.Sprintf("a whole number from %d to %d", least, most),
		parse: func(value any) (int, bool) {
			n, ok := whole(value)
			return int(n), ok && n >= int64(least) && n <= int64(most)
		},
	}
}

// whole returns a JSON number that has no fraction.
func whole(value any) (int64, bool) {
	f, ok := value.(float64)
	return int64(f), ok && f == math.Trunc(f) && math.Abs(f) <= float64(api.MaxObject)
}

func matching(pattern *regexp.Regexp) func(any) (string, bool) {
	return func(value any) (string, bool) {
		s, ok := value.(string)
		return s, ok && pattern.MatchString(s)
	}
}

func listOf(isAllowed func(string) bool) func(any) ([]string, bool) {
	return func(value any) ([]string, bool) {
		members, ok := value.([]any)
		list := make([]string, len(members))
		for i, member := range members {
			s, isString := member.(string)
			ok = ok && isString && isAllowed(s)
			list[i] = s
		}
		return list, ok
	}
}

var (
	hostName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
	// subdomains is what S3 takes with its one wildcard: every host below a domain.
	subdomains = regexp.MustCompile(`^\*\.[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	// notOrigins are schemes whose pages send no origin of their own.
	notOrigins = []string{"about", "blob", "data", "file", "ftp", "javascript", "ws", "wss"}
)

// isOrigin reports whether s is an origin as browsers and apps with a web view send it, one with a wildcard, or "*".
// Source: Fetch Standard, "Origin header".
func isOrigin(s string) bool {
	if s == "*" {
		return true
	}
	u, err := url.Parse(s)
	// Whatever else a URL can have (a path, a user, an empty port) is what s has besides these.
	if err != nil || s != u.Scheme+"://"+u.Host || strings.HasSuffix(u.Host, ":") || !isOriginPort(u.Scheme, u.Port()) {
		return false
	}
	host := u.Hostname()
	ip, err := netip.ParseAddr(host)
	isIP := err == nil
	switch u.Scheme {
	case "https":
		return isIP || hostName.MatchString(host) || subdomains.MatchString(host)
	case "http":
		return host == "localhost" || strings.HasSuffix(host, ".localhost") && hostName.MatchString(host) ||
			isIP && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast())
	default: // of an app: "capacitor", "ionic", "tauri", "app"
		return hostName.MatchString(host) && !slices.Contains(notOrigins, u.Scheme)
	}
}

// isOriginPort reports whether an origin may have a port: browsers leave the default one out.
func isOriginPort(scheme, port string) bool {
	if port == "" {
		return true
	}
	number, err := strconv.ParseUint(port, 10, 16)
	isDefault := scheme == "https" && number == 443 || scheme == "http" && number == 80
	return err == nil && number > 0 && !isDefault && strconv.FormatUint(number, 10) == port
}

// parseLifetime takes two minutes at least: S3 may refuse good requests at random under a tighter bound of s3:signatureAge.
// Source: Amazon S3 API Reference, "Amazon S3 Signature Version 4 Authentication Specific Policy Keys".
func parseLifetime(value any) (time.Duration, bool) {
	s, _ := value.(string)
	d, err := time.ParseDuration(s)
	return d, err == nil && d >= 2*time.Minute && d <= time.Hour && d%time.Second == 0
}

func parseSize(value any) (int64, bool) {
	n, ok := whole(value)
	if s, isString := value.(string); isString {
		bytes, err := api.ParseSize(s)
		n, ok = bytes, err == nil
	}
	return n, ok && n >= 1 && n <= api.MaxObject
}

func parseLogDays(value any) (int, bool) {
	n, ok := whole(value)
	return int(n), ok && slices.Contains(cloudWatchDays, int(n))
}

var (
	tagName  = regexp.MustCompile(`^[\pL\pN _.:/=+@-]{1,128}$`)
	tagValue = regexp.MustCompile(`^[\pL\pN _.:/=+@-]{0,256}$`)
)

// parseTags accepts the tags that every tagged service accepts.
// Source: Tagging AWS Resources User Guide, "Tag naming limits and requirements".
func parseTags(value any) (map[string]string, bool) {
	members, ok := value.(map[string]any)
	tags := make(map[string]string, len(members))
	for name, member := range members {
		s, isString := member.(string)
		ok = ok && isString && tagName.MatchString(name) && tagValue.MatchString(s) &&
			!strings.HasPrefix(strings.ToLower(name), "aws:")
		tags[name] = s
	}
	return tags, ok && len(tags) <= 40
}

// words lists values for an error, strings in quotes.
func words[T any](values []T) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = show(value)
	}
	return strings.Join(texts, ", ")
}
