"""Makes more calls, one after the other, than a node may make."""

from kit import Tries, call, read_frame, write_frame

DOOR = True


def main(input):
    tries = Tries()
    read_frame()
    for number in range(1, 400):
        if tries.tries("call", lambda number=number: (write_frame(call(number)), read_frame())) is None:
            break
    tries.tried = tries.tried[-3:]
    return tries.result()
