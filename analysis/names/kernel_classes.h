/* Classes of kernels, inferred from their names alone: a built-in table, and tables from a file. */
#ifndef NAMES_KERNEL_CLASSES_H
#define NAMES_KERNEL_CLASSES_H

#include "trace/trace.h"

#include <stdbool.h>
#include <stddef.h>

/* Patterns of one built-in class. `patterns`: alternatives, separated by |; one matches when it occurs in the demangled
 * name with its parameters. A ^ at its begin means the begin of the name, without a leading "void "; a * any text. Case
 * counts. */
typedef struct {
    const char *class_name, *patterns;
    bool communicates; /* between GPUs */
} names_kernel_class_rule;

/* The built-in rules, in the order in which they are tried; NULL behind the last (built_in_kernel_classes.c). */
const names_kernel_class_rule *names_kernel_class_rule_at(size_t i);

typedef struct names_kernel_class_pattern names_kernel_class_pattern;

/* Rules from a file, which are tried before the built-in ones. A zeroed one is empty. */
typedef struct {
    names_kernel_class_pattern *list;
    size_t count, cap;
} names_kernel_classes;

/* Returns the class of the kernel with this mangled (or plain) name: the first rule that matches decides. NULL: none
 * does. `classes` may be NULL; the text lives as long as they do. */
const char *names_kernel_class(const names_kernel_classes *classes, const char *mangled);

/* Returns whether the built-in rules say that the kernel moves data between GPUs. */
bool names_kernel_communicates(const char *mangled);

/* Reads a JSON object of regular expressions and their classes, or the tables of vLLM's and SGLang's nsys tools, which hold
 * such an object for each engine and model; there "FILE#MODEL" or "FILE#ENGINE/MODEL" selects one. The expressions are POSIX
 * extended ones, searched in the demangled name; (?:...), \d and \b are understood as in Python. Returns 0, or -1 with one
 * line in `error`. names_kernel_classes_free frees *classes. */
int names_kernel_classes_load(names_kernel_classes *classes, const char *path, char error[TRACE_ERROR_BYTES]);

void names_kernel_classes_free(names_kernel_classes *classes);

#endif
