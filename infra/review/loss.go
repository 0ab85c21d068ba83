package review

import (
	"fmt"
	"reflect"
	"strings"

	"postern/internal/cfn"
)

// data are the types that hold what cannot be made again, and what a stack without the old resource means.
var data = map[string]struct{ kept, deleted string }{
	bucketType: {"this orphans your data: the files stay in a bucket that the stack no longer knows", "this deletes your data: the files"},
	tableType:  {"this orphans your data: the rows stay in a table that the stack no longer knows", "this deletes your data: the table's rows"},
	secretType: {"this orphans your data: with another key every owner is another, and nobody finds their uploads", "this deletes your data: with another key every owner is another, and nobody finds their uploads"},
	queueType:  {"the queue's messages stay behind", "the queue's messages are deleted"},
	groupType:  {"the logs stay in a group that the stack no longer knows", "the logs are deleted"},
	apiType:    {"the API's address changes, and clients no longer reach it", "the API's address changes, and clients no longer reach it"},
	domainType: {"the API's address changes, and clients no longer reach it", "the API's address changes, and clients no longer reach it"},
	vaultType:  {"the copies of the tables stay in a vault that the stack no longer knows", "the copies of the tables are in the way: AWS deletes no vault that has some"},
}

// replacing are the properties whose change has CloudFormation make a new resource.
// Source: CloudFormation Template Reference, "Update requires: Replacement" of each type.
var replacing = map[string][]string{
	bucketType:     {"BucketName", "BucketNamePrefix"},
	tableType:      {"TableName", "KeySchema", "ImportSourceSpecification"},
	secretType:     {"Name"},
	queueType:      {"QueueName", "FifoQueue"},
	groupType:      {"LogGroupName", "LogGroupClass"},
	functionType:   {"FunctionName", "PackageType", "TenancyConfig"},
	roleType:       {"RoleName", "Path"},
	alarmType:      {"AlarmName"},
	stageType:      {"StageName", "RestApiId"},
	methodType:     {"HttpMethod", "ResourceId", "RestApiId"},
	sourceType:     {"EventSourceArn", "StartingPosition"},
	authorizerType: {"RestApiId"},

	domainType: {"DomainName"},
	vaultType:  {"BackupVaultName", "EncryptionKeyArn"},

	"AWS::ApiGateway::BasePathMapping": {"DomainName", "BasePath"},
	"AWS::Backup::BackupSelection":     {"BackupPlanId", "BackupSelection"},
	"AWS::Route53::RecordSet":          {"HostedZoneId", "Name", "Type"},
	"AWS::ApiGateway::Resource":        {"ParentId", "PathPart", "RestApiId"},
	"AWS::ApiGateway::GatewayResponse": {"ResponseType", "RestApiId"},
	"AWS::Events::Rule":                {"Name", "EventBusName"},
	"AWS::Lambda::Permission":          {"Action", "FunctionName", "Principal", "SourceArn", "SourceAccount"},
	"AWS::Logs::MetricFilter":          {"FilterName", "LogGroupName"},
	"AWS::S3::BucketPolicy":            {"Bucket"},
	"AWS::WAFv2::WebACL":               {"Name", "Scope"},
	"AWS::WAFv2::WebACLAssociation":    {"ResourceArn", "WebACLArn"},
}

// replacedBy returns the property whose change replaces a resource, or nothing.
func replacedBy(old, made cfn.Resource) string {
	for _, property := range replacing[old.Type] {
		if !reflect.DeepEqual(old.Properties[property], made.Properties[property]) {
			return property
		}
	}
	return ""
}

// losses returns a line for each resource whose content the change loses, or protects no longer.
func losses(old, made *cfn.Template) []string {
	var lines []string
	for _, id := range missing(old, made) {
		r := old.Resources[id]
		if what, ok := data[r.Type]; ok {
			lines = append(lines, fmt.Sprintf("%s (%s) has another logical id, or is gone: %s", code(name(id)), r.Type, ifKept(what.kept, what.deleted, isKept(r))))
		}
	}
	for _, id := range shared(old, made) {
		r, now := old.Resources[id], made.Resources[id]
		what, ok := data[r.Type]
		if property := replacedBy(r, now); property != "" && ok {
			lines = append(lines, fmt.Sprintf("%s (%s) is replaced, because %s changes: %s", code(name(id)), r.Type, code(property), ifKept(what.kept, what.deleted, isKeptOnUpdate(r))))
		}
		if isKept(r) && !isKept(now) || isKeptOnUpdate(r) && !isKeptOnUpdate(now) {
			lines = append(lines, fmt.Sprintf("%s (%s) is kept no longer: whoever deletes or replaces it deletes what it holds", code(name(id)), r.Type))
		}
		if r.Type == apiType && !isHostOff(r) && isHostOff(now) {
			lines = append(lines, fmt.Sprintf("%s (%s) is no longer reached by API Gateway's own host: clients must use the stage's domain", code(name(id)), r.Type))
		}
		if protects(r) && !protects(now) {
			lines = append(lines, fmt.Sprintf("%s (%s) loses its deletion protection", code(name(id)), r.Type))
		}
	}
	return lines
}

func ifKept(kept, deleted string, isKept bool) string {
	if isKept {
		return kept
	}
	return deleted
}

// isHostOff reports whether API Gateway's own host refuses all requests to an API.
func isHostOff(r cfn.Resource) bool { return cfn.Text(r.At("DisableExecuteApiEndpoint")) == "true" }

func protects(r cfn.Resource) bool { return cfn.Text(r.At("DeletionProtectionEnabled")) == "true" }

// told are the types that have a section of their own, or follow from others.
var told = map[string]bool{
	methodType: true, alarmType: true, "AWS::ApiGateway::Resource": true, "AWS::ApiGateway::Deployment": true,
}

// resourceChanges returns what is made, deleted and replaced.
func resourceChanges(old, made *cfn.Template) []string {
	var lines []string
	for _, id := range missing(made, old) {
		if r := made.Resources[id]; !told[r.Type] {
			lines = append(lines, fmt.Sprintf("added: %s (%s)", code(name(id)), r.Type))
		}
	}
	for _, id := range missing(old, made) {
		if r := old.Resources[id]; !told[r.Type] {
			lines = append(lines, fmt.Sprintf("removed: %s (%s)", code(name(id)), r.Type))
		}
	}
	for _, id := range shared(old, made) {
		r := old.Resources[id]
		if property := replacedBy(r, made.Resources[id]); property != "" && !told[r.Type] {
			lines = append(lines, fmt.Sprintf("replaced: %s (%s), because %s changes", code(name(id)), r.Type, code(property)))
		}
	}
	return lines
}

// code returns a text as Markdown's code. What it holds is never Markdown: it comes from the change that is reviewed.
func code(text string) string {
	const most = 240
	text = strings.NewReplacer("`", "'", "\n", " ", "\r", " ").Replace(plain(text))
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return "`" + text + "`"
}
