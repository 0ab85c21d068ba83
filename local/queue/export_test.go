package queue

// BreakForTest makes the file fail, as a full disk does.
func (qs *Queues) BreakForTest() { qs.kept.Close() }
