#!/usr/bin/env bash
# Targets that load and unload libraries at the moment when the recorder looks for CUDA: the two never wait for each other.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
if [ -n "$SAN" ]; then
    skip "loader" "the sanitizers have locks of their own around the loader"
    done_testing
fi
hung=0 wrong=0
for try in $(seq 10); do
    run "try$try" "$helpers/loader_race" "$fake/libcudart.so.13" "$fake/libplugin.so"
    [ "$status" != 124 ] || hung=$((hung + 1))
    [ "$status,$(cat "$work/try$try.out")" = "5,0 errors" ] || wrong=$((wrong + 1))
    dump "try$try"
    [ "$(number_of "try$try" api)" = 6 ] || wrong=$((wrong + 1))
    [ "$hung" = 0 ] || break
done
is "tries that hang" "$hung" 0
is "tries whose calls do not all reach the runtime, or the trace" "$wrong" 0
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing
