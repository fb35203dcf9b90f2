"""Sets the clock of the machine, or looks whether it could."""

import struct

from kit import Tries, syscall


def main(input):
    tries = Tries()
    # A time that no clock takes: who may set it is told that it is wrong, who may not, that he may not.
    if not input["is_bare"]:
        for clock in (0, 1, 7, 11):
            never = struct.pack("qq", -1, -1)
            tries.tries(f"clock {clock}", lambda clock=clock, never=never: syscall("clock_settime", clock, never))
        tries.gets("ticks", lambda: syscall("adjtimex", struct.pack("I", 0x4000) + bytes(204)))
    tries.tries("time of the zone", lambda: open("/etc/adjtime", "a").close())
    tries.gets("hang up the terminal", lambda: syscall("vhangup") if not input["is_bare"] else open("/dev/tty"))
    return tries.result()
