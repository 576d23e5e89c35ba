#!/usr/bin/env bash
# The man pages: there is one for every subcommand, for run_native and for the recorder; they say what --help says, with
# examples and an exit status; and mandoc finds nothing wrong with them.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

mapfile -t commands < <("$BUILD/moetrace" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p')
ok "there are commands" test "${#commands[@]}" -ge 6
pages=(moetrace run_native "${commands[@]/#/moetrace-}")
expected=$(printf 'man1/%s.1\n' "${pages[@]}" && echo man7/libmoetrace.7)
is "a page for each of them, and no other" "$(cd "$BUILD/man" && find . -name '*.[0-9]' -printf '%P\n' | sort)" \
    "$(sort <<<"$expected")"

plain() { # plain FILE: the text of a page in one line, with no typesetting
    MANWIDTH=78 mandoc -T ascii "$1" | sed 's/.\x08//g' | tr -s ' \n' ' '
}
help_of() {
    case $1 in
    moetrace-*) "$BUILD/moetrace" "${1#moetrace-}" --help ;;
    *) "$BUILD/$1" --help ;;
    esac
}
sections() { # every page has these, in this order
    local page found
    for page in "${pages[@]}"; do
        found=$(sed -n 's/^\.SH //p' "$BUILD/man/man1/$page.1" | grep -v COMMANDS | xargs)
        [ "$found" = "NAME SYNOPSIS DESCRIPTION OPTIONS EXAMPLES EXIT STATUS SEE ALSO" ] || {
            echo "$page: $found; its --help needs a paragraph 'Examples:' and one 'Exit status: ...'"
            return 1
        }
    done
}
ok "every page has examples and an exit status" sections

if command -v mandoc >/dev/null; then
    lint() { mandoc -T lint -W style "$BUILD"/man/man*/*; }
    ok "mandoc -T lint finds nothing" lint
    # Every word of --help, in its order, but for the layout: what argp adds, headings, quotes.
    says() {
        local page word text
        for page in "${pages[@]}"; do
            text=$(plain "$BUILD/man/man1/$page.1" | tr -d '`')
            while read -r word; do
                [[ $text == *"$word"* ]] || {
                    echo "$page has no $word"
                    return 1
                }
            done < <(help_of "$page" | sed -n 's/^ \{2,6\}\(-., \)\{0,1\}\(--[a-z-]*\(=[^ ]*\)\{0,1\}\).*/\2/p; s/^  \(moetrace .*\)/\1/p')
        done
    }
    ok "every option and example of --help is in its page" says
    texts() { # the text of an option, whole
        local text
        text=$(plain "$BUILD/man/man1/moetrace-report.1")
        [[ $text == *"-r, --rules=FILE rules for names of ranges that the built-in rules do not cover"* ]] &&
            [[ $text == *"EXIT STATUS 0; 2 after one line on standard error"* ]]
    }
    ok "with its complete text" texts
    variables() {
        local text variable
        text=$(plain "$BUILD/man/man7/libmoetrace.7")
        while read -r variable; do
            [[ $text == *"$variable="* ]] || return 1
        done < <(grep -o 'SETTING("MOETRACE_[A-Z_]*' trace/settings.h | cut -d'"' -f2)
        [[ $text =~ MOETRACE_MEMORY=MIB\ [a-zA-Z,\ ]*\(default\ 64\) ]]
    }
    ok "libmoetrace(7) has every variable of the recorder" variables
else
    skip "mandoc -T lint finds nothing" "no mandoc: scripts/setup.sh test installs it"
fi
is "run_native is a page of its own" "$(sed -n 's/^\(run_native .*\)/\1/p' "$BUILD/man/man1/run_native.1" | head -n 1)" \
    'run_native \- MolmoE in C, a workload for moetrace'
done_testing
