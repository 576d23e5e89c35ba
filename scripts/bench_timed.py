"""Seconds of wall clock that a command takes, from its start to its end.

    bench_timed.py LIMIT OUTPUT COMMAND...

Prints the median of nine runs where they take less than 2 s together, else of three (of fewer where one takes over 15 s); ">N" when
it was stopped after LIMIT seconds, "-" when it failed, which a line on standard error explains. The output of the command goes to
the files OUTPUT.out and OUTPUT.err. Nothing stands between this and the command, so that short commands are not made longer.
"""

import os
import signal
import sys
import time


def run(command, output, limit):
    """Runs it once: its seconds and its exit status, None when it was stopped."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 1, output + ".out", flags, 0o644), (os.POSIX_SPAWN_OPEN, 2, output + ".err", flags, 0o644)]
    stopped = []
    begin = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=actions, setpgroup=0)

    def stop(*_):
        stopped.append(True)
        os.killpg(pid, signal.SIGKILL)

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    took = time.perf_counter() - begin
    signal.setitimer(signal.ITIMER_REAL, 0)
    return took, None if stopped else status


def main():
    limit, output, command = float(sys.argv[1]), sys.argv[2], sys.argv[3:]
    begin, times = time.perf_counter(), []
    while True:
        left = max(1.0, limit - (time.perf_counter() - begin))
        took, status = run(command, output, left)
        if status is None:
            return f">{took:.3f}"
        if status != 0:
            with open(output + ".err", encoding="utf-8", errors="replace") as file:
                last = (file.read().splitlines() or [""])[-1]
            print(f"bench: failed with {status}: {' '.join(command)}: {last}", file=sys.stderr)
            return "-"
        times.append(took)
        spent = sum(times)
        few = len(times) < 3 and spent < 15 and left > spent + 5
        if not few and not (len(times) < 9 and spent < 2):
            return f"{sorted(times)[len(times) // 2]:.4f}"


print(main())
