"""Carrying plans out: an engine, its runs, the loop of each, and the steps on their threads."""
