package cfn

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// maxBucketName is the longest name of a bucket. Source: S3 User Guide, "General purpose bucket naming rules".
const maxBucketName = 63

// names makes names and ARNs of one stack's resources. They follow from the logical id, so a restart finds its data.
type names struct {
	stack, region, account string
}

func (n names) name(id string) string { return n.stack + "-" + id }

// id is a short made-up id of length lower-case letters and digits.
func (n names) id(id string, length int) string {
	sum := sha256.Sum256([]byte(n.name(id)))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:length]
}

func (n names) arn(service, name string) string {
	return "arn:aws:" + service + ":" + n.region + ":" + n.account + ":" + name
}

func (n names) bucket(id string) string {
	name := strings.ToLower(n.name(id))
	if len(name) <= maxBucketName {
		return name
	}
	unique := "-" + n.id(id, 8)
	return name[:maxBucketName-len(unique)] + unique
}
