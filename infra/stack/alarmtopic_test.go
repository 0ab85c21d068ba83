package stack_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/google/go-cmp/cmp"

	"postern/infra/stage"
)

// actions returns what each alarm of a template notifies, by the alarm's name: when it begins, and when it ends.
func (t *template) actions() map[string][]any {
	told := map[string][]any{}
	for _, kind := range []string{"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"} {
		for name, alarm := range t.of(kind) {
			told[name] = []any{written(alarm.Properties["AlarmActions"]), written(alarm.Properties["OKActions"])}
		}
	}
	return told
}

// TestWhoIsTold holds every alarm to the stage's topic, or to none.
func TestWhoIsTold(t *testing.T) {
	const own = "arn:aws:sns:eu-central-1:123456789012:alarms"
	for name, test := range map[string]struct {
		change func(*stage.Stage)
		want   any // actions
		made   int // topics
	}{
		"nobody":      {func(*stage.Stage) {}, nil, 0},
		"a topic":     {func(s *stage.Stage) { s.AlarmTopic = own }, []any{own}, 0},
		"an address":  {func(s *stage.Stage) { s.AlarmMail = "oncall@example.com" }, []any{"${Alarms}"}, 1},
		"with a wall": {func(s *stage.Stage) { s.AlarmTopic, s.WAF = own, stage.RateWAF }, []any{own}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := stages["dev"]
			test.change(&s)
			made, err := synthesize(t, s, func(awsapigateway.RestApi) {})
			if err != nil {
				t.Fatal(err)
			}
			told := made.actions()
			if len(told) < 4 {
				t.Fatalf("got %d alarms, want more", len(told))
			}
			for alarm, got := range told {
				if diff := cmp.Diff(got, []any{test.want, test.want}); diff != "" {
					t.Errorf("%s (-got +want):\n%s", alarm, diff)
				}
			}
			if got := len(made.of("AWS::SNS::Topic")); got != test.made {
				t.Errorf("got %d topics, want %d", got, test.made)
			}
		})
	}
}

// TestAlarmTopic reads who may publish to the topic of a stage with an address, and who may use its key.
func TestAlarmTopic(t *testing.T) {
	s := stages["dev"]
	s.AlarmMail = "oncall@example.com"
	made, err := synthesize(t, s, func(awsapigateway.RestApi) {})
	if err != nil {
		t.Fatal(err)
	}
	cloudWatch := map[string]any{"Service": "cloudwatch.amazonaws.com"}
	topic := made.only(t, "AWS::SNS::TopicPolicy").Properties
	if diff := cmp.Diff(statements(topic["PolicyDocument"])[1:], []statement{{
		sid: "Alarms", effect: "Allow", actions: []string{"sns:Publish"}, resources: []string{"${Alarms}"}, principal: cloudWatch,
		condition: map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": "${AWS::AccountId}"},
			"ArnLike":      map[string]any{"aws:SourceArn": "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:Postern-dev-*"},
		},
	}}, cmp.AllowUnexported(statement{})); diff != "" {
		t.Errorf("who may publish (-got +want):\n%s", diff)
	}
	if got := statements(topic["PolicyDocument"])[0]; got.effect != "Deny" || write(got.condition["Bool"].(map[string]any)["aws:SecureTransport"]) != "false" {
		t.Errorf("got %+v, want what comes without TLS denied", got)
	}
	key := made.only(t, "AWS::KMS::Key").Properties
	policy := statements(key["KeyPolicy"])
	if diff := cmp.Diff(policy[1:], []statement{{
		sid: "Alarms", effect: "Allow", actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, resources: []string{"*"}, principal: cloudWatch,
	}}, cmp.AllowUnexported(statement{})); diff != "" {
		t.Errorf("who may use the key (-got +want):\n%s", diff)
	}
	for _, action := range policy[0].actions {
		if action == "kms:Decrypt" || action == "kms:CreateGrant" || action == "kms:*" {
			t.Errorf("the account may %s", action)
		}
	}
	if key["EnableKeyRotation"] != true {
		t.Error("the key does not rotate")
	}
	if got, want := write(made.only(t, "AWS::SNS::Topic").Properties["KmsMasterKeyId"]), "${AlarmKey.Arn}"; got != want {
		t.Errorf("the topic's key: got %s, want %s", got, want)
	}
	subscription := written(made.only(t, "AWS::SNS::Subscription").Properties)
	if diff := cmp.Diff(subscription, any(map[string]any{"TopicArn": "${Alarms}", "Protocol": "email", "Endpoint": "oncall@example.com"})); diff != "" {
		t.Errorf("subscription (-got +want):\n%s", diff)
	}
}
