/* Figures (analysis/charts/chart_builder.h) as charts of plotly.js. Texts of a trace reach plotly through plain() alone: it reads
 * tags in texts, and a kernel's name is full of angle brackets. */

const CONFIG = {displaylogo: false, responsive: true, displayModeBar: matchMedia("(hover: hover)").matches ? "hover" : false,
                modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]]};

const COLOURS = {
    light: {text: "#1c2127", soft: "#59636e", grid: "#e3e6ea", card: "#ffffff",
            series: ["#0072b2", "#d55e00", "#009e73", "#b14d8a", "#c98a00", "#3f97cf", "#6f7780", "#8a7f00"]},
    dark: {text: "#e4e7eb", soft: "#9aa5b1", grid: "#2b323b", card: "#1a1e24",
           series: ["#4ba6e6", "#f2874a", "#34c79d", "#e199c6", "#f0b541", "#8fd0f7", "#a8b0b9", "#ddd35a"]},
};

function plain(text) {
    return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function theme() {
    return COLOURS[document.documentElement.dataset.theme === "dark" ? "dark" : "light"];
}

/* A number as people read it: four significant digits, missing as "-". */
function shown(value) {
    return value === null || value === undefined ? "-"
        : Math.abs(value) >= 1000 || Number.isInteger(value) ? value.toLocaleString("en", {maximumFractionDigits: 0})
        : value.toPrecision(4);
}

function layoutOf(figure, colours) {
    const axis = {gridcolor: colours.grid, zerolinecolor: colours.grid, linecolor: colours.soft, tickcolor: colours.soft,
                  automargin: true};
    return {
        paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", height: 320,
        margin: {l: 56, r: 12, t: 12, b: 48}, hovermode: "x unified",
        font: {color: colours.text, size: 12, family: "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"},
        modebar: {bgcolor: "rgba(0,0,0,0)", color: colours.soft, activecolor: colours.text},
        hoverlabel: {bgcolor: colours.card, bordercolor: colours.soft, font: {color: colours.text}, namelength: -1},
        legend: {orientation: "h", x: 0, y: 1.02, yanchor: "bottom", xanchor: "left"},
        xaxis: {...axis, title: {text: plain(figure.x || "")}},
        yaxis: {...axis, title: {text: plain(figure.y || "")}, rangemode: "tozero"},
    };
}

function pointText(figure, series, i) {
    const value = shown(series.y[i]) + (figure.y.startsWith("%") ? " %" : figure.y === "ms" ? " ms" : "");
    const sure = series.low && series.low[i] !== null && series.low[i] !== undefined;
    return value + (sure ? ` (${shown(series.low[i])} to ${shown(series.high[i])})` : "");
}

function intervalOf(series, colour) {
    if (!series.low) {
        return undefined;
    }
    const apart = (a, b) => a === null || b === null ? NaN : a - b; /* NaN: no interval is drawn */
    return {type: "data", symmetric: false, color: colour, thickness: 1.5, width: 4,
            array: series.y.map((y, i) => apart(series.high[i], y)),
            arrayminus: series.y.map((y, i) => apart(y, series.low[i]))};
}

/* lines, bars, stack, points */
function seriesChart(figure) {
    const colours = theme(), layout = layoutOf(figure, colours), log = figure.log || [];
    const lines = figure.kind === "lines";
    const labels = figure.values.map(k => k === null ? "-" : String(k));
    const sure = figure.series.some(series => series.low);
    let number = 0;
    const traces = figure.series.map(series => {
        const ideal = series.ideal === true, colour = ideal ? colours.soft : colours.series[number++ % colours.series.length];
        const common = {name: plain(series.name), x: lines ? figure.values : labels, y: series.y,
                        customdata: series.y.map((_, i) => pointText(figure, series, i)),
                        hovertemplate: "%{customdata}"};
        if (lines || ideal) {
            return {...common, type: "scatter", mode: ideal ? "lines" : "lines+markers", connectgaps: false,
                    line: {color: colour, width: sure && !series.low ? 1.5 : 2.5, dash: ideal ? "dash" : sure && !series.low ? "dot" : "solid"},
                    marker: {color: colour, size: sure && !series.low ? 5 : 7},
                    error_y: intervalOf(series, colour)};
        }
        if (figure.kind === "points") {
            return {...common, type: "scatter", mode: "markers", offsetgroup: series.name, marker: {color: colour, size: 9},
                    error_y: intervalOf(series, colour)};
        }
        return {...common, type: "bar", marker: {color: colour}, error_y: intervalOf(series, colours.text)};
    });
    if (figure.kind === "stack") {
        layout.barmode = "stack";
        layout.legend.traceorder = "normal";
    } else if (figure.kind === "points") {
        Object.assign(layout, {scattermode: "group", scattergap: 0.4});
        layout.yaxis.rangemode = "normal";
    } else if (figure.kind === "bars") {
        layout.barmode = "group";
    }
    if (!lines) {
        Object.assign(layout.xaxis, {type: "category"});
        if (figure.y.startsWith("%")) {
            layout.yaxis.range = [0, 100];
        }
    } else {
        Object.assign(layout.xaxis, {tickmode: "array", tickvals: figure.values, ticktext: labels});
        if (figure.values.includes(null)) {
            traces.forEach(trace => { trace.x = labels; });
            layout.xaxis = {...layout.xaxis, type: "category", tickmode: "auto"};
        } else if (log.includes("x")) {
            layout.xaxis.type = "log";
        }
    }
    if (log.includes("y")) {
        Object.assign(layout.yaxis, {type: "log", dtick: Math.log10(2), tickformat: ".3~g", rangemode: "normal"});
    }
    return {traces, layout};
}

/* The roofline: points of its own places, below a line. */
function scatterChart(figure) {
    const colours = theme(), layout = layoutOf(figure, colours), symbols = ["circle", "square", "diamond", "triangle-up", "cross"];
    let number = 0;
    const traces = figure.series.map((series, i) => {
        if (series.ideal) {
            const second = i > 0 && figure.series[i - 1].ideal;
            return {type: "scatter", mode: "lines", name: plain(series.name), x: series.x, y: series.y,
                    line: {color: second ? colours.series[1] : colours.soft, width: 2, dash: second ? "solid" : "dash"}, hoverinfo: "skip"};
        }
        const colour = colours.series[number % colours.series.length], symbol = symbols[number++ % symbols.length];
        if (!series.labels) {
            return {type: "scatter", mode: "markers", name: plain(series.name), x: series.x, y: series.y,
                    marker: {color: colour, size: 5, opacity: 0.5}, hovertemplate: "%{x}: %{y:.4g}<extra></extra>"};
        }
        return {type: "scatter", mode: "lines+markers+text", name: plain(series.name), x: series.x, y: series.y,
                line: {color: colour, width: 1, dash: "dot"}, marker: {color: colour, size: 9, symbol},
                text: series.labels.map(label => label.replace("k = ", "")), textposition: "top center", textfont: {size: 10, color: colours.soft},
                customdata: series.labels.map((label, i) =>
                    `${plain(series.name)}, ${plain(label)}: ${shown(series.y[i])} ${plain(figure.y)} at ${shown(series.x[i])} ${plain(figure.x)}`),
                hovertemplate: "%{customdata}<extra></extra>"};
    });
    layout.hovermode = "closest";
    if (figure.linear) {
        layout.xaxis.rangemode = "tozero";
        return {traces, layout};
    }
    layout.height = 420;
    Object.assign(layout.xaxis, {type: "log", dtick: 1, tickformat: "~g", rangemode: "normal"});
    Object.assign(layout.yaxis, {type: "log", dtick: 1, tickformat: "~g", rangemode: "normal"});
    return {traces, layout};
}

function heatChart(figure, choice) {
    const colours = theme(), layout = layoutOf(figure, colours), map = figure.maps[choice];
    const rows = figure.rows.map(row => row === null ? "-" : String(row)), columns = figure.columns.map(String);
    const unit = plain(figure.unit), few = rows.length * columns.length < 3000;
    layout.height = Math.min(900, Math.max(240, rows.length * 20 + 120));
    layout.hovermode = "closest";
    Object.assign(layout.xaxis, {type: "category", showgrid: false, nticks: 17, tickangle: 0});
    Object.assign(layout.yaxis, {type: "category", showgrid: false, autorange: "reversed", nticks: 17});
    const greatest = Math.max(0, ...map.z.flat().filter(value => value !== null));
    const trace = {type: "heatmap", z: map.z, x: columns, y: rows, colorscale: "Cividis", zmin: 0, zmax: greatest || 1, hoverongaps: false,
                   xgap: few ? 1 : 0, ygap: few ? 1 : 0,
                   colorbar: {title: {text: unit, side: "right"}, thickness: 12, outlinewidth: 0},
                   hovertemplate: `layer %{y}, expert %{x}: %{z:,.4~g} ${unit}<extra></extra>`};
    return {traces: [trace], layout};
}

function drawFigure(figure, div, choice) {
    const chart = figure.kind === "heat" ? heatChart(figure, choice || 0)
        : figure.kind === "time" ? timeChart(figure, div.clientWidth)
        : figure.kind === "scatter" ? scatterChart(figure) : seriesChart(figure);
    if (div.clientWidth < 480) {
        chart.layout.height = Math.min(chart.layout.height, 300);
        chart.layout.margin = {l: 44, r: 8, t: 8, b: 44};
        if (figure.kind === "heat") {
            chart.traces[0].colorbar.thickness = 8;
            chart.layout.xaxis.nticks = 7;
        }
    }
    return Plotly.react(div, chart.traces, chart.layout, CONFIG);
}
