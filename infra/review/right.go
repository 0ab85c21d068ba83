package review

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"postern/internal/cfn"
)

// rights returns every statement of a template by a name that a change keeps: the resource's and its own.
func rights(t *cfn.Template) map[string]statement {
	all := map[string]statement{}
	add := func(id, part string, list []statement) {
		for i, s := range list {
			key := name(id) + part
			if s.sid != "" {
				key += " / " + s.sid
			} else if i > 0 {
				key += fmt.Sprintf(" / %d", i+1)
			}
			all[key] = s
		}
	}
	for id, r := range t.Resources {
		switch r.Type {
		case roleType:
			add(id, "", inline(r))
			add(id, " / trust", statements(r.At("AssumeRolePolicyDocument")))
			if managed := cfn.Texts(r.At("ManagedPolicyArns")); len(managed) > 0 {
				all[name(id)+" / managed policies"] = statement{effect: "Allow", actions: managed}
			}
		case "AWS::Lambda::Permission":
			s := statement{
				effect: "Allow", actions: cfn.Texts(r.At("Action")), resources: cfn.Texts(r.At("FunctionName")),
				principals: []string{"Service " + cfn.Text(r.At("Principal"))},
			}
			if source := cfn.Text(r.At("SourceArn")); source != "" {
				s.conditions = []string{"ArnLike aws:SourceArn: " + source}
			}
			all[name(id)] = s
		default:
			if document := r.At("PolicyDocument"); document != nil {
				add(id, "", statements(document))
			}
		}
	}
	return all
}

// rightChanges returns the statements that allow more, and those that allow less or are written in another way. Those that
// change alike share a line.
func rightChanges(old, made *cfn.Template) (broadened, narrowed []string) {
	before, after := rights(old), rights(made)
	var more, others grouped
	for _, key := range slices.Sorted(maps.Keys(before)) {
		was := before[key]
		now, ok := after[key]
		if !ok {
			group := &others
			if was.effect == "Deny" {
				group = &more
			}
			group.add(key, fmt.Sprintf("gone: %s %s", strings.ToLower(was.effect), code(was.String())))
			continue
		}
		if was.equal(now) {
			continue
		}
		if group := &others; !now.allowsMore(was) {
			group.add(key, difference(was, now))
		} else {
			more.add(key, difference(was, now))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(after)) {
		if _, ok := before[key]; !ok {
			group := &more
			if after[key].effect == "Deny" {
				group = &others
			}
			group.add(key, fmt.Sprintf("new: %s %s", strings.ToLower(after[key].effect), code(after[key].String())))
		}
	}
	return more.lines(), others.lines()
}

// allowsMore reports whether a statement allows anything that another did not, or no longer denies what that did.
func (s statement) allowsMore(other statement) bool {
	if s.effect != other.effect {
		return s.effect == "Allow"
	}
	if s.effect == "Deny" {
		return other.isWider(s)
	}
	return s.isWider(other)
}

// isWider reports whether a statement is about something that another is not about.
func (s statement) isWider(than statement) bool {
	if len(less(s.actions, than.actions))+len(less(s.resources, than.resources))+len(less(s.principals, than.principals))+len(less(s.others, than.others)) > 0 {
		return true
	}
	for _, condition := range than.conditions {
		key, values, _ := strings.Cut(condition, ": ")
		if !slices.ContainsFunc(s.conditions, func(mine string) bool {
			myKey, myValues, _ := strings.Cut(mine, ": ")
			return myKey == key && len(less(strings.Split(myValues, " or "), strings.Split(values, " or "))) == 0
		}) {
			return true
		}
	}
	return false
}

// difference returns what one statement has and the other has not.
func difference(was, now statement) string {
	var parts []string
	add := func(what string, texts []string) {
		for i, text := range texts {
			texts[i] = code(text)
		}
		if len(texts) > 0 {
			parts = append(parts, what+" "+strings.Join(texts, ", "))
		}
	}
	if was.effect != now.effect {
		parts = append(parts, fmt.Sprintf("%s instead of %s", now.effect, was.effect))
	}
	add("also", less(now.actions, was.actions))
	add("no longer", less(was.actions, now.actions))
	add("also on", less(now.resources, was.resources))
	add("no longer on", less(was.resources, now.resources))
	add("also for", less(now.principals, was.principals))
	add("no longer for", less(was.principals, now.principals))
	for _, condition := range less(was.conditions, now.conditions) {
		key, values, _ := strings.Cut(condition, ": ")
		i := slices.IndexFunc(now.conditions, func(c string) bool { return strings.HasPrefix(c, key+": ") })
		if i < 0 {
			add("no longer only if", []string{condition})
			continue
		}
		before, after := strings.Split(values, " or "), strings.Split(now.conditions[i][len(key)+2:], " or ")
		add("condition "+code(key)+" also takes", less(after, before))
		add("condition "+code(key)+" no longer takes", less(before, after))
	}
	for _, condition := range less(now.conditions, was.conditions) {
		key, _, _ := strings.Cut(condition, ": ")
		if !slices.ContainsFunc(was.conditions, func(c string) bool { return strings.HasPrefix(c, key+": ") }) {
			add("only if", []string{condition})
		}
	}
	add("with", less(now.others, was.others))
	return strings.Join(parts, "; ")
}

// grouped collects what is told of several at once.
type grouped struct {
	order []string
	of    map[string][]string
}

func (g *grouped) add(who, what string) {
	if g.of == nil {
		g.of = map[string][]string{}
	}
	if len(g.of[what]) == 0 {
		g.order = append(g.order, what)
	}
	g.of[what] = append(g.of[what], code(who))
}

// lines returns a line for each thing told: "`PresignRole / Objects`, `ManageRole / Objects`: also on …".
func (g *grouped) lines() []string {
	var lines []string
	for _, what := range g.order {
		lines = append(lines, strings.Join(g.of[what], ", ")+": "+what)
	}
	return lines
}
