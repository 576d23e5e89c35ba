#!/usr/bin/env python3
"""What a page of `moetrace report --html` must do in a real browser.

  html_checks.py BROWSER PAGE CHECK [ARGUMENT]   status 1 and lines that say what is wrong
"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../helpers"))
from browser import Browser  # noqa: E402

wrong = []


def expect(holds, what):
    if not holds:
        wrong.append(what)


def data_of(page):
    """The block of data, as the file has it."""
    text = open(page, encoding="utf-8").read()
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S).group(1))


# What plotly drew of one figure: the heights of bars in units of their axis, how many points there are, ...
DRAWN = """(id => {
  const div = document.getElementById("chart-" + id), plot = div.querySelector(".cartesianlayer");
  const axis = div._fullLayout.yaxis, paths = s => [...plot.querySelectorAll(s)];
  const perUnit = axis.type === "linear" ? Math.abs(axis.l2p(1) - axis.l2p(0)) : NaN;
  return {
    perUnit,
    points: paths(".scatterlayer .trace").map(t => t.querySelectorAll(".points path").length),
    lines: paths(".scatterlayer .trace").map(t => [...t.querySelectorAll("path.js-line")].map(p => p.getAttribute("d")).join("")),
    errors: paths(".errorbar path.yerror").map(p => p.getBBox().height / perUnit),
    bars: paths(".barlayer .trace").map(t => [...t.querySelectorAll(".point > path")].map(p => p.getBBox().height / perUnit)),
    spans: paths(".barlayer .trace").map(t => [...t.querySelectorAll(".point > path")].map(p => [p.getBBox().y, p.getBBox().y + p.getBBox().height])),
    images: paths(".heatmaplayer image").map(i => [i.getAttribute("xlink:href") || i.getAttribute("href"), i.width.baseVal.value]),
    box: [div.clientWidth, div.clientHeight],
  };
})(%s)"""


def check_figure(browser, figure):
    name, got = figure["id"], browser.js(DRAWN % json.dumps(figure["id"]))
    expect(got["box"][0] > 200 and got["box"][1] > 150, f"{name}: its box is {got['box']}")
    if figure["kind"] == "heat":
        expect(len(got["images"]) == 1 and got["images"][0][0].startswith("data:image/png") and got["images"][0][1] > 100,
               f"{name}: no heat map")
        scale = browser.js("(d => [d.zmin, d.zmax])(document.getElementById('chart-%s')._fullData[0])" % name)
        greatest = max((z for row in figure["maps"][0]["z"] for z in row if z is not None), default=0)
        expect(scale[0] == 0 and abs(scale[1] - (greatest or 1)) <= 1e-9 * scale[1],
               f"{name}: its colours go from {scale[0]} to {scale[1]}, not from 0 to {greatest}")
    elif figure["kind"] == "time":
        boxes = sum(len(lane["boxes"]) for lane in figure["lanes"])
        bars = sum(map(len, got["bars"]))
        expect(boxes > 0 and bars == boxes, f"{name}: {bars} boxes are drawn of {boxes}")
    else:
        values = lambda s: [y for y in s["y"] if y is not None]  # noqa: E731
        measured = [s for s in figure["series"] if not s.get("ideal")]
        ideal = [s for s in figure["series"] if s.get("ideal")]
        if figure["kind"] in ("lines", "points", "scatter"):
            expect(got["points"][:len(measured)] == [len(values(s)) for s in measured],
                   f"{name}: points {got['points']}, but the data has {[len(values(s)) for s in measured]}")
        else:
            expect(len(got["bars"]) == len(measured), f"{name}: {len(got['bars'])} series of bars, not {len(measured)}")
            pixel = 1 / got["perUnit"]
            for bars, series in zip(got["bars"], measured):
                wanted = values(series)
                expect(len(bars) == len(wanted) and all(abs(b - w) < 2.1 * pixel for b, w in zip(bars, wanted)),
                       f"{name}: {series['name']}: bars {bars}, data {wanted}, a pixel being {pixel}")
        if figure["kind"] == "stack":
            for below, above in zip(got["spans"], got["spans"][1:]):
                expect(all(abs(lower[0] - upper[1]) < 2.1 for lower, upper in zip(below, above)), f"{name}: bars do not stand on each other")
        expect(not ideal or any("L" in line for line in got["lines"]), f"{name}: the line that it is held against is missing")
        sure = sum(l is not None for s in measured for l in s.get("low", []))
        expect(sure == len(got["errors"]), f"{name}: {len(got['errors'])} intervals are drawn of {sure}")
        if got["errors"] and got["errors"][0] is not None:
            want = [s["high"][i] - s["low"][i] for s in measured for i in range(len(s.get("low", []))) if s["low"][i] is not None]
            expect(all(abs(e - w) <= 0.05 * w + 0.01 * max(want) for e, w in zip(got["errors"], want)),
                   f"{name}: intervals are {got['errors']} high, not {want}")


def drawn(browser, page, sections=""):
    """Every figure of the data is drawn, with every point of it; `sections` names those that must be there."""
    browser.open(page)
    data = data_of(page)
    for figure in data["figures"]:
        check_figure(browser, figure)
    kept = browser.js("[...document.querySelectorAll('.chart')].length")
    expect(kept == len(data["figures"]), f"{kept} charts, but {len(data['figures'])} figures")
    for section in filter(None, sections.split(",")):
        expect(any(f["id"].startswith(section) for f in data["figures"]), f"no figure {section}")


def same_numbers(browser, page):
    """The page's tables hold what its data holds, as the reader sees them."""
    browser.open(page)
    data = data_of(page)
    seen = browser.js("""[...document.querySelectorAll("section.table")].map(card => ({
      id: card.id.replace("table-", ""), title: card.querySelector("h3").textContent,
      rows: [...card.querySelectorAll("tbody tr")].map(tr => [...tr.children].map(td => td.textContent))}))""")
    by_id = {table["id"]: table for table in data["tables"]}
    expect(len(seen) == len(by_id), f"{len(seen)} tables are shown of {len(by_id)}")
    for table in seen:
        wanted = [["-" if c is None else c[1] if isinstance(c, list) else c for c in row] for row in by_id[table["id"]]["rows"]]
        expect(table["rows"] == wanted and table["title"] == by_id[table["id"]]["title"], f"{table['id']}: other rows than the data's")


COLUMN = """[...document.querySelectorAll(`#table-%s tbody tr`)].map(tr => tr.children[%d].textContent)"""
HEAD = """document.querySelector(`#table-%s thead`).querySelectorAll("th")[%d]"""


def check_order(browser, table, column, cells, state, descending):
    got = browser.js(COLUMN % (table, column))
    numbers = sorted((c for c in cells if c is not None), key=lambda c: c[0], reverse=descending)
    wanted = [c[1] for c in numbers] + ["-"] * sum(c is None for c in cells)
    expect(got == wanted, f"{table}, column {column}, {state}: {got}, not {wanted}")
    expect(browser.js((HEAD + ".getAttribute('aria-sort')") % (table, column)) == state, f"{table}: aria-sort is not {state}")


def sorts(browser, page):
    """A click on the head of a column sorts by its numbers, a second one the other way, one on a text by letters."""
    browser.open(page)
    latency = next(t for t in data_of(page)["tables"] if t["id"] == "latency")
    names = [column["name"] for column in latency["columns"]]
    column = names.index("p50_ms")
    cells = [row[column] for row in latency["rows"]]
    expect(len({c[0] for c in cells}) > 3, "too few values to tell sorting by")
    texts = [c[1] for c in cells]
    expect(sorted(texts) != [c[1] for c in sorted(cells)], "numbers and letters sort alike here: this shows nothing")
    click = (HEAD + ".querySelector('button').click()") % (latency["id"], column)
    browser.js(click)
    check_order(browser, latency["id"], column, cells, "descending", True)
    browser.js(click)
    check_order(browser, latency["id"], column, cells, "ascending", False)
    phase = names.index("phase")
    browser.js((HEAD + ".querySelector('button').click()") % (latency["id"], phase))
    got = browser.js(COLUMN % (latency["id"], phase))
    expect(got == sorted(got) and len(set(got)) > 1, f"by phase: {got}")
    mixed = next(((t, i) for t in data_of(page)["tables"] for i in range(len(t["columns"])) if t["columns"][i]["alignment"] == "r"
                  and 0 < sum(row[i] is None for row in t["rows"]) < len(t["rows"])), None)
    expect(mixed, "no table has a column with missing values among others: this shows nothing")
    if mixed:
        table, at = mixed
        for state, descending in (("descending", True), ("ascending", False)):
            browser.js((HEAD + ".querySelector('button').click()") % (table["id"], at))
            check_order(browser, table["id"], at, [row[at] for row in table["rows"]], state, descending)


def hovers(browser, page):
    """The mouse over a chart shows the numbers of the point below it."""
    browser.open(page)
    data = data_of(page)
    for figure in data["figures"]:
        browser.js(f"document.getElementById('chart-{figure['id']}').scrollIntoView({{block: 'center'}})")
        place = browser.js("""(div => {
          const mark = div.querySelector(".scatterlayer .points path, .barlayer .point > path, .heatmaplayer image"), b = mark.getBoundingClientRect();
          return [b.left + b.width / 2, b.top + b.height / 2];
        })(document.getElementById("chart-%s"))""" % figure["id"])
        browser.move(5, 5)
        browser.move(place[0] + 1, place[1] + 1)
        browser.move(*place)
        browser.drain(0.25)
        said = browser.js(f"document.querySelector('#chart-{figure['id']} .hoverlayer').textContent")
        expect(re.search(r"\d", said), f"{figure['id']}: hovering shows {said!r}")
        if figure.get("series"):
            first = next(y for y in figure["series"][0]["y"] if y is not None)
            digits = f"{first:.4g}"[:3] if not figure.get("linear") else ": "  # its points lie on each other
            expect(digits in said.replace(",", ""), f"{figure['id']}: hovering shows {said!r} over {first}")


COLOURS = """(() => { const c = e => getComputedStyle(document.querySelector(e)); return {
  page: c("body").backgroundColor, text: c("body").color, button: document.getElementById("theme").textContent,
  chart: c(".chart .xtick text").fill }; })()"""


def brightness(colour):
    return sum(map(int, re.findall(r"\d+", colour)[:3]))


def dark(browser, page):
    """Dark follows the system, and the switch wins over it."""
    browser.scheme("dark")
    browser.open(page)
    night = browser.js(COLOURS)
    expect(brightness(night["page"]) < 150 < 500 < brightness(night["text"]), f"dark: {night}")
    expect(brightness(night["chart"]) > 500, f"dark: the charts' text is {night['chart']}")
    browser.js("document.getElementById('theme').click()")
    browser.wait()
    day = browser.js(COLOURS)
    expect(brightness(day["page"]) > 600 and brightness(day["text"]) < 250 and brightness(day["chart"]) < 250, f"switched: {day}")
    browser.js("document.getElementById('theme').click()")
    browser.scheme("light")
    browser.wait()
    still = browser.js(COLOURS)
    expect(brightness(still["page"]) < 150, f"the switch was used, but the system's change won: {still}")
    browser.open(page)
    fresh = browser.js(COLOURS)
    expect(brightness(fresh["page"]) > 600, f"light: {fresh}")


def phone(browser, page):
    """On a narrow screen nothing sticks out."""
    browser.size(390, 844, phone=True)
    browser.open(page)
    width = browser.js("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)")
    expect(width <= 390, f"the page is {width} wide on a screen of 390")
    for name, right in browser.js("[...document.querySelectorAll('.chart')].map(c => [c.id, c.querySelector('.main-svg').getBoundingClientRect().right])"):
        expect(right <= 391, f"{name} ends at {right}")


def harmless(browser, page):
    """Names that are markup are shown as what they are, and nothing of them comes to life."""
    browser.open(page)
    markup = ["</script><script>window.pwned = 1</script>", "<img src=x onerror='window.pwned = 2'>"]
    body = browser.js("document.body.textContent")
    for text in markup:
        expect(text in body, f"{text} is not shown")
    expect(browser.js("window.pwned") is None, "a name of the trace ran as a script")
    expect(browser.js("document.querySelectorAll('script').length") == 4, "a script came from somewhere")
    living = browser.js("document.querySelectorAll('img, iframe, object, embed, form, base, main a[href^=javascript], b, i').length")
    expect(living == 0, f"{living} elements came from names")
    said = [text for figure in data_of(page)["figures"] if figure["kind"] == "time" for text in hover_all(browser, figure)]
    for text in (markup[1], "]]><b>bold</b>", "&lt;i&gt; &amp;", "%{customdata} %s", '<a href="javascript:window.pwned=5">link</a>'):
        expect(any(text in s for s in said), f"{text} is not what hovering over its range shows: {said[:8]}")
    expect(browser.js("window.pwned") is None, "a name of the trace ran as a script while hovering")


def hover_all(browser, figure):
    """What the mouse shows over the boxes of a time line."""
    said = []
    browser.js(f"document.getElementById('chart-{figure['id']}').scrollIntoView({{block: 'center'}})")
    for x, y in browser.js("""[...document.querySelectorAll("#chart-%s .barlayer .point > path")].map(p => p.getBoundingClientRect())
                              .filter(b => b.width > 3).slice(0, 60).map(b => [b.left + b.width / 2, b.top + b.height / 2])""" % figure["id"]):
        browser.move(x, y)
        browser.drain(0.1)
        text, links = browser.js("""(h => [h.textContent, h.querySelectorAll("a").length])(document.querySelector("#chart-%s .hoverlayer"))""" % figure["id"])
        expect(links == 0, f"a name became a link: {text}")
        said.append(text)
    return said


def prints(browser, page):
    """On paper: light, and no row of a table is cut off."""
    browser.scheme("dark")
    browser.open(page)
    pdf = browser.call("Page.printToPDF", printBackground=True)["data"]
    expect(len(pdf) > 20000, "the print is empty")


CHECKS = {check.__name__: check for check in (drawn, same_numbers, sorts, hovers, dark, phone, harmless, prints)}


def main():
    program, page, check = sys.argv[1:4]
    with Browser(program) as browser:
        try:
            CHECKS[check](browser, page, *sys.argv[4:])
        except RuntimeError as error:
            wrong.append(str(error))
        browser.drain()
        wrong.extend("the console says: " + text for text in browser.complaints())
        elsewhere = [url for url in browser.requests() if not url.endswith(os.path.basename(page))]
        wrong.extend("the page asked for " + url for url in elsewhere)
    print("\n".join(wrong))
    return bool(wrong)


sys.exit(main())
