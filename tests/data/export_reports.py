"""What the reports of Nsight Systems take from an SQLite export, as plain joins of its tables, and the rules that such a
file keeps.

    export_reports.py check FILE             the rules of the layout
    export_reports.py compare ORIGINAL OURS  the same rows in every report
    export_reports.py nsys FILE FOLDER       the same numbers as in Nsight Systems' own CSV files (r_REPORT.csv)
    export_reports.py show FILE REPORT       the rows of one report

Exit status 1 after lines that say what is wrong.
"""
import csv
import os
import sqlite3
import sys
from collections import Counter, defaultdict

K, C, S = "CUPTI_ACTIVITY_KIND_KERNEL", "CUPTI_ACTIVITY_KIND_MEMCPY", "CUPTI_ACTIVITY_KIND_MEMSET"
R, N = "CUPTI_ACTIVITY_KIND_RUNTIME", "NVTX_EVENTS"
LOW = 0xffffff


class Capture:
    def __init__(self, path):
        self.db = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        self.tables = {row[0] for row in self.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        self.text = dict(self.db.execute("SELECT id, value FROM StringIds"))

    def rows(self, table, columns):
        return self.db.execute(f"SELECT {columns} FROM {table}").fetchall() if table in self.tables else []

    def label(self, enum):
        return dict(self.db.execute(f"SELECT id, label FROM {enum}"))

    def api(self, name_id):
        """A call's name without a suffix of exactly six characters."""
        name = self.text[name_id]
        return name[:-6] if len(name) > 6 and name[-6:-4] == "_v" and name[-4:].isdigit() else name

    def kernels(self):
        return self.rows(K, "start, end, correlationId, globalPid, demangledName, gridX, gridY, gridZ, blockX, blockY, "
                            "blockZ, deviceId")

    def calls(self):
        return self.rows(R, "start, end, correlationId, globalTid, nameId, returnValue")

    def ranges(self):
        """(start, end, name, style, globalTid, endGlobalTid, rowid) of ranges; the name is DOMAIN:TEXT."""
        domains = {(tid & ~LOW, number): self.text[text_id] if text is None else text for kind, tid, number, text, text_id in
                   self.rows(N, "eventType, globalTid, domainId, text, textId") if kind == 75}
        styles = {59: "PushPop", 70: "PushPop", 60: "StartEnd", 71: "StartEnd"}
        last = self.db.execute(f"SELECT max(end) FROM {N}").fetchone()[0] if N in self.tables else 0
        for rowid, start, end, kind, text, text_id, tid, end_tid, domain in self.rows(
                N, "rowid, start, end, eventType, text, textId, globalTid, endGlobalTid, domainId"):
            if kind in styles:
                name = self.text[text_id] if text_id is not None else text
                yield (start, last if end is None else end, domains.get((tid & ~LOW, domain), "") + ":" + name, styles[kind],
                       tid, end_tid, rowid)

    def gpu(self):
        """(start, end, correlationId, globalPid) of all GPU work."""
        return [row for table in (K, C, S) for row in self.rows(table, "start, end, correlationId, globalPid")]


def sums(pairs):
    """name -> (instances, total, least, most)"""
    lists = defaultdict(list)
    for name, value in pairs:
        lists[name].append(value)
    return {name: (len(v), sum(v), min(v), max(v)) for name, v in lists.items()}


def cuda_gpu_kern_sum(c):
    return sums((c.text[k[4]], k[1] - k[0]) for k in c.kernels())


def cuda_gpu_kern_gb_sum(c):
    return sums(((c.text[k[4]],) + k[5:11], k[1] - k[0]) for k in c.kernels())


def memory(c, value):
    labels = c.label("ENUM_CUDA_MEMCPY_OPER")
    rows = [(f"[CUDA memcpy {labels[kind]}]", value(start, end, size)) for start, end, kind, size in
            c.rows(C, "start, end, copyKind, bytes")]
    return sums(rows + [("[CUDA memset]", value(start, end, size)) for start, end, size in c.rows(S, "start, end, bytes")])


def cuda_gpu_mem_time_sum(c):
    return memory(c, lambda start, end, size: end - start)


def cuda_gpu_mem_size_sum(c):
    return memory(c, lambda start, end, size: size)


def cuda_gpu_trace(c):
    labels, kinds = c.label("ENUM_CUDA_MEMCPY_OPER"), c.label("ENUM_CUDA_MEM_KIND")
    gpus = dict(c.rows("TARGET_INFO_GPU", "id, name"))
    place = "deviceId, contextId, greenContextId, streamId"
    out = [(k[:3] + (gpus[k[3]],) + k[3:-1] + (c.text[k[-1]],)) for k in c.rows(
        K, f"start, end, correlationId, {place}, gridX, gridY, gridZ, blockX, blockY, blockZ, registersPerThread, "
           "staticSharedMemory, dynamicSharedMemory, demangledName")]
    out += [m[:3] + (gpus[m[3]],) + m[3:8] + (kinds.get(m[8]), kinds.get(m[9]), labels[m[10]]) for m in
            c.rows(C, f"start, end, correlationId, {place}, bytes, srcKind, dstKind, copyKind")]
    return Counter(out + [m[:3] + (gpus[m[3]],) + m[3:8] + (kinds.get(m[8]),) for m in
                          c.rows(S, f"start, end, correlationId, {place}, bytes, memKind")])


def cuda_api_sum(c):
    return sums((c.api(name), end - start) for start, end, _, _, name, _ in c.calls())


def cuda_api_trace(c):
    threads = {tid: (c.text[name], priority) for name, priority, tid in c.rows("ThreadNames", "nameId, priority, globalTid")}
    return Counter((start, end - start, c.api(name), result, correlation, tid >> 24 & LOW, tid & LOW,
                    threads.get(tid)) for start, end, correlation, tid, name, result in c.calls())


def calls_by_correlation(c):
    out = defaultdict(list)
    for call in c.calls():
        if call[2] is not None:
            out[call[2], call[3] & ~LOW].append(call)
    return out


def cuda_kern_exec_trace(c):
    calls, out = calls_by_correlation(c), Counter()
    for k in c.kernels():
        for call in calls.get((k[2], k[3]), []):
            queue = k[0] - call[1]
            out[call[0], call[1] - call[0], queue if queue >= 0 else None, k[0], k[1] - k[0], max(k[1], call[1]) - call[0],
                call[3] >> 24 & LOW, call[3] & LOW, k[11], c.api(call[4]), k[5:11], c.text[k[4]]] += 1
    return out


def nvtx_sum(c):
    return sums(((style, name), end - start) for start, end, name, style, *_ in c.ranges())


def nvtx_pushpop_sum(c):
    return sums((name, end - start) for start, end, name, style, *_ in c.ranges() if style == "PushPop")


def nvtx_startend_sum(c):
    return sums((name, end - start) for start, end, name, style, *_ in c.ranges() if style == "StartEnd")


def tree(ranges):
    """rowid -> (level, rowid of the parent, children, time of the children), by containment on each thread."""
    threads, out = defaultdict(list), {}
    for r in ranges:
        threads[r[4]].append(r)
    for rows in threads.values():
        stack = []
        for r in sorted(rows, key=lambda r: (r[0], -r[1])):
            while stack and stack[-1][1] < r[1]:
                stack.pop()
            parent = stack[-1][6] if stack else None
            out[r[6]] = [len(stack), parent, 0, 0]
            if parent is not None:
                out[parent][2] += 1
                out[parent][3] += r[1] - r[0]
            stack.append(r)
    return out


def nvtx_pushpop_trace(c):
    rows = [r for r in c.ranges() if r[3] == "PushPop"]
    nodes = tree(rows)
    return Counter((start, end, name, nodes[row][3], end - start - nodes[row][3], tid >> 24 & LOW, tid & LOW, nodes[row][0],
                    nodes[row][2], row, nodes[row][1]) for start, end, name, _, tid, _, row in rows)


def work_of_ranges(c):
    """Each range with the GPU work issued inside it: range, [(start, end, correlationId, kernel's name or None)]."""
    work = defaultdict(list)
    for start, end, correlation, pid, name in c.rows(K, "start, end, correlationId, globalPid, demangledName"):
        work[correlation, pid].append((start, end, correlation, name))
    for table in (C, S):
        for start, end, correlation, pid in c.rows(table, "start, end, correlationId, globalPid"):
            work[correlation, pid].append((start, end, correlation, None))
    ranges, calls = defaultdict(list), defaultdict(list)
    for r in c.ranges():
        if r[5] is None:
            ranges[r[4]].append(r)
    for call in c.calls():
        if (call[2], call[3] & ~LOW) in work:
            calls[call[3]].append(call)
    for tid, rows in ranges.items():
        inside, active, at = defaultdict(list), [], 0
        rows.sort()
        for call in sorted(calls[tid]):
            while at < len(rows) and rows[at][0] <= call[0]:
                active.append(rows[at])
                at += 1
            active = [r for r in active if r[1] >= call[0]]
            for r in active:
                if r[1] >= call[1]:
                    inside[r] += work[call[2], tid & ~LOW]
        for r in rows:
            yield r, inside[r]


def nvtx_kern_sum(c):
    times, instances = defaultdict(list), defaultdict(set)
    for r, work in work_of_ranges(c):
        for start, end, _, name in work:
            if name is not None:
                key = (r[2], r[3], r[4] >> 24 & LOW, r[4] & LOW, c.text[name])
                times[key].append(end - start)
                instances[key].add(r[6])
    return {key: (len(instances[key]), len(v), sum(v), min(v), max(v)) for key, v in times.items()}


def nvtx_gpu_proj_trace(c):
    nodes = tree([r for r in c.ranges() if r[5] is None])
    out = Counter()
    for r, work in work_of_ranges(c):
        if work:
            start, end = min(w[0] for w in work), max(w[1] for w in work)
            out[r[2], start, end - start, r[0], r[1] - r[0], r[3], r[4] >> 24 & LOW, r[4] & LOW, len({w[2] for w in work}),
                nodes[r[6]][0], nodes[r[6]][2]] += 1
    return out


def nvtx_gpu_proj_sum(c):
    out = defaultdict(lambda: [0, 0, 0, 0, 0, 0])
    for row, count in nvtx_gpu_proj_trace(c).items():
        for i, v in enumerate((row[2], row[4], 1, row[8], row[9], row[10])):
            out[row[0], row[5]][i] += v * count
    return {key: tuple(v) for key, v in out.items()}


def rule_api_sync(c):
    words = ("cudaDeviceSynchronize", "cudaStreamSynchronize", "cudaEventSynchronize")
    return Counter((end - start, start, tid >> 24 & LOW, tid & LOW, c.text[name]) for start, end, _, tid, name, _ in c.calls()
                   if c.text[name].startswith(words))


def rule_memory(c, table, prefix, wanted, columns):
    """Memory operations whose call's name begins with the prefix, where `wanted` says so of the name and the columns."""
    calls = calls_by_correlation(c)
    return Counter(row for row in c.rows(table, f"start, end, correlationId, globalPid, bytes, {columns}")
                   for call in calls.get((row[2], row[3]), [])
                   if c.text[call[4]].startswith(prefix) and wanted(c.text[call[4]], row[4:]))


def rule_memcpy_async(c):
    return rule_memory(c, C, "cudaMemcpy", lambda name, v: "Async" in name and 0 in v[2:4], "copyKind, srcKind, dstKind")


def rule_memcpy_sync(c):
    return rule_memory(c, C, "cudaMemcpy", lambda name, v: "Async" not in name and not (v[1] == 1 and v[0] <= 64000),
                       "copyKind, srcKind, dstKind")


def rule_memset_sync(c):
    return rule_memory(c, S, "cudaMemset", lambda name, v: "async" not in name.lower() and v[1] in (1, 4), "memKind")


def rule_gpu_gaps(c):
    out, busy = Counter(), defaultdict(list)
    for table in (K, C, S):
        for start, end, *place in c.rows(table, "start, end, globalPid, deviceId, contextId"):
            if start > 0:
                busy[tuple(place)].append((start, end))
    for place, times in busy.items():
        edge = None
        for start, end in sorted(times):
            if edge is not None and start - edge > 1000:
                out[place + (edge, start - edge)] += 1
            edge = end if edge is None else max(edge, end)
    return out


REPORTS = [cuda_gpu_kern_sum, cuda_gpu_kern_gb_sum, cuda_gpu_mem_time_sum, cuda_gpu_mem_size_sum, cuda_gpu_trace, cuda_api_sum,
           cuda_api_trace, cuda_kern_exec_trace, nvtx_sum, nvtx_pushpop_sum, nvtx_startend_sum, nvtx_pushpop_trace,
           nvtx_kern_sum, nvtx_gpu_proj_trace, nvtx_gpu_proj_sum, rule_api_sync, rule_memcpy_async, rule_memcpy_sync,
           rule_memset_sync, rule_gpu_gaps]


def compare(original, ours):
    a, b, wrong = Capture(original), Capture(ours), []
    for report in REPORTS:
        want, got = report(a), report(b)
        if want != got:
            keys = [key for key in list(want) + list(got) if want.get(key) != got.get(key)]
            wrong.append(f"{report.__name__}: {len(keys)} rows differ, such as {keys[0]}: {want.get(keys[0])} is "
                         f"{got.get(keys[0])}")
    return wrong


def check(path):
    c, wrong = Capture(path), []

    def none(what, sql, *tables):
        if all(table in c.tables for table in tables):
            rows = c.db.execute(sql).fetchmany(3)
            if rows:
                wrong.append(f"{what}: {rows}")

    ids = sorted(c.text)
    if ids != list(range(len(ids))) or len(set(c.text.values())) != len(ids):
        wrong.append("string ids are not dense from 0, or values are not unique")
    if c.db.execute("SELECT count(*) FROM sqlite_master WHERE type <> 'table'").fetchone()[0]:
        wrong.append("something is no table")
    for pragma, value in (("page_size", 4096), ("user_version", 0), ("application_id", 0), ("journal_mode", "delete")):
        if c.db.execute(f"PRAGMA {pragma}").fetchone()[0] != value:
            wrong.append(f"{pragma} is not {value}")
    for table in (K, C, S, R, N):
        none(f"{table} does not ascend", f"SELECT * FROM (SELECT start - lag(start) OVER (ORDER BY rowid) AS d FROM {table}) "
                                         "WHERE d < 0", table)
        none(f"{table}: an end before its start", f"SELECT * FROM {table} WHERE end < start", table)
        if table in c.tables:
            for _, name, kind, *_ in c.db.execute(f"PRAGMA table_info({table})"):
                real = {"INTEGER": "('integer', 'null')", "TEXT": "('text', 'null')", "REAL": "('real', 'null')"}[kind]
                none(f"{table}.{name} is of another type", f'SELECT typeof("{name}") FROM {table} WHERE typeof("{name}") NOT '
                                                           f"IN {real}", table)
    for table in (K, C, S):
        none(f"{table}: a start at or before 0", f"SELECT start FROM {table} WHERE start <= 0", table)
        none(f"{table}: a process that is none", f"SELECT globalPid FROM {table} WHERE globalPid & {LOW} <> 0 OR globalPid "
                                                 "IS NULL", table)
    none("a correlation id of two calls", f"SELECT correlationId, count(*) FROM {R} WHERE correlationId IS NOT NULL GROUP BY "
                                          "1 HAVING count(*) > 1", R)
    none("a call without a correlation id", f"SELECT start FROM {R} WHERE correlationId IS NULL", R)
    none("a name without a string", f"SELECT demangledName FROM {K} WHERE demangledName NOT IN (SELECT id FROM StringIds) OR "
                                    "shortName NOT IN (SELECT id FROM StringIds)", K)
    none("two ranges of a thread with the same times", "SELECT globalTid, start, end FROM NVTX_EVENTS WHERE eventType IN (59, "
         "60) GROUP BY 1, 2, 3 HAVING count(*) > 1", N)
    none("a range without an end", "SELECT rowid FROM NVTX_EVENTS WHERE eventType IN (59, 60) AND end IS NULL", N)
    none("a domain made twice", "SELECT globalTid >> 24, domainId FROM NVTX_EVENTS WHERE eventType = 75 GROUP BY 1, 2 HAVING "
         "count(*) > 1", N)
    none("a domain that was never made", "SELECT domainId FROM NVTX_EVENTS a WHERE domainId <> 0 AND NOT EXISTS (SELECT 1 FROM "
         "NVTX_EVENTS b WHERE b.eventType = 75 AND b.domainId = a.domainId AND b.globalTid >> 24 = a.globalTid >> 24)", N)
    none("two devices with one id", "SELECT id FROM TARGET_INFO_GPU GROUP BY 1 HAVING count(*) > 1", "TARGET_INFO_GPU")
    none("a device that is not described", f"SELECT deviceId FROM {K} WHERE deviceId NOT IN (SELECT id FROM TARGET_INFO_GPU)",
         K)
    return wrong


def numbers(report, rows):
    """A row of Nsight Systems' CSV as (key, value) of the functions above."""
    for row in rows:
        name = row.get("Name") or row.get("Operation") or row.get("Range")
        count = row.get("Instances") or row.get("Num Calls") or row.get("Count")
        if report == "nvtx_kern_sum":
            yield ((row["NVTX Range"], row["Style"], int(row["PID"] or 0), int(row["TID"] or 0), row["Kernel Name"]),
                   (int(row["NVTX Inst"]), int(row["Kern Inst"]), int(row["Total Time (ns)"]), int(row["Min (ns)"]),
                    int(row["Max (ns)"])))
        elif report == "nvtx_gpu_proj_sum":
            n = int(row["Range Instances"])
            yield ((name, row["Style"]), (int(row["Total Proj Time (ns)"]), int(row["Total Range Time (ns)"]), n,
                                          int(row["Total GPU Ops"]), round(float(row["Avg Range Lvl"]) * n),
                                          round(float(row["Avg Num Child"]) * n)))
        else:
            key = (row["Style"], name) if report == "nvtx_sum" else name
            yield key, (int(count), int(row["Total Time (ns)"]), int(row["Min (ns)"]), int(row["Max (ns)"]))


def plain(key):
    """Names of the default domain: nsys has a colon before them from 2025 on, and none in 2023."""
    return key.lstrip(":") if isinstance(key, str) else tuple(plain(part) if isinstance(part, str) else part for part in key)


def against_nsys(path, folder):
    c, wrong = Capture(path), []
    for name in ("cuda_gpu_kern_sum", "cuda_gpu_mem_time_sum", "cuda_api_sum", "nvtx_sum", "nvtx_pushpop_sum", "nvtx_startend_sum",
                 "nvtx_kern_sum", "nvtx_gpu_proj_sum"):
        with open(os.path.join(folder, f"r_{name}.csv"), newline="") as f:
            want = dict(numbers(name, csv.DictReader(f)))
        got = globals()[name](c)
        if name == "nvtx_gpu_proj_sum":  # averages of children are rounded in the CSV
            want, got = ({key: v[:4] for key, v in rows.items()} for rows in (want, got))
        want, got = (dict((plain(key), value) for key, value in rows.items()) for rows in (want, got))
        keys = [key for key in list(want) + list(got) if want.get(key) != got.get(key) and key[0] != ""]
        if keys:
            wrong.append(f"{name}: {len(keys)} rows, such as {keys[0]}: nsys has {want.get(keys[0])}, the joins "
                         f"{got.get(keys[0])}")
    return wrong


def main():
    commands = {"check": (check, 1), "compare": (compare, 2), "nsys": (against_nsys, 2)}
    if len(sys.argv) == 4 and sys.argv[1] == "show":
        rows = globals()[sys.argv[3]](Capture(sys.argv[2]))
        for key in sorted(rows, key=str):
            print(key, rows[key])
        return 0
    if len(sys.argv) < 2 or sys.argv[1] not in commands or len(sys.argv) != 2 + commands[sys.argv[1]][1]:
        print(__doc__)
        return 2
    wrong = commands[sys.argv[1]][0](*sys.argv[2:])
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
