package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsbackup"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
)

// backupSchedule is when a copy is made, in UTC: each night.
const backupSchedule = "cron(0 3 * * ? *)"

// newBackup has AWS Backup copy both tables each night into a vault, if the stage wants that, and returns the metric of the
// copies that failed. It is nil in other stages. The bucket is not copied: what an owner deletes must be gone.
func newBackup(stack awscdk.Stack, s stage.Stage, d data) awscloudwatch.IMetric {
	if s.Backup == nil {
		return nil
	}
	vault := newVault(stack, s)
	// AWS Backup acts for every account of AWS: it takes the role for this one only.
	// Source: AWS Backup Developer Guide, "Cross-service confused deputy prevention".
	service := awsiam.NewServicePrincipal(jsii.String("backup.amazonaws.com"), &awsiam.ServicePrincipalOpts{
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": stack.Account()}},
	})
	role := newRole(stack, "BackupRole", service, backupStatements(vault, d))
	// A vault that stays keeps its role, which ends the copies when their days are over.
	role.ApplyRemovalPolicy(removal(s))
	plan := awsbackup.NewCfnBackupPlan(stack, jsii.String("BackupPlan"), &awsbackup.CfnBackupPlanProps{
		BackupPlan: &awsbackup.CfnBackupPlan_BackupPlanResourceTypeProperty{
			BackupPlanName: stack.StackName(),
			BackupPlanRule: &[]any{&awsbackup.CfnBackupPlan_BackupRuleResourceTypeProperty{
				RuleName:           jsii.String("Nightly"),
				TargetBackupVault:  vault.Ref(),
				ScheduleExpression: jsii.String(backupSchedule),
				Lifecycle:          &awsbackup.CfnBackupPlan_LifecycleResourceTypeProperty{DeleteAfterDays: jsii.Number(s.Backup.Days)},
			}},
		},
	})
	awsbackup.NewCfnBackupSelection(stack, jsii.String("BackupSelection"), &awsbackup.CfnBackupSelectionProps{
		BackupPlanId: plan.AttrBackupPlanId(),
		BackupSelection: &awsbackup.CfnBackupSelection_BackupSelectionResourceTypeProperty{
			SelectionName: jsii.String("Tables"),
			IamRoleArn:    role.RoleArn(),
			Resources:     &[]*string{d.users.TableArn(), d.uploads.TableArn()},
		},
	})
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String("AWS/Backup"), MetricName: jsii.String("NumberOfBackupJobsFailed"),
		DimensionsMap: &map[string]*string{"BackupVaultName": vault.Ref()},
		Period:        awscdk.Duration_Days(jsii.Number(1)), Statistic: awscloudwatch.Stats_SUM(),
	})
}

// newVault creates the vault. It cannot do without a name, so the name has a part of the stack's own id: a vault that an
// earlier stack left behind is not in the way.
func newVault(stack awscdk.Stack, s stage.Stage) awsbackup.CfnBackupVault {
	id := awscdk.Fn_Select(jsii.Number(0), awscdk.Fn_Split(jsii.String("-"),
		awscdk.Fn_Select(jsii.Number(2), awscdk.Fn_Split(jsii.String("/"), stack.StackId(), nil)), nil))
	vault := awsbackup.NewCfnBackupVault(stack, jsii.String("BackupVault"), &awsbackup.CfnBackupVaultProps{
		BackupVaultName: jsii.String(*stack.StackName() + "-" + *id),
	})
	vault.ApplyRemovalPolicy(removal(s), nil)
	return vault
}

// backupStatements allow what copying the tables needs, and ending the copies: what AWS's managed policy has for tables, on
// these tables.
// Source: AWS Managed Policy Reference, AWSBackupServiceRolePolicyForBackup.
func backupStatements(vault awsbackup.CfnBackupVault, d data) []*statement {
	tables := []*string{d.users.TableArn(), d.uploads.TableArn()}
	var copies []*string
	for _, table := range tables {
		copies = append(copies, jsii.String(*table+"/backup/*"))
	}
	return []*statement{
		allow("Tables", "dynamodb:DescribeTable", "dynamodb:CreateBackup", "dynamodb:ListTagsOfResource", "dynamodb:StartAwsBackupJob").on(tables...),
		allow("Copies", "dynamodb:DescribeBackup", "dynamodb:DeleteBackup").on(copies...),
		allow("Vault", "backup:DescribeBackupVault").on(vault.AttrBackupVaultArn()),
	}
}
