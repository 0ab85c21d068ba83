package stack_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBackup reads what AWS Backup copies, for how long, and what its role may do.
func TestBackup(t *testing.T) {
	for kind, want := range map[string]map[string]any{
		"AWS::Backup::BackupPlan": {"BackupPlan": map[string]any{
			"BackupPlanName": "Postern-choices",
			"BackupPlanRule": []any{map[string]any{
				"RuleName": "Nightly", "TargetBackupVault": "${BackupVault}", "ScheduleExpression": "cron(0 3 * * ? *)",
				"Lifecycle": map[string]any{"DeleteAfterDays": 90.0},
			}},
		}},
		"AWS::Backup::BackupSelection": {
			"BackupPlanId": "${BackupPlan.BackupPlanId}",
			"BackupSelection": map[string]any{
				"SelectionName": "Tables", "IamRoleArn": "${BackupRole.Arn}", "Resources": []any{"${Users.Arn}", "${UploadsTable.Arn}"},
			},
		},
	} {
		got := written(choices.only(t, kind).Properties).(map[string]any)
		delete(got, "BackupPlanTags")
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", kind, diff)
		}
	}
	if vault := choices.only(t, "AWS::Backup::BackupVault"); vault.DeletionPolicy != "RetainExceptOnCreate" || vault.UpdateReplacePolicy != "Retain" {
		t.Errorf("the vault of a stage that keeps its data: got %s, %s", vault.DeletionPolicy, vault.UpdateReplacePolicy)
	}
	role := choices.of("AWS::IAM::Role")["BackupRole"]
	if diff := cmp.Diff(permissions(role), []statement{
		{
			sid: "Tables", effect: "Allow", resources: []string{"${UploadsTable.Arn}", "${Users.Arn}"},
			actions: []string{"dynamodb:CreateBackup", "dynamodb:DescribeTable", "dynamodb:ListTagsOfResource", "dynamodb:StartAwsBackupJob"},
		},
		{
			sid: "Copies", effect: "Allow", resources: []string{"${UploadsTable.Arn}/backup/*", "${Users.Arn}/backup/*"},
			actions: []string{"dynamodb:DeleteBackup", "dynamodb:DescribeBackup"},
		},
		{sid: "Vault", effect: "Allow", resources: []string{"${BackupVault.BackupVaultArn}"}, actions: []string{"backup:DescribeBackupVault"}},
	}, cmp.AllowUnexported(statement{})); diff != "" {
		t.Errorf("role (-got +want):\n%s", diff)
	}
	trust := statements(role.Properties["AssumeRolePolicyDocument"])
	if diff := cmp.Diff(trust, []statement{{
		effect: "Allow", actions: []string{"sts:AssumeRole"}, principal: map[string]any{"Service": "backup.amazonaws.com"},
		condition: map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": "${AWS::AccountId}"}},
	}}, cmp.AllowUnexported(statement{})); diff != "" {
		t.Errorf("who takes the role (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(readAlarm(t, "BackupFails", choices.of("AWS::CloudWatch::Alarm")["BackupFails"]), alarmRow{
		"BackupFails", "AWS/Backup NumberOfBackupJobsFailed", "BackupVaultName=${BackupVault}", "Sum", 86400, 1, 0,
	}, cmp.AllowUnexported(alarmRow{})); diff != "" {
		t.Errorf("alarm (-got +want):\n%s", diff)
	}
	if len(templates["prod"].of("AWS::Backup::BackupVault")) != 0 {
		t.Error("a stage that says nothing has a vault")
	}
}
