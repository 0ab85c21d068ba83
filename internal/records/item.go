package records

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/internal/upload"
)

// Attributes of an item: the key's, the usage item's, and those of a record that expressions name.
const (
	ownerAttribute = "owner"
	idAttribute    = "id"
	usedAttribute  = "used"
	filesAttribute = "files" // also a record's

	statusAttribute      = "status"
	versionIDAttribute   = "versionId"
	countedAttribute     = "counted"
	versionAttribute     = "version"
	publishedAttribute   = "published"
	titleAttribute       = "title"
	descriptionAttribute = "description"
	labelsAttribute      = "labels"
)

// usageID is the sort key of an owner's usage item. It sorts after every id, because an id begins with a hexadecimal digit.
// So does endOfIDs, at which pages end.
const (
	usageID  = "usage"
	endOfIDs = "g"
)

type item = map[string]types.AttributeValue

func uploadKey(owner, id string) item {
	return item{ownerAttribute: text(owner), idAttribute: text(id)}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// texts returns a list of texts, or null if it is empty.
func texts(list []string) types.AttributeValue {
	if len(list) == 0 {
		return &types.AttributeValueMemberNULL{Value: true}
	}
	values := make([]types.AttributeValue, len(list))
	for i, s := range list {
		values[i] = text(s)
	}
	return &types.AttributeValueMemberL{Value: values}
}

// textFields returns a record's fields that are texts, by attribute.
func textFields(r *upload.Record) map[string]*string {
	return map[string]*string{
		ownerAttribute: &r.Owner, idAttribute: &r.ID, "key": &r.Key, versionIDAttribute: &r.VersionID,
		statusAttribute: (*string)(&r.Status), "reason": (*string)(&r.Reason),
		"type": &r.Type, "detected": &r.Detected, "etag": &r.ETag, "checksum": &r.Checksum, "checksumAlgorithm": &r.ChecksumAlgorithm,
		"filename": &r.Filename, titleAttribute: &r.Title, descriptionAttribute: &r.Description,
		"context": &r.Context, "guest": &r.Guest, "link": &r.Link,
	}
}

// numberFields returns a record's fields that are numbers, by attribute, except files and expires.
func numberFields(r *upload.Record) map[string]*int64 {
	return map[string]*int64{"size": &r.Size, countedAttribute: &r.Counted, versionAttribute: &r.Version}
}

// toItem leaves out empty texts and lists, a zero time and no files. Other numbers and published are always there.
func toItem(r upload.Record) item {
	item := item{publishedAttribute: &types.AttributeValueMemberBOOL{Value: r.Published}}
	for name, value := range textFields(&r) {
		if *value != "" {
			item[name] = text(*value)
		}
	}
	for name, value := range numberFields(&r) {
		item[name] = number(*value)
	}
	if r.Files > 0 {
		item[filesAttribute] = number(r.Files)
	}
	if len(r.Labels) > 0 {
		item[labelsAttribute] = texts(r.Labels)
	}
	if !r.Expires.IsZero() {
		item["expires"] = number(r.Expires.Unix())
	}
	return item
}

// fromItem reads what toItem wrote. Published may be missing, as in items of old local runs: the event is then published again.
// Its error names an attribute, and no value.
func fromItem(item item) (upload.Record, error) {
	var r upload.Record
	for name, field := range textFields(&r) {
		if value, ok := item[name]; ok && !readText(value, field) {
			return upload.Record{}, malformed(name)
		}
	}
	for name, field := range numberFields(&r) {
		if !readNumber(item[name], field) || *field < 0 {
			return upload.Record{}, malformed(name)
		}
	}
	if !readFiles(item, &r.Files) || r.Files < 0 {
		return upload.Record{}, malformed(filesAttribute)
	}
	if value, ok := item[publishedAttribute]; ok && !readBool(value, &r.Published) {
		return upload.Record{}, malformed(publishedAttribute)
	}
	if value, ok := item[labelsAttribute]; ok && !readTexts(value, &r.Labels) {
		return upload.Record{}, malformed(labelsAttribute)
	}
	if value, ok := item["expires"]; ok {
		var seconds int64
		if !readNumber(value, &seconds) {
			return upload.Record{}, malformed("expires")
		}
		r.Expires = time.Unix(seconds, 0).UTC()
	}
	return r, checkStatus(r)
}

// checkStatus checks what every step relies on.
func checkStatus(r upload.Record) error {
	switch r.Status {
	case upload.Accepted, upload.Ready, upload.Rejected:
		if r.VersionID == "" {
			return malformed(versionIDAttribute)
		}
		return nil
	case upload.Deleted:
		return nil
	default:
		return malformed(statusAttribute)
	}
}

func malformed(attribute string) error { return fmt.Errorf("attribute %s is malformed", attribute) }

func readText(value types.AttributeValue, to *string) bool {
	s, ok := value.(*types.AttributeValueMemberS)
	if ok {
		*to = s.Value
	}
	return ok
}

func readBool(value types.AttributeValue, to *bool) bool {
	b, ok := value.(*types.AttributeValueMemberBOOL)
	if ok {
		*to = b.Value
	}
	return ok
}

func readNumber(value types.AttributeValue, to *int64) bool {
	n, ok := value.(*types.AttributeValueMemberN)
	if !ok {
		return false
	}
	number, err := strconv.ParseInt(n.Value, 10, 64)
	*to = number
	return err == nil
}

// readFiles reads a number of files, which is 0 in an item of a time when files were not counted.
func readFiles(item item, to *int64) bool {
	value, ok := item[filesAttribute]
	return !ok || readNumber(value, to)
}

func readTexts(value types.AttributeValue, to *[]string) bool {
	if _, ok := value.(*types.AttributeValueMemberNULL); ok {
		return true
	}
	list, ok := value.(*types.AttributeValueMemberL)
	if !ok {
		return false
	}
	for _, value := range list.Value {
		var s string
		if !readText(value, &s) {
			return false
		}
		*to = append(*to, s)
	}
	return true
}
