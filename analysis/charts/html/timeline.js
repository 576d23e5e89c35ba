/* The time line of one request: a row for each depth of ranges, for the host's calls, and for each stream. */

/* A colour for each family of names (all layers alike, all experts alike), in the order of their coming. */
function colourer(colours) {
    const families = new Map();
    return text => {
        const family = text.replace(/[0-9]+/g, "#");
        if (!families.has(family)) {
            families.set(family, colours.series[families.size % colours.series.length]);
        }
        return families.get(family);
    };
}

function span(us) {
    return us >= 1000 ? (us / 1000).toPrecision(4) + " ms" : us.toPrecision(4) + " us";
}

function shortened(text) {
    return plain(text.length > 90 ? text.slice(0, 87) + "..." : text);
}

/* Whether a text can be read in a box of so many pixels. */
function fits(text, pixels) {
    return pixels > 7 * text.length + 8;
}

function boxText(figure, lane, box) {
    const [start, length, name, many, around] = box;
    const what = shortened(figure.names[name]);
    return `<b>${many > 1 ? `${many.toLocaleString("en")} drawn as one, the first: ${what}` : what}</b><br>${span(length)}, from ${span(start)}`
        + (around === null ? "" : `<br>in ${shortened(figure.names[around])}`);
}

function timeChart(figure, width) {
    const colours = theme(), layout = layoutOf(figure, colours);
    const names = figure.lanes.map(lane => plain(lane.name)), colourOf = colourer(colours);
    const whole = Math.max(...figure.lanes.map(lane => Math.max(...lane.boxes.map(box => box[0] + box[1]))));
    const traces = figure.lanes.map((lane, i) => ({
        type: "bar", orientation: "h", name: names[i], y: lane.boxes.map(() => names[i]), width: 0.86,
        base: lane.boxes.map(box => box[0] / 1000), x: lane.boxes.map(box => box[1] / 1000),
        marker: {color: lane.boxes.map(([, , name, , around]) =>
            colourOf(figure.names[lane.kind === "work" && around !== null ? around : name])), line: {width: 0}},
        text: lane.boxes.map(box => fits(figure.names[box[2]], box[1] / whole * (width - 190)) ? plain(figure.names[box[2]]) : ""),
        textposition: "inside", insidetextanchor: "middle", textangle: 0, insidetextfont: {color: colours.card},
        customdata: lane.boxes.map(box => boxText(figure, lane, box)), hovertemplate: "%{customdata}<extra></extra>",
        showlegend: false,
    }));
    layout.barmode = "overlay";
    layout.hovermode = "closest";
    layout.dragmode = "zoom";
    layout.height = 110 + 30 * figure.lanes.length;
    layout.margin.t = 24;
    Object.assign(layout.yaxis, {type: "category", categoryarray: names, autorange: "reversed", fixedrange: true,
                                 rangemode: "normal", showgrid: false, title: {text: ""}});
    return {traces, layout};
}
