"""flood_log.py LOG THREADS: what cuda_flood had launched when it was killed. Prints how many launches it made, and how
many of them a trace must hold: those 100 ms older than the last, or as much older as the machine stood still."""
import array
import sys

REGION = 1 << 20
times = []
stall = 0
with open(sys.argv[1], "rb") as f:
    for thread in range(int(sys.argv[2])):
        f.seek(thread * (REGION + 1) * 8)
        count = array.array("Q", f.read(8))[0]
        mine = array.array("Q", f.read(8 * count))
        stall = max([stall, *(b - a for a, b in zip(mine, mine[1:]))])
        times += mine
bound = max(times, default=0) - 100_000_000 - stall
print(len(times), sum(t <= bound for t in times))
