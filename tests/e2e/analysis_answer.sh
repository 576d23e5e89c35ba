#!/usr/bin/env bash
# The summary of the report holds what the tables below it hold.
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
cat >"$work/answer.py" <<'E2'
import subprocess, sys
sys.path.insert(0, "tests/data")
from report_tables import tables
moetrace, trace = sys.argv[1:]
out = subprocess.run([moetrace, "report", "--format", "json", "--top", "100000", trace], check=True, capture_output=True)
got = tables(out.stdout)
by = lambda table: {(r["k"], r["phase"]): r for r in got[table].records()}
latency, scaling, bottleneck = by("latency"), by("scaling"), by("bottleneck")
wrong = []
for row in got["summary"].records():
    k = row["k"]
    wanted = {"vision_p50_ms": latency[k, "vision"]["p50_ms"], "prefill_p50_ms": latency[k, "prefill"]["p50_ms"],
              "token_p50_ms": latency[k, "decode/token"]["p50_ms"], "prefill_slowdown": scaling[k, "prefill"]["slowdown"],
              "token_slowdown": scaling[k, "decode/token"]["slowdown"],
              "token_efficiency": scaling[k, "decode/token"]["efficiency"],
              "prefill_bottleneck": bottleneck[k, "prefill"]["bottleneck"],
              "decode_bottleneck": bottleneck[k, "decode"]["bottleneck"]}
    wrong += [f"k={k} {name}: {row[name]}, below {value}" for name, value in wanted.items() if row[name] != value]
if {r["k"] for r in got["summary"].records()} != {k for k, _ in latency}:
    wrong.append("not every k")
parts = {}
for r in got["layer_kernels"].records():
    if r["phase"] not in (None, "-"):
        parts[r["part"]] = parts.get(r["part"], 0) + r["gpu_ms"]
part = max(parts, key=parts.get)
note = got["summary"].notes
if f"part {part} ({100 * parts[part] / sum(parts.values()):.1f} % of the phases)" not in note:
    wrong.append(f"{part} {parts}: {note}")
print("\n".join(wrong))
sys.exit(bool(wrong))
E2
for name in small_alternate small_all; do
    unpack "golden/$name" "$name"
    ok "$name: the summary agrees with the tables" python3 "$work/answer.py" "$BUILD/moetrace" "$work/$name.moetrace"
done
done_testing
