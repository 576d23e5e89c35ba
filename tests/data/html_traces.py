#!/usr/bin/env python3
"""Traces for the test of the HTML report.

  html_traces.py FILE sweep      a sweep over six k, half of its requests profiled
  html_traces.py FILE bare       one request in no top_k=K: no k, no intervals
  html_traces.py FILE hostile    a small one in which every name wants to be markup
  html_traces.py DATA check      whether the time lines in the page's data (JSON) are those of the sweep's requests
"""
import json
import sys

import analysis_sweep
from analysis_oracle import API, COUNTERS, POP, PUSH, END, META, SHAPES, Names, chunk, event_chunks, file_header, varint

MARKUP = ["</script><script>window.pwned = 1</script>", "<img src=x onerror='window.pwned = 2'>",
          "<!--<script>", "]]><b>bold</b>", '" onmouseover="window.pwned = 3" x="', "\\u003cscript\\u003e", "{{7*7}} ${7*7}",
          "line\u2028separator \x01\x1b[31m", "broken \udcff\udcfe utf-8", "&lt;i&gt; &amp;", "@library@ @data@",
          "javascript:window.pwned=4", "<a href=\"javascript:window.pwned=5\">link</a>", "__proto__", "%{customdata} %s"]


def raw(text):
    data = text.encode("utf-8", "surrogateescape")
    return varint(len(data)) + data


class RawNames(Names):
    def __call__(self, name):
        if name not in self.ids:
            self.ids[name] = len(self.ids) + 1
            self.pending.append(varint(self.ids[name]) + raw(name))
        return self.ids[name]


class Hostile(analysis_sweep.Sweep):
    def __init__(self):
        super().__init__("alternate")
        self.turn = 0

    def launch(self):
        if self.watching:
            self.turn += 1
            self.push(MARKUP[self.turn % len(MARKUP)])
            super().launch()
            self.gpu[-1]["shape"] = self.turn % len(MARKUP)
            self.now += 1_000_000  # wide enough for a mouse
            self.pop()

    def write(self, path):
        self.run()
        names = RawNames()
        shapes = [varint(i) + varint(names(text)) + varint(1) * 9 + varint(32) * 9 for i, text in enumerate(MARKUP)]
        meta = [raw("program") + raw(MARKUP[0]), raw("command") + raw(MARKUP[1]), raw(MARKUP[2]) + raw(MARKUP[3]),
                raw("note." + MARKUP[1]) + raw(MARKUP[0]), raw("device.0.name") + raw(MARKUP[1])]
        out = [file_header(1_700_000_000_000_000_000, 1_000_000_000, 7), chunk(META, meta), names.chunk(),
               chunk(SHAPES, [bytes([len(shape)]) + shape for shape in shapes])]
        out += event_chunks(names, self.events, self.gpu)
        out.append(chunk(COUNTERS, [raw("host.dropped") + varint(0), raw(MARKUP[1]) + varint(3)]))
        out.append(chunk(END, [varint(self.now) + raw(MARKUP[0])]))
        with open(path, "wb") as f:
            f.write(b"".join(out))


def watched_requests(sweep, k):
    """[(ns, kernels, experts' ranges)] of the profiled requests of k, the shortest first: from the first event of the
    prefill to the last of the decode."""
    found, stack, request = [], [], None
    for e in sweep.events:
        if e["kind"] == PUSH:
            if not stack:
                inside = e["name"] == f"top_k={k}"
            stack.append(e["name"])
            if inside and stack[1:2] != ["warmup.0"]:
                if stack[2:] == ["prefill"]:
                    request = [e["time"], 0, 0]
                elif request:
                    request[2] += e["name"].startswith("expert.")
        elif e["kind"] == POP:
            name = stack.pop()
            if name == "decode" and request:
                found.append((e["time"] - request[0], *request[1:]))
                request = None
        elif e["kind"] == API and request:
            request[1] += 1
    return sorted(r for r in found if r[1] > 0)


def check(path, sweep):
    data = json.load(open(path))
    requests = watched_requests(sweep, 32)
    assert len(requests) == 6
    for name, at in (("time-median", 2), ("time-p99", 5)):
        figure = next(f for f in data["figures"] if f["id"] == name)
        ns, kernels, experts = requests[at]
        lanes = {lane["name"]: lane["boxes"] for lane in figure["lanes"]}
        assert figure["note"].startswith(f"{ns / 1e6:.3f} ms. "), (figure["note"], ns)
        assert sum(box[3] for box in lanes["GPU 0, stream 0"]) == kernels, name
        assert sum(box[3] for boxes in lanes.values() for box in boxes if "host, CUDA calls" in lanes) > kernels
        assert sum(box[3] for box in lanes["host, CUDA calls"]) == kernels
        assert [figure["names"][box[2]] for box in lanes["host, ranges 2"]] == ["prefill", "decode"]
        start, length = lanes["host, ranges 2"][0][:2]
        assert start == 0 and abs(lanes["host, ranges 2"][1][0] + lanes["host, ranges 2"][1][1] - ns / 1e3) < 0.002
        inner = [boxes for lane, boxes in lanes.items() if lane.startswith("host, ranges")]
        named = [box for boxes in inner for box in boxes if figure["names"][box[2]].startswith("expert.")]
        assert sum(box[3] for box in named) == experts, (sum(box[3] for box in named), experts)
        for box in lanes["GPU 0, stream 0"]:  # each kernel is under the expert that launched it
            assert figure["names"][box[4]].startswith("expert."), box


if sys.argv[2] == "bare":
    analysis_sweep.KS, analysis_sweep.SAMPLES = (1,), 1
    made = analysis_sweep.Sweep("plain")
    made.names["k"] = "run {}"
    made.write(sys.argv[1])
elif sys.argv[2] == "hostile":
    analysis_sweep.KS, analysis_sweep.SAMPLES = (1, 2), 4
    Hostile().write(sys.argv[1])
else:
    analysis_sweep.KS, analysis_sweep.SAMPLES = (1, 2, 4, 8, 16, 32), 12
    analysis_sweep.EXPERTS = 64
    made = analysis_sweep.Sweep("alternate")
    if sys.argv[2] == "check":
        made.run()
        check(sys.argv[1], made)
    else:
        made.write(sys.argv[1])
