package dynamodb_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"postern/local/awsserver"
	"postern/local/chaos"
	local "postern/local/dynamodb"
	"postern/local/iam"
	"postern/local/stacktest"
)

func start(t *testing.T, faults awsserver.Faults) stacktest.Server {
	t.Helper()
	db, err := local.Open(t.TempDir(), stacktest.Stack())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return stacktest.Serve(t, stacktest.NewGuard(), faults, db.Service())
}

func client(server stacktest.Server, c iam.Credentials) *dynamodb.Client {
	return dynamodb.NewFromConfig(server.Client(c))
}

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

func TestTables(t *testing.T) {
	server := start(t, nil)
	client := client(server, server.Issue(t, iam.Operator))
	item := map[string]types.AttributeValue{
		"owner": &types.AttributeValueMemberS{Value: "o"}, "id": &types.AttributeValueMemberS{Value: "1"},
	}
	put := &dynamodb.PutItemInput{TableName: aws.String("uploads"), Item: item, ConditionExpression: aws.String("attribute_not_exists(id)")}
	if _, err := client.PutItem(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	_, err := client.PutItem(t.Context(), put)
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); !ok {
		t.Errorf("the same again: got %v, want a failed condition", err)
	}
	got, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("uploads"), Key: item})
	if err != nil || len(got.Item) != 2 {
		t.Errorf("got %v, %v, want the item", got, err)
	}
	_, err = client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("other"), Key: item})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("another table: got %v, want ResourceNotFoundException", err)
	}
}

// TestRoles checks that roles use only the tables and operations that they may, by the SDK.
func TestRoles(t *testing.T) {
	server := start(t, nil)
	ctx := t.Context()
	user := map[string]types.AttributeValue{"mail": text("a@example.com")}
	upload := map[string]types.AttributeValue{"owner": text("o"), "id": text("1")}
	authorizer, manage := client(server, server.Issue(t, "AuthorizerRole")), client(server, server.Issue(t, "ManageRole"))
	for name, test := range map[string]struct {
		call  func() error
		lacks string // empty: it is allowed
	}{
		"GetItem": {func() error {
			_, err := authorizer.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("users"), Key: user})
			return err
		}, ""},
		"GetItem of a table by its ARN": {func() error {
			_, err := authorizer.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(stacktest.Tables + "uploads"), Key: upload})
			return err
		}, "AuthorizerRole lacks dynamodb:GetItem on " + stacktest.Tables + "uploads"},
		"GetItem of another table": {func() error {
			_, err := authorizer.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("uploads"), Key: upload})
			return err
		}, "AuthorizerRole lacks dynamodb:GetItem on " + stacktest.Tables + "uploads"},
		"GetItem of no table": {func() error {
			_, err := authorizer.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("users-evil"), Key: user})
			return err
		}, "AuthorizerRole lacks dynamodb:GetItem on " + stacktest.Tables + "users-evil"},
		"UpdateItem of a key that is allowed": {func() error {
			_, err := authorizer.UpdateItem(ctx, update("users", "mail", "guesses#1"))
			return err
		}, ""},
		"UpdateItem of another key": {func() error {
			_, err := authorizer.UpdateItem(ctx, update("users", "mail", "a@example.com"))
			return err
		}, "AuthorizerRole lacks dynamodb:UpdateItem on " + stacktest.Tables + "users"},
		"UpdateItem without the table's key": {func() error {
			_, err := authorizer.UpdateItem(ctx, update("users", "owner", "guesses#1"))
			return err
		}, "AuthorizerRole lacks dynamodb:UpdateItem on " + stacktest.Tables + "users"},
		"PutItem": {func() error {
			_, err := authorizer.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("users"), Item: user})
			return err
		}, "AuthorizerRole lacks dynamodb:PutItem on " + stacktest.Tables + "users"},
		"Scan": {func() error {
			_, err := authorizer.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String("users")})
			return err
		}, "AuthorizerRole lacks dynamodb:Scan on " + stacktest.Tables + "users"},
		"DeleteTable": {func() error {
			_, err := authorizer.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String("users")})
			return err
		}, "AuthorizerRole lacks dynamodb:DeleteTable on *"},
		"ExecuteStatement": {func() error {
			_, err := authorizer.ExecuteStatement(ctx, &dynamodb.ExecuteStatementInput{Statement: aws.String(`SELECT * FROM users`)})
			return err
		}, "AuthorizerRole lacks dynamodb:ExecuteStatement on *"},
		"BatchGetItem": {func() error {
			_, err := authorizer.BatchGetItem(ctx, batch(user, "users"))
			return err
		}, ""},
		"BatchGetItem of another table too": {func() error {
			_, err := authorizer.BatchGetItem(ctx, batch(user, "users", "uploads"))
			return err
		}, "AuthorizerRole lacks dynamodb:BatchGetItem on " + stacktest.Tables + "uploads"},
		"Query": {func() error {
			_, err := manage.Query(ctx, query(""))
			return err
		}, ""},
		"Query of an index": {func() error {
			_, err := manage.Query(ctx, query("byStatus"))
			return err
		}, "ManageRole lacks dynamodb:Query on " + stacktest.Tables + "uploads/index/byStatus"},
		"TransactWriteItems": {func() error {
			_, err := manage.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{Put: &types.Put{TableName: aws.String("uploads"), Item: upload}},
			}})
			return err
		}, ""},
		"TransactWriteItems that deletes": {func() error {
			_, err := manage.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{Put: &types.Put{TableName: aws.String("uploads"), Item: upload}},
				{Delete: &types.Delete{TableName: aws.String("uploads"), Key: upload}},
			}})
			return err
		}, "ManageRole lacks dynamodb:DeleteItem on " + stacktest.Tables + "uploads"},
		"TransactWriteItems in another table": {func() error {
			_, err := manage.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{Put: &types.Put{TableName: aws.String("users"), Item: user}},
			}})
			return err
		}, "ManageRole lacks dynamodb:PutItem on " + stacktest.Tables + "users"},
		"TransactGetItems": {func() error {
			_, err := authorizer.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{
				{Get: &types.Get{TableName: aws.String("users"), Key: user}},
			}})
			return err
		}, "AuthorizerRole lacks dynamodb:TransactGetItems on *"},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.call()
			if test.lacks == "" {
				if err != nil {
					t.Errorf("got %v, want it allowed", err)
				}
				return
			}
			if stacktest.Code(err) != "AccessDeniedException" || !strings.Contains(err.Error(), "because no identity-based policy allows the ") {
				t.Errorf("got %v, want AccessDeniedException", err)
			}
			if got := server.Log.Last(); got != "iam: denied: "+test.lacks {
				t.Errorf("logged %q, want %q", got, test.lacks)
			}
		})
	}
}

func update(table, key, value string) *dynamodb.UpdateItemInput {
	return &dynamodb.UpdateItemInput{
		TableName: &table, Key: map[string]types.AttributeValue{key: text(value)}, UpdateExpression: aws.String("SET #n = :n"),
		ExpressionAttributeNames: map[string]string{"#n": "n"}, ExpressionAttributeValues: map[string]types.AttributeValue{":n": text("1")},
	}
}

func batch(key map[string]types.AttributeValue, tables ...string) *dynamodb.BatchGetItemInput {
	input := &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{}}
	for _, table := range tables {
		input.RequestItems[table] = types.KeysAndAttributes{Keys: []map[string]types.AttributeValue{key}}
	}
	return input
}

func query(index string) *dynamodb.QueryInput {
	input := &dynamodb.QueryInput{
		TableName: aws.String("uploads"), KeyConditionExpression: aws.String("#o = :o"),
		ExpressionAttributeNames:  map[string]string{"#o": "owner"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":o": text("o")},
	}
	if index != "" {
		input.IndexName = &index
	}
	return input
}

func TestFaults(t *testing.T) {
	faults := &stacktest.Faults{}
	server := start(t, faults)
	ctx, manage, operator := t.Context(), client(server, server.Issue(t, "ManageRole")), client(server, server.Issue(t, iam.Operator))
	write := func() error {
		_, err := manage.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("uploads"), Item: map[string]types.AttributeValue{"owner": text("o"), "id": text("1")}})
		return err
	}
	transact := func() error {
		_, err := manage.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{TableName: aws.String("uploads"), Item: map[string]types.AttributeValue{"owner": text("o"), "id": text("1")}}},
			{Put: &types.Put{TableName: aws.String("uploads"), Item: map[string]types.AttributeValue{"owner": text("o"), "id": text("2")}}},
		}})
		return err
	}
	count := func() int {
		list, err := operator.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String("uploads")})
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Items {
			if _, err := operator.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String("uploads"), Key: item}); err != nil {
				t.Fatal(err)
			}
		}
		return len(list.Items)
	}
	for name, test := range map[string]struct {
		call          func() error
		before, after chaos.Fault
		code          string
		items         int // that are there afterwards
	}{
		"nothing":                 {write, chaos.None, chaos.None, "", 1},
		"throttle":                {write, chaos.Throttle, chaos.None, "ProvisionedThroughputExceededException", 0},
		"failure before":          {write, chaos.Failure, chaos.None, "InternalServerError", 0},
		"failure after":           {write, chaos.None, chaos.Failure, "InternalServerError", 1},
		"transaction throttled":   {transact, chaos.Throttle, chaos.None, "ThrottlingException", 0},
		"transaction in conflict": {transact, chaos.Conflict, chaos.None, "TransactionCanceledException", 0},
		"transaction that failed": {transact, chaos.None, chaos.Failure, "InternalServerError", 2},
	} {
		faults.BeforeNext, faults.AfterNext = []chaos.Fault{test.before}, []chaos.Fault{test.after}
		err := test.call()
		if code := stacktest.Code(err); code != test.code {
			t.Errorf("%s: got %v, want %q", name, err, test.code)
		}
		if got := count(); got != test.items {
			t.Errorf("%s: %d items are written, want %d", name, got, test.items)
		}
		if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
			var codes []string
			for _, reason := range cancelled.CancellationReasons {
				codes = append(codes, *reason.Code)
			}
			if diff := cmp.Diff(codes, []string{"TransactionConflict", "None"}); diff != "" {
				t.Errorf("%s: reasons (-got +want):\n%s", name, diff)
			}
		}
	}
}

// TestRepeatedTransaction has the SDK repeat transactions whose answers got lost.
func TestRepeatedTransaction(t *testing.T) {
	faults := &stacktest.Faults{AfterNext: []chaos.Fault{chaos.Failure}}
	server := start(t, faults)
	ctx := t.Context()
	manage := dynamodb.New(dynamodb.Options{Region: stacktest.Region, BaseEndpoint: &server.URL, Credentials: server.Issue(t, "ManageRole").Provider()})
	transact := func(token *string, id string) error {
		_, err := manage.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{ClientRequestToken: token, TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{
				TableName: aws.String("uploads"), Item: map[string]types.AttributeValue{"owner": text("o"), "id": &types.AttributeValueMemberS{Value: id}},
				ConditionExpression: aws.String("attribute_not_exists(id)"),
			}},
		}})
		return err
	}
	if err := transact(nil, "1"); err != nil || len(faults.Calls) != 2 {
		t.Errorf("got %v after %d attempts, want success at the second", err, len(faults.Calls))
	}
	if err := transact(nil, "1"); stacktest.Code(err) != "TransactionCanceledException" {
		t.Errorf("another one that does the same: got %v, want its condition to fail", err)
	}
	token := aws.String("a token of the caller")
	if err := transact(token, "2"); err != nil {
		t.Fatal(err)
	}
	if err := transact(token, "2"); err != nil {
		t.Errorf("the same again: got %v", err)
	}
	if err := transact(token, "3"); stacktest.Code(err) != "IdempotentParameterMismatchException" {
		t.Errorf("another one by the same token: got %v, want IdempotentParameterMismatchException", err)
	}
	if err := transact(aws.String("another"), "2"); stacktest.Code(err) != "TransactionCanceledException" {
		t.Errorf("the same by another token: got %v, want its condition to fail", err)
	}
}
