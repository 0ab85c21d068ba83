package cfn

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

func (r resolver) ref(argument any, path string) (any, error) {
	name, _ := argument.(string)
	if name == "AWS::NoValue" {
		return absent{}, nil
	}
	if value, ok := r.pseudo[name]; ok {
		return value, nil
	}
	if reference, ok := r.references[name]; ok {
		return reference.ref, nil
	}
	return nil, fmt.Errorf("%s: the local run has no value for %q", path, name)
}

func (r resolver) getAtt(argument any, path string) (any, error) {
	id, attribute, ok := "", "", false
	switch argument := argument.(type) {
	case string:
		id, attribute, ok = strings.Cut(argument, ".")
	case []any:
		if len(argument) == 2 {
			id, ok = argument[0].(string)
			attribute, _ = argument[1].(string)
		}
	}
	value, known := r.references[id].attributes[attribute]
	if !ok || !known {
		return nil, fmt.Errorf("%s: the local run has no value for attribute %q of %q", path, attribute, id)
	}
	return value, nil
}

// A reference holds a resource's values of Ref and Fn::GetAtt.
type reference struct {
	ref        string
	attributes map[string]string
}

func bucketReference(n names, id string, _ resource) reference {
	name := n.bucket(id)
	return reference{name, map[string]string{
		"Arn":                "arn:aws:s3:::" + name,
		"DomainName":         name + ".s3.amazonaws.com",
		"RegionalDomainName": name + ".s3." + n.region + ".amazonaws.com",
	}}
}

// arnReference is for resources whose name and ARN alone are known. The format makes the ARN's last part of the name.
func arnReference(service, format string) func(names, string, resource) reference {
	return func(n names, id string, _ resource) reference {
		return reference{n.name(id), map[string]string{"Arn": n.arn(service, fmt.Sprintf(format, n.name(id)))}}
	}
}

func secretReference(n names, id string, _ resource) reference {
	arn := n.arn("secretsmanager", "secret:"+n.name(id)+"-"+n.id(id, 6))
	return reference{arn, map[string]string{"Id": arn}}
}

// queueReference has AWS's URL, so that no address of this machine is in the stack.
func queueReference(n names, id string, _ resource) reference {
	url := "https://sqs." + n.region + ".amazonaws.com/" + n.account + "/" + n.name(id)
	return reference{url, map[string]string{"Arn": n.arn("sqs", n.name(id)), "QueueName": n.name(id), "QueueUrl": url}}
}

func topicReference(n names, id string, _ resource) reference {
	arn := n.arn("sns", n.name(id))
	return reference{arn, map[string]string{"TopicArn": arn, "TopicName": n.name(id)}}
}

func vaultReference(n names, id string, _ resource) reference {
	return reference{n.name(id), map[string]string{"BackupVaultArn": n.arn("backup", "backup-vault:"+n.name(id))}}
}

func roleReference(n names, id string, _ resource) reference {
	return reference{n.name(id), map[string]string{"Arn": "arn:aws:iam::" + n.account + ":role/" + n.name(id)}}
}

func apiReference(n names, id string, _ resource) reference {
	api := n.id(id, 10)
	return reference{api, map[string]string{"RestApiId": api, "RootResourceId": n.id(id+"/", 10)}}
}

// domainReference has names that lead nowhere: the local run has its own address.
func domainReference(n names, id string, r resource) reference {
	name, _ := r.Properties["DomainName"].(string)
	return reference{name, map[string]string{
		"RegionalDomainName":   "d-" + n.id(id, 10) + ".execute-api." + n.region + ".amazonaws.com",
		"RegionalHostedZoneId": "Z" + strings.ToUpper(n.id(id, 10)),
	}}
}

func stageReference(_ names, _ string, r resource) reference {
	name, _ := r.Properties["StageName"].(string)
	return reference{ref: name}
}

// idReference is for resources that only have a made-up id, which one attribute repeats.
func idReference(attribute string) func(names, string, resource) reference {
	return func(n names, id string, _ resource) reference {
		made := n.id(id, 6)
		return reference{made, map[string]string{attribute: made}}
	}
}

// maxBucketName is the longest name of a bucket. Source: S3 User Guide, "General purpose bucket naming rules".
const maxBucketName = 63

// names makes the names and ARNs of a stack's resources from their logical ids, so that a restart finds its data.
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
