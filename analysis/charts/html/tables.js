/* Tables that sort by any column. A column has a title and an alignment, "l" or "r"; a cell is a text, null when it is missing, or [number, its text]. */

function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
}

function cellText(cell) {
    return cell === null ? "-" : Array.isArray(cell) ? cell[1] : cell;
}

/* Numbers by value, texts by letter, missing ones last in either direction. */
function compareCells(a, b, direction) {
    if (a === null || b === null) {
        return (a === null) - (b === null);
    }
    if (Array.isArray(a) && Array.isArray(b)) {
        return direction * (a[0] - b[0]);
    }
    return direction * String(cellText(a)).localeCompare(String(cellText(b)), "en", {numeric: true});
}

function fillBody(body, table, rows) {
    body.replaceChildren(...rows.map(row => make("tr", {}, ...row.map((cell, i) => {
        const text = cellText(cell), letter = table.columns[i].alignment;
        const td = make("td", {className: letter + (letter === "l" && text.length > 24 ? " long" : "")}, text);
        if (cell === null) {
            td.classList.add("missing");
        }
        return td;
    }))));
}

function sortableTable(table) {
    const body = make("tbody"), heads = [];
    let rows = table.rows, sorted = -1, direction = 1, filter = "";
    const refresh = () => {
        let list = rows.map((row, i) => [row, i]);
        if (filter) {
            list = list.filter(([row]) => row.some(cell => cellText(cell).toLowerCase().includes(filter)));
        }
        if (sorted >= 0) {
            list.sort((a, b) => compareCells(a[0][sorted], b[0][sorted], direction) || a[1] - b[1]);
        }
        fillBody(body, table, list.map(([row]) => row));
        heads.forEach((th, i) => th.setAttribute("aria-sort",
            i !== sorted ? "none" : direction > 0 ? "ascending" : "descending"));
    };
    const head = make("tr", {}, ...table.columns.map((column, i) => {
        const button = make("button", {type: "button"}, column.title);
        const th = make("th", {scope: "col", className: column.alignment}, button);
        button.addEventListener("click", () => {
            const first = column.alignment === "r" ? -1 : 1; /* of numbers the greatest first */
            direction = sorted === i ? -direction : first;
            sorted = i;
            refresh();
        });
        heads.push(th);
        return th;
    }));
    refresh();
    const element = make("table", {}, make("thead", {}, head), body);
    element.setAttribute("aria-label", table.title);
    return {element, setFilter: text => { filter = text.trim().toLowerCase(); refresh(); }};
}

function fieldsTable(table) {
    const element = make("table", {className: "fields"}, make("tbody", {}, ...table.rows.map(row =>
        make("tr", {}, make("th", {scope: "row"}, cellText(row[0])), make("td", {}, cellText(row[1]))))));
    element.setAttribute("aria-label", table.title);
    return element;
}

/* A table with its title, its notes, and a filter when it is long. */
function tableCard(table) {
    const top = make("div", {className: "top"}, make("h3", {}, table.title));
    const card = make("section", {className: "table", id: "table-" + table.id}, top);
    if (table.fields) {
        card.append(fieldsTable(table));
    } else if (table.rows.length > 0) {
        const sortable = sortableTable(table);
        if (table.rows.length > 12) {
            const input = make("input", {type: "search", placeholder: "Filter rows"});
            input.setAttribute("aria-label", "Filter rows of " + table.title);
            input.addEventListener("input", () => sortable.setFilter(input.value));
            top.append(input);
        }
        const scroll = make("div", {className: "scroll", tabIndex: 0}, sortable.element);
        scroll.setAttribute("role", "region");
        scroll.setAttribute("aria-label", table.title);
        card.append(scroll);
    }
    if (table.notes) {
        card.append(make("p", {className: "note"}, table.notes.trim()));
    }
    return card;
}
