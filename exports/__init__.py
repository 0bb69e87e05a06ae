"""Lists, evidence and graphs as files that other programs read: one format per file.

A table format takes any Arrow table, a graph format any networkx graph. Both write what the file is
about into the file itself (exports/about.py), whole or not at all (exports/target.py).
"""

from regift.exports.format import Format

FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("csv", ".csv", "table", "regift.exports.table_csv", "spreadsheets and scripts"),
        Format("xlsx", ".xlsx", "table", "regift.exports.table_xlsx", "a workbook, ids as text"),
        Format("jsonl", ".jsonl", "table", "regift.exports.table_jsonl", "one JSON object a line"),
        Format("parquet", ".parquet", "table", "regift.exports.table_parquet", "typed columns"),
        Format("graphml", ".graphml", "graph", "regift.exports.graph_graphml", "Gephi, yEd, R"),
    )
}
"""Every format there is, by the name that `--format` takes."""
