"""
Another process of the front door's user: tries without pause to get at a process of that number from before that one begins to be it.

Says `ready`, and at the end how often the process could be signalled (which is when it had become this user) and how often it could be opened.
`signals` as second word sends SIGUSR1, which opens the debugger of Node where nothing else listens to it.
"""

import json
import os
import signal
import sys

pid = int(sys.argv[1])
sent = signal.SIGUSR1 if sys.argv[2] == "signals" else 0
enough = int(sys.argv[3])
places = ["mem", "maps", "environ", "auxv", "fd/0", "task/%d/mem" % pid]
said = {"before": 0, "as this user": 0, "opened": []}
print("ready", flush=True)
while said["as this user"] < enough:
    try:
        os.kill(pid, sent)
        said["as this user"] += 1
    except PermissionError:
        said["before"] += 1
    except ProcessLookupError:
        break
    for place in places:
        try:
            file = os.open("/proc/%d/%s" % (pid, place), os.O_RDONLY)
            # Read, since what could be opened of a process can be empty.
            if place == "environ" and not os.read(file, 1):
                os.close(file)
                continue
            os.close(file)
            said["opened"].append(place)
        except OSError:
            continue
    del said["opened"][10:]
print(json.dumps(said), flush=True)
