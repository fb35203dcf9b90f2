"""Returns, and then does not end: by atexit, a thread, a finaliser, a descriptor that stays open."""

import atexit
import os
import signal
import threading
import time

from kit import IS_X86, numbered, say

SLOW = True
VARIANTS = ["atexit", "thread", "finaliser", "stop reading", "exit handler", "leader leaves"]
ENDS = ["good", "killed"]


class Lasting:
    def __del__(self):
        time.sleep(20)


def main(input):
    variant = input["variant"]
    say(f"hang by {variant}")
    if variant == "atexit":
        atexit.register(time.sleep, 20)
        threading._register_atexit(time.sleep, 20)
    elif variant == "thread":
        threading.Thread(target=time.sleep, args=(20,)).start()
    elif variant == "finaliser":
        itself = Lasting()
        itself.me = itself
        globals()["kept"] = itself
    elif variant == "stop reading":
        for fd in (0, 3):
            os.close(fd)
    elif variant == "leader leaves":
        threading.Thread(target=time.sleep, args=(20,)).start()
        numbered(60 if IS_X86 else 93, 0)
    else:
        os._exit = lambda code: time.sleep(20)
        signal.signal(signal.SIGTERM, lambda *_: time.sleep(20))
    return {"tried": [variant], "got": []}
