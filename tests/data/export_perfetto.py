"""Perfetto traces of `moetrace export`, read with the field numbers of the published schema, against the same export in the
layout of Nsight Systems.

  export_perfetto.py check TRACE EXPORT.sqlite EXPORT.json
  export_perfetto.py tracks TRACE EXPORT.sqlite
  export_perfetto.py count TRACE EXPORT.sqlite
  export_perfetto.py window WHOLE PART EXPORT.sqlite FROM TO    PART has what overlaps these ns, and nothing else
"""
import json
import re
import sys
from collections import Counter, defaultdict

import export_reports as r


def varint(b, at):
    value = shift = 0
    while True:
        value |= (b[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if b[at - 1] < 128:
            return value, at


def fields(b):
    out, at = defaultdict(list), 0
    while at < len(b):
        key, at = varint(b, at)
        if key & 7 == 0:
            value, at = varint(b, at)
        else:
            size, at = (8, at) if key & 7 == 1 else varint(b, at)
            assert key & 7 in (1, 2) and at + size <= len(b)
            value, at = b[at:at + size], at + size
        out[key >> 3].append(value)
    return out


class Trace:
    """tracks: id -> (name, parent); slices: (track, category, name, begin, end); flows: id -> slices that carry it;
    counters: track -> (time, value) in order."""

    def __init__(self, path):
        names, self.tracks, events = {}, {}, []
        for packet in map(fields, fields(open(path, "rb").read())[1]):
            for interned in packet[12]:
                for entry in map(fields, fields(interned)[2]):
                    names[entry[1][0]] = entry[2][0].decode()
            for track in map(fields, packet[60]):
                self.tracks[track[1][0]] = (track[2][0].decode() if track[2] else "", track[5][0] if track[5] else None)
            for event in map(fields, packet[11]):
                events.append((packet[8][0], event))
        self.slices, self.flows, self.counters, begun = [], defaultdict(list), defaultdict(list), defaultdict(list)
        for time, event in sorted(events, key=lambda e: e[0]):
            kind, track = event[9][0], event[11][0]
            assert track in self.tracks and (not event[10] or event[10][0] in names)
            if kind == 1:
                name = names[event[10][0]] if event[10] else event[23][0].decode()
                begun[track].append((event[22][0].decode() if event[22] else "", name, time, event[47]))
            elif kind == 2:
                category, name, begin, flows = begun[track].pop()
                self.slices.append((track, category, name, begin, time))
                for flow in flows:
                    self.flows[int.from_bytes(flow, "little")].append(self.slices[-1])
            elif kind == 4:
                self.counters[track].append((time, event[30][0] if event[30] else 0))
        assert not any(begun.values()), "slices that never end"

    def of(self, category):
        return [s for s in self.slices if s[1] == category]

    def below(self, name):
        """Slices on the tracks under those with this name."""
        roots = {track for track, (label, _) in self.tracks.items() if label == name}
        return [s for s in self.slices if s[0] in roots or self.tracks[s[0]][1] in roots]


def check(path, sqlite, chrome):
    t, c = Trace(path), r.Capture(sqlite)
    assert len(t.of("gpu")) == len(c.gpu()) and len(t.of("cuda")) == len(c.calls())
    assert sum(s[4] - s[3] for s in t.of("gpu")) == sum(g[1] - g[0] for g in c.gpu())
    # A flow leads from one call to all that it issued.
    issued = Counter(g[2] for g in c.gpu() if g[2])
    calls = sum("correlation" in e.get("args", {}) for e in json.load(open(chrome))["traceEvents"]
                if e.get("cat") in ("cuda_runtime", "cuda_driver") and e["ph"] == "X")
    assert calls and sum(map(len, t.flows.values())) == sum(issued.values()) + calls
    for flow, slices in t.flows.items():
        kinds = Counter(s[1] for s in slices)
        assert kinds["gpu"] == issued.get(flow, 0) and kinds["cuda"] <= 1, (flow, kinds)
        begins = {kind: [s[3] for s in slices if s[1] == kind] for kind in ("cuda", "gpu")}
        assert not begins["cuda"] or all(begins["cuda"][0] <= begin for begin in begins["gpu"])
    assert any(label == "t0" for label, _ in t.tracks.values()) or any(s[1] == "cuda" for s in t.slices)
    # Work that runs at one time, summed over time, is the time of all work.
    total = 0
    for track, values in t.counters.items():
        assert t.tracks[track][0].endswith("work running") and values[-1][1] == 0
        total += sum(value * (after - time) for (time, value), (after, _) in zip(values, values[1:]))
    assert total == sum(g[1] - g[0] for g in c.gpu()), total


def tracks(path, sqlite):
    t, c = Trace(path), r.Capture(sqlite)
    ranges = Counter()
    for start, end, name, style, *_ in c.ranges():
        if style == "PushPop":
            ranges[name.removeprefix(":"), end - start] += 1
    phases = Counter((s[2], s[4] - s[3]) for s in t.below("phases"))
    wanted = Counter({key: n for key, n in ranges.items()
                      if re.fullmatch(r"sample\.\d+|warmup\.\d+|warmup|vision|prefill|decode|decode\.\d+", key[0])})
    print("phases that differ", list((phases - wanted).items())[:5], list((wanted - phases).items())[:5])
    assert phases and phases == wanted
    experts = Counter((t.tracks[s[0]][0], s[4] - s[3]) for s in t.below("experts"))
    wanted = Counter()
    for (name, ns), n in ranges.items():
        found = re.fullmatch(r"(?:layer\.?\d+\.)?expert\.?(\d+)", name)
        if found:
            wanted["expert " + found[1], ns] += n
    print("experts that differ", list((experts - wanted).items())[:5], list((wanted - experts).items())[:5])
    assert experts and experts == wanted
    assert all(re.match(r"layer", s[2]) for s in t.below("experts")), {s[2] for s in t.below("experts")}


def count(path, sqlite):
    t, c = Trace(path), r.Capture(sqlite)
    assert 0 < len(t.of("gpu")) == len(c.gpu()) and 0 < len(t.of("cuda")) == len(c.calls())


def window(whole, part, sqlite, low, high):
    w, p, c = Trace(whole), Trace(part), r.Capture(sqlite)
    zero = min(s[3] for s in w.of("gpu")) - min(g[0] for g in c.gpu())
    low, high = zero + int(low), zero + int(high)
    for category in ("gpu", "cuda"):
        want = sorted(s[2:] for s in w.of(category) if s[4] >= low and s[3] <= high)
        assert want and want == sorted(s[2:] for s in p.of(category)), category


{"check": check, "tracks": tracks, "count": count, "window": window}[sys.argv[1]](*sys.argv[2:])
