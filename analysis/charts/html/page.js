/* The page: its sections, and what the switches do. */

const data = JSON.parse(document.getElementById("data").textContent);
const drawn = []; /* [figure, div, function that returns the chosen map] */

function section(title) {
    const id = title.toLowerCase().replace(/[^a-z]+/g, "-");
    const heading = make("h2", {id}, title);
    document.getElementById("nav").append(make("a", {href: "#" + id}, title));
    const element = make("section", {}, heading);
    element.setAttribute("aria-labelledby", id);
    document.getElementById("main").append(element);
    return element;
}

function numberCell(value) {
    return value === null || value === undefined ? null : [value, shown(value)];
}

function placesOf(figure) {
    const rows = figure.series.filter(s => !s.ideal).flatMap(series => series.x.map((x, i) =>
        [series.name, series.labels ? series.labels[i] : "", numberCell(x), numberCell(series.y[i])]));
    const columns = [["series", "l"], ["k", "l"], [figure.x, "r"], [figure.y, "r"]].map(([title, alignment]) => ({title, alignment}));
    return {title: figure.title, columns, rows};
}

/* The numbers of a chart, for who cannot see it and for who wants to copy them. */
function numbersOf(figure) {
    const titles = ["k"], lists = [figure.values];
    for (const series of figure.series) {
        titles.push(series.name);
        lists.push(series.y);
        if (series.low) {
            titles.push(series.name + " low", series.name + " high");
            lists.push(series.low, series.high);
        }
    }
    const columns = titles.map(title => ({title, alignment: "r"}));
    if (figure.values.some(value => typeof value === "string")) {
        columns[0].alignment = "l";
    }
    const rows = figure.values.map((_, i) => lists.map(list => typeof list[i] === "string" ? list[i] : numberCell(list[i])));
    return {title: figure.title, columns, rows};
}

function figureCard(figure) {
    const top = make("div", {className: "top"}, make("h3", {}, figure.title));
    const chart = make("div", {className: "chart", id: "chart-" + figure.id});
    const card = make("figure", {className: ["heat", "time", "scatter", "points"].includes(figure.kind) && !figure.linear ? "broad" : ""}, top, chart);
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", figure.title + (figure.note ? ". " + figure.note : ""));
    let choice = () => 0;
    if (figure.maps && figure.maps.length > 1) {
        const select = make("select", {}, ...figure.maps.map((map, i) => make("option", {value: i}, map.name)));
        select.setAttribute("aria-label", "Requests shown in " + figure.title);
        select.addEventListener("change", () => drawFigure(figure, chart, Number(select.value)));
        choice = () => Number(select.value);
        top.append(select);
    }
    if (figure.note) {
        card.append(make("figcaption", {}, figure.note));
    }
    if (figure.series) {
        const details = make("details", {}, make("summary", {}, "Numbers"));
        details.addEventListener("toggle", () => {
            if (details.open && details.children.length === 1) {
                details.append(make("div", {className: "scroll"}, sortableTable(figure.kind === "scatter" ? placesOf(figure) : numbersOf(figure)).element));
            }
        });
        card.append(details);
    }
    drawn.push([figure, chart, choice]);
    return card;
}

/* A card for each phase: its median at the smallest and the largest k. */
function glance() {
    const cards = make("div", {className: "cards"});
    for (const figure of data.figures.filter(f => f.id.startsWith("latency-"))) {
        const y = figure.series[0].y, last = y.length - 1, k = figure.values;
        const place = i => k[i] === null ? "" : `k = ${k[i]}`;
        const card = make("div", {className: "card"}, make("div", {className: "what"}, figure.title + ", P50"),
            make("div", {className: "value"}, shown(y[last]) + " ms"),
            make("div", {className: "more"}, last > 0 ? `at ${place(last)}; ${shown(y[0])} ms at ${place(0)}` : place(0)));
        cards.append(card);
    }
    return cards;
}

function build() {
    document.getElementById("trace").textContent = data.trace;
    document.getElementById("version").textContent = data.version;
    document.getElementById("licence-text").textContent = document.getElementById("licence").textContent.trim();
    document.title = "moetrace report: " + data.trace.split("/").pop();
    const state = document.getElementById("state");
    state.textContent = data.complete ? "The recording is complete." : "The recording is not complete; Completeness lists what is missing.";
    state.className = data.complete ? "good" : "bad";
    state.hidden = false;

    const table = id => data.tables.find(t => t.id === id);
    const main = document.getElementById("main"), apart = ["summary", "completeness", "run"];
    main.append(glance());
    if (table("summary")) {
        section("Summary").append(tableCard(table("summary")));
    }
    const titles = [...new Set(data.figures.map(f => f.section))];
    for (const title of titles) {
        const figures = make("div", {className: "figures"});
        section(title).append(figures);
        figures.append(...data.figures.filter(f => f.section === title).map(figureCard));
    }
    section("Completeness").append(tableCard(table("completeness")));
    const tables = section("Tables");
    tables.append(...data.tables.filter(t => !apart.includes(t.id)).map(tableCard));
    section("Run").append(tableCard(table("run")));
}

let turn = 0; /* of drawing: a later one ends those before it */

/* Draws one chart after the other, so that the page answers meanwhile; at once for paper. */
function drawAll(atOnce) {
    const mine = ++turn, waiting = [...drawn];
    document.documentElement.dataset.ready = "no";
    const next = () => {
        while (mine === turn && waiting.length > 0) {
            const [figure, div, choice] = waiting.shift();
            drawFigure(figure, div, choice());
            if (!atOnce) {
                setTimeout(next, 0);
                return;
            }
        }
        if (mine === turn) {
            document.documentElement.dataset.ready = "yes";
        }
    };
    next();
}

/* ---- Light and dark: as the system prefers, until the switch is used ---- */

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
let chosenTheme = null;

function applyTheme(name, atOnce) {
    document.documentElement.dataset.theme = name;
    document.getElementById("theme").textContent = name === "dark" ? "Light" : "Dark";
    document.getElementById("theme").setAttribute("aria-label", "Switch to " + (name === "dark" ? "light" : "dark"));
    drawAll(atOnce);
}

function currentTheme() {
    return chosenTheme || (prefersDark.matches ? "dark" : "light");
}

build();
applyTheme(currentTheme());
prefersDark.addEventListener("change", () => applyTheme(currentTheme()));
document.getElementById("theme").addEventListener("click", () => {
    chosenTheme = currentTheme() === "dark" ? "light" : "dark";
    applyTheme(chosenTheme);
});
addEventListener("beforeprint", () => applyTheme("light", true));
addEventListener("afterprint", () => applyTheme(currentTheme()));
