"""Starts programs for agent_speed.py and says what each cost. A process begins
its life with the peak memory of the one that started it, so this one is small:
`python3 -I -S starter.py`, a line of JSON for each program, a line for each end.

    {"words", "cwd", "env", "out", "limit_s"}
    {"begin", "cpu_s", "peak_mb", "code"}   # code -9: it ran past its limit
"""

import json
import os
import signal
import sys
import time


def run(words, cwd, env, out, limit_s):
    os.chdir(cwd)
    os.environ["PATH"] = env["PATH"]  # where the program is looked for
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, out, flags, 0o600),
               (os.POSIX_SPAWN_DUP2, 1, 2)]
    begin = time.time()
    # In a group of its own, so that what it starts ends with it.
    pid = os.posix_spawnp(words[0], words, env, file_actions=actions,
                          setpgroup=0)
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(pid, signal.SIGKILL))
    signal.alarm(limit_s)
    _, status, used = os.wait4(pid, 0)
    signal.alarm(0)
    return {"begin": begin, "cpu_s": used.ru_utime + used.ru_stime,
            "peak_mb": used.ru_maxrss / 1024,
            "code": os.waitstatus_to_exitcode(status)}


for line in sys.stdin:
    print(json.dumps(run(**json.loads(line))), flush=True)
