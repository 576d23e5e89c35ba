#!/usr/bin/env bash
# The report's first table holds what the tables below it hold.
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
cat >"$work/answer.py" <<'E2'
import json, subprocess, sys
moetrace, trace = sys.argv[1:]
out = subprocess.run([moetrace, "report", "--format", "json", "--top", "100000", trace], check=True, capture_output=True)
tables = {t["title"].split(" (")[0]: t for t in json.loads(out.stdout)[0]["tables"]}
rows = lambda title: [dict(zip(tables[title]["columns"], row)) for row in tables[title]["rows"]]
by = lambda title: {(r["k"], r["phase"]): r for r in rows(title)}
latency, scaling = by("Latency, ms"), by("Scaling with k")
bound = by(next(t for t in tables if t.startswith("What binds")))
wrong = []
for row in rows("What k costs: medians, ms"):
    k = row["k"]
    wanted = {"vision": latency[k, "vision"]["P50"], "prefill": latency[k, "prefill"]["P50"],
              "decode/token": latency[k, "decode/token"]["P50"], "prefill x": scaling[k, "prefill"]["ratio"],
              "token x": scaling[k, "decode/token"]["ratio"], "efficiency": scaling[k, "decode/token"]["efficiency"],
              "prefill bound": bound[k, "prefill"]["verdict"], "decode bound": bound[k, "decode"]["verdict"]}
    wrong += [f"k={k} {name}: {row[name]}, below {value}" for name, value in wanted.items() if row[name] != value]
if {r["k"] for r in rows("What k costs: medians, ms")} != {k for k, _ in latency}:
    wrong.append("not every k")
leaves = [r for r in rows(next(t for t in tables if t.startswith("Phase, layer, part, kernel"))) if r["phase"] not in (None, "-")]
parts = {}
for r in leaves:
    parts[r["part"]] = parts.get(r["part"], 0) + r["GPU ms"]
part = max(parts, key=parts.get)
note = tables["What k costs: medians, ms"]["notes"]
if f"part {part} ({100 * parts[part] / sum(parts.values()):.1f} % of the phases)" not in note:
    wrong.append(f"{part} {parts}: {note}")
print("\n".join(wrong))
sys.exit(bool(wrong))
E2
for name in small_alternate small_all; do
    unpack "golden/$name" "$name"
    ok "$name: the short answer is that of the tables below" python3 "$work/answer.py" "$BUILD/moetrace" "$work/$name.moetrace"
done
done_testing
