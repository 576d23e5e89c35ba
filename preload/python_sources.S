/* The Python helper's files, see python_helper.c: names and texts in turn, each file after those that it imports. */

    .macro file name
    .string "\name"
    .incbin "\name\().py"
    .byte 0
    .endm

    .section .rodata
    .global preload_python_sources
    .hidden preload_python_sources
preload_python_sources:
    file start
    file __init__
    file emit
    file rules
    file state
    file scan
    file tokens
    file phases
    file shapes
    file calls
    file discover
    .byte 0
    .section .note.GNU-stack, "", %progbits
