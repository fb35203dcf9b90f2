"""Makes system calls in the ways of other machines, which a filter by number alone takes for others."""

from kit import IS_X86, Nothing, Tries, machine_code, numbered, say

VARIANTS = ["32 bits", "x32", "x32 by number", "32-bit segment"]
ENDS = ["good", "crash", "killed"]

# getpid by int 0x80; getpid with the bit of x32; open("/") by int 0x80 of a 32-bit machine.
INT80 = bytes.fromhex("53b814000000cd805bc3")
X32 = bytes.fromhex("b8270000400f05c3")


def main(input):
    tries = Tries()
    say(f"call by {input['variant']}")
    if not IS_X86:
        return {"tried": ["there is nothing like it on this machine"], "got": []}
    act = {"32 bits": by_code(INT80), "x32": by_code(X32), "x32 by number": x32, "32-bit segment": switched}
    tries.gets(input["variant"], act[input["variant"]])
    return tries.result()


def by_code(code):
    def call():
        result = machine_code(code)()
        if result <= 0:
            raise Nothing(f"answered {result}")
        return f"process {result}"

    return call


def x32():
    return numbered(0x40000000 + 39)


def switched():
    """The other way into 32 bits: personality. What then runs keeps its numbers, so it must be refused or harmless."""
    numbered(135, 0x0008)
    raise Nothing("nothing came of it")
