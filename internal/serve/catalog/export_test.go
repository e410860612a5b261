package catalog

// Known is the number of inputs below roots that are known.
func (c *Catalog) Known() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.inputs)
}
