"""Measurements: what overseer costs, beside others that do the same work in the same minutes."""
