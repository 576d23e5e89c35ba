/* Options and errors of every subcommand. */
#include "analysis/cli/cli_options.h"

#include "analysis/base/text.h"
#include "analysis/cli/cli_suggest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Whether an error line was printed since parsing began: then a parser's EINVAL needs no other. */
static bool error_was_said;

/* Names of files, and of what is in them, may hold anything. */
static void print_line(const char *before, const char *format, va_list args) {
    char *line = NULL;
    int len = vasprintf(&line, format, args);
    fflush(stdout);
    if (len >= 0) {
        char *printable = base_text_printable(line, (size_t)len);
        fprintf(stderr, "%s: %s\n", before, printable);
        free(printable);
        free(line);
    }
}

int cli_error(const char *format, ...) {
    va_list args;
    va_start(args, format);
    print_line("moetrace", format, args);
    va_end(args);
    error_was_said = true;
    return CLI_FAILED;
}

void cli_say(const char *who, const char *format, ...) {
    char before[64];
    va_list args;
    snprintf(before, sizeof before, "moetrace %s", who);
    va_start(args, format);
    print_line(before, format, args);
    va_end(args);
}

static bool is_end(const struct argp_option *option) {
    return !option->name && !option->key && !option->doc;
}

/* How many options the first `len` characters of `text` name, in whole or abbreviated; one of them. */
static int find_long(const struct argp_option *options, const char *text, size_t len,
                     const struct argp_option **found) {
    int count = 0;
    for (; !is_end(options); options++) {
        if (options->name && strncmp(options->name, text, len) == 0) {
            *found = options;
            count++;
            if (options->name[len] == '\0') {
                return 1;
            }
        }
    }
    return count;
}

static const struct argp_option *find_key(const struct argp_option *options, int key) {
    for (; !is_end(options); options++) {
        if (options->name && options->key == key) {
            return options;
        }
    }
    return NULL;
}

/* argv's option, of which `len` characters of `text` are the name, is none: says so, and which is closest. */
static int unknown_long(const struct argp_option *options, char **argv, int i, const char *text, size_t len) {
    cli_suggestion close = {.text = text, .len = len};
    for (; !is_end(options); options++) {
        if (options->name) {
            cli_suggest(&close, options->name);
        }
    }
    if (close.best) {
        return cli_error("unknown option: %s; did you mean --%s? (see %s --help)", argv[i], close.best,
                         argv[0]);
    }
    return cli_error("unknown option: %s (see %s --help)", argv[i], argv[0]);
}

static int needs_value(const struct argp_option *option, const char *command) {
    return cli_error("--%s needs a value: %s (see %s --help)", option->name, option->arg, command);
}

/* What is wrong with the long option at argv[i], if anything: says so. Else whether the next argument is its
 * value, 0 or 1. */
static int check_long(const struct argp_option *options, char **argv, int i) {
    const char *text = argv[i] + 2, *value = strchr(text, '=');
    size_t len = strcspn(text, "=");
    const struct argp_option *option;
    int count = find_long(options, text, len, &option);
    if (count == 0) {
        return unknown_long(options, argv, i, text, len);
    }
    if (count > 1) {
        return cli_error("--%.*s is short for %d options (see %s --help)", (int)len, text, count, argv[0]);
    }
    if (value && !option->arg) {
        return cli_error("--%s takes no value, and got %s (see %s --help)", option->name, value + 1, argv[0]);
    }
    if (option->arg && !value && !argv[i + 1]) {
        return needs_value(option, argv[0]);
    }
    return option->arg && !value;
}

/* The same for short options in one argument. */
static int check_short(const struct argp_option *options, char **argv, int i) {
    for (const char *c = argv[i] + 1; *c; c++) {
        const struct argp_option *option = find_key(options, (unsigned char)*c);
        if (!option) {
            return cli_error("unknown option: -%c in %s (see %s --help)", *c, argv[i], argv[0]);
        }
        if (option->arg) {
            if (c[1]) { /* the rest of the word is the value */
                return 0;
            }
            return argv[i + 1] ? 1 : needs_value(option, argv[0]);
        }
    }
    return 0;
}

/* Reports the option at which argp gave up, which argp itself does not. */
static void say_mistake(const struct argp_option *options, int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            bool is_long = argv[i][1] == '-';
            int rc = is_long ? check_long(options, argv, i) : check_short(options, argv, i);
            if (rc == CLI_FAILED) {
                return;
            }
            i += rc;
        }
    }
    cli_error("the arguments cannot be parsed (see %s --help)", argv[0]);
}

typedef struct {
    const struct argp *argp;
    void *input;
    const char *name;
    int *status;
    bool done;
} parsing;

static error_t parse_one(int key, char *arg, struct argp_state *state) {
    parsing *p = state->input;
    if (key == 'h') {
        argp_help(p->argp, stdout, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK, (char *)p->name);
        p->done = true;
        *p->status = cli_flush();
        return ECANCELED;
    }
    if (key == 'V') {
        printf("moetrace %s\n", MOETRACE_VERSION);
        p->done = true;
        *p->status = cli_flush();
        return ECANCELED;
    }
    if (arg && *arg == '\0') {
        const struct argp_option *option = key == ARGP_KEY_ARG ? NULL : find_key(p->argp->options, key);
        if (option) {
            needs_value(option, p->name);
        } else {
            cli_error("an argument is empty (see %s --help)", p->name);
        }
        return EINVAL;
    }
    state->input = p->input;
    error_t rc = p->argp->parser(key, arg, state);
    state->input = p;
    return rc;
}

int cli_parse(const struct argp *argp, int argc, char **argv, void *input, int *status) {
    parsing p = {.argp = argp, .input = input, .name = argv[0], .status = status};
    struct argp wrapped = *argp;
    wrapped.parser = parse_one;
    error_was_said = false;
    /* Without argp's own errors, which take two lines. It then has no help of its own either. */
    error_t rc = argp_parse(&wrapped, argc, argv, ARGP_IN_ORDER | ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &p);
    if (p.done) {
        return -1;
    }
    if (rc != 0 && !error_was_said) {
        say_mistake(argp->options, argc, argv);
    }
    *status = CLI_FAILED;
    return rc == 0 ? 0 : -1;
}

bool cli_number(const char *option, const char *text, uint32_t least, uint32_t most, uint32_t *value) {
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || n < least || n > most) {
        cli_error("%s=%s: give a whole number from %u to %u", option, text, least, most);
        return false;
    }
    *value = (uint32_t)n;
    return true;
}

int cli_word(const char *option, const char *text, const char *words) {
    size_t wanted = strlen(text);
    char known[256] = "";
    int i = 0, at = 0;
    for (const char *word = words; *word; i++) {
        size_t len = strcspn(word, "|");
        const char *next = word + len + (word[len] == '|');
        if (len == wanted && memcmp(word, text, len) == 0) {
            return i;
        }
        const char *between = *next ? ", " : " or ";
        at +=
            snprintf(known + at, sizeof known - (size_t)at, "%s%.*s", i == 0 ? "" : between, (int)len, word);
        word = next;
    }
    cli_error("%s=%s: give %s", option, text, known);
    return -1;
}

int cli_flush(void) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return cli_error("standard output could not be written: %s", strerror(errno));
    }
    return CLI_OK;
}
