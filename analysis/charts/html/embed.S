/* What the page of `moetrace report --html` is made of, as it stands in its files: each is a terminated text. */

#define TEXT(name, path) \
    .global charts_html_##name; \
    .balign 16; \
charts_html_##name: \
    .incbin path; \
    .byte 0

    .section .rodata
    TEXT(page, "page.html")
    TEXT(style, "page.css")
    TEXT(charts, "charts.js")
    TEXT(timeline, "timeline.js")
    TEXT(tables, "tables.js")
    TEXT(script, "page.js")
    TEXT(library, "plotly.min.js")
    TEXT(licence, "LICENSE.txt")
    .section .note.GNU-stack, "", %progbits
