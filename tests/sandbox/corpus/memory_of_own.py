"""Searches its own memory for keys, and for what nodes before it were given."""

from kit import Tries, found_in_memory


def main(input):
    tries = Tries()
    pattern = rb"(?:sk-canary|HEAPKEY|CANARY)-[0-9a-f]{16}"
    tries.gets("keys", lambda: found_in_memory(pattern))
    tries.gets("jobs of others", lambda: found_in_memory(rb"OVSJOB-[0-9a-f]{16}", without=[input["job"]]))
    return tries.result()
