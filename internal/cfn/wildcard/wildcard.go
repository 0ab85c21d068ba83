// Package wildcard matches strings against the patterns of IAM: in resources, actions and ARN conditions.
package wildcard

// Match reports whether s matches pattern, where '*' stands for any bytes, also none, and '?' for exactly one; no
// other character is special, and '*' crosses ':' and '/'. Its time is at most proportional to the product of the lengths.
//
// Source: IAM User Guide, "IAM JSON policy elements: Resource".
func Match(pattern, s string) bool {
	p, i := 0, 0
	star, resume := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			// Only the last star needs to grow: whatever an earlier one could take, the last can too.
			resume++
			p, i = star+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
