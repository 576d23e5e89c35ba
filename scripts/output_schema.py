#!/usr/bin/env python3
"""Writes docs/output-schema.md from what the program prints: its list of sections, and the tables of many runs.

  output_schema.py SECTIONS.json TABLES.json...

SECTIONS.json is of `moetrace report --list-sections --format json`, each TABLES.json of a command with --format json.
tests/e2e/docs_tables.sh makes them; `SCHEMA=docs/output-schema.md tests/e2e/docs_tables.sh` writes the page anew."""
import json
import sys

HEAD = """# The tables of every command, for programs

Written by `scripts/output_schema.py` from what the program prints; a test compares the two. Ids and column names are stable: when one changes, or
the meaning of a value, `schema` in json becomes another number. [report.md](report.md) describes the tables.

    moetrace report --format json TRACE              # all tables, every row, numbers in full precision, null for a missing value
    moetrace report --table latency TRACE            # one table as plain CSV: a line of column names, then the rows
    moetrace report --section experts -f csv TRACE   # several: before each a line `# ID: TITLE`

json is `{"schema", "reports": [{"trace", "tables": [{"id", "title", "columns": [{"name", "title", "unit"}], "rows", "notes"}]}]}`, with a report for
each process; `unit` and `notes` are absent where there are none. Of several processes, the CSV of one table begins with a column `trace`. An empty
field is a missing value. json and csv hold every row, unless `--top N` is given. `moetrace report --list-sections` lists the report's tables.
"""


def main():
    sections = json.load(open(sys.argv[1], encoding="utf-8"))["reports"][0]["tables"][0]["rows"]
    tables, titles, texts, schema = {}, {}, set(), None
    for path in sorted(sys.argv[2:]):
        whole = json.load(open(path, encoding="utf-8"))
        schema = whole["schema"]
        for report in whole["reports"]:
            for table in report["tables"]:
                if len(table["columns"]) > len(tables.get(table["id"], [])):
                    tables[table["id"]] = table["columns"]
                titles.setdefault(table["id"], table["title"])
                for row in table["rows"]:
                    texts.update((table["id"], column["name"]) for column, value in zip(table["columns"], row) if isinstance(value, str))
    contents = {table: (f"section `{section}`", content) for section, table, content in sections}
    others = [table for table in sorted(tables) if table not in contents]
    print(HEAD)
    print(f"`schema` is {schema}.")
    for table in [*contents, *others]:
        section, content = contents.get(table, ("", ""))
        print(f"\n## {table}\n")
        if content:
            print(f"{content[0].upper()}{content[1:]} ({section}).\n")
        print("| column | type | unit | title |\n|---|---|---|---|")
        for column in tables[table]:
            kind = "text" if (table, column["name"]) in texts else "number"
            title = column["title"].replace("|", "\\|")
            print(f"| `{column['name']}` | {kind} | {column.get('unit', '')} | {title} |")


main()
