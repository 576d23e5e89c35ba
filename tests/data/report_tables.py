"""The tables of `moetrace COMMAND --format json`: by their ids, cells by the names of their columns."""
import json


class Table:
    def __init__(self, table):
        self.id, self.title, self.notes = table["id"], table["title"], table.get("notes", "")
        self.columns = [column["name"] for column in table["columns"]]
        self.titles = [column["title"] for column in table["columns"]]
        self.rows = table["rows"]

    def records(self):
        """A dictionary for each row."""
        return [dict(zip(self.columns, row)) for row in self.rows]

    def select(self, *names):
        """The named columns of each row."""
        places = [self.columns.index(name) for name in names]
        return [tuple(row[place] for place in places) for row in self.rows]

    def facts(self):
        """Of a table whose rows each have a name of their own first, and a value last."""
        return {row[0]: row[-1] for row in self.rows}


def reports(text):
    """Of each process, in order, the tables by id."""
    whole = json.loads(text)
    assert whole["schema"] == 1, whole["schema"]
    found = []
    for report in whole["reports"]:
        tables = {table["id"]: Table(table) for table in report["tables"]}
        assert len(tables) == len(report["tables"]), "an id stands twice"
        found.append(tables)
    return found


def tables(text):
    """The tables of the only process, or the first."""
    return reports(text)[0]


def load(path):
    with open(path, encoding="utf-8") as file:
        return tables(file.read())
