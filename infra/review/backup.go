package review

import (
	"slices"
	"strings"

	"postern/internal/cfn"
)

const vaultType = "AWS::Backup::BackupVault"

var backupRules = []rule{
	{"copies of the tables", "TestBackup", eachChosen(vaultType, vaultIsUsed)},
	{"plan of the copies", "TestBackup", eachChosen("AWS::Backup::BackupPlan", planHolds)},
}

// vaultIsUsed finds tables that are not copied although the stage has a vault, and a vault whose failures nobody hears of.
func vaultIsUsed(s stack, id string, _ cfn.Resource) []Finding {
	var selected strings.Builder
	for _, selection := range s.of("AWS::Backup::BackupSelection") {
		selected.WriteString(cfn.Text(s.Resources[selection].At("BackupSelection/Resources")))
	}
	var all []Finding
	for _, table := range s.of(tableType) {
		if !strings.Contains(selected.String(), "${"+table+".Arn}") {
			all = append(all, found(table, "the table must be in the selection of AWS Backup: the stage wants copies of its tables"))
		}
	}
	if !slices.ContainsFunc(s.of(alarmType), func(a string) bool { return watches(s.Resources[a], "AWS/Backup", id) }) {
		all = append(all, found(id, "an alarm must watch the copies that fail: otherwise nobody notices that there are none"))
	}
	return all
}

// planHolds finds copies that are kept for ever, and those that lie in another place.
func planHolds(s stack, id string, r cfn.Resource) []Finding {
	var all []Finding
	rules, _ := r.At("BackupPlan/BackupPlanRule").([]any)
	for _, member := range rules {
		properties, _ := member.(map[string]any)
		rule := cfn.Resource{Properties: properties}
		if !between(1, 3650).holds(rule.At("Lifecycle/DeleteAfterDays")) {
			all = append(all, found(id, "Lifecycle.DeleteAfterDays must be 1 to 3650: otherwise the copies, with mails and hashes of passwords, are kept for ever"))
		}
		if s.Resources[refersTo(rule.At("TargetBackupVault"))].Type != vaultType {
			all = append(all, found(id, "TargetBackupVault must be a vault of the stack"))
		}
	}
	return all
}
