#!/usr/bin/env bash
# Programs that give up rights or have little room: they go on as without the recorder, and so does the recording.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
confined=$helpers/cuda_confined

same() { # same NAME ARGUMENT...: output and status are as without the recorder; no line but the recorder's
    local name=$1
    shift
    bare "$name.bare" "$confined" "$@"
    local wanted=$status
    run "$name" "$confined" "$@"
    is "$name: exit status" "$status" "$wanted"
    ok "$name: output" cmp "$work/$name.bare.out" "$work/$name.out"
}
whole() { # whole NAME RANGES: nothing is said or missing
    is "$1: standard error" "$(cat "$work/$1.err")" ""
    ok "$1: dump" dump "$1"
    is "$1: ranges, and events lost" "$(number_of "$1" push) $(number_of "$1" pop) $(counter "$1" host.dropped)" "$2 $2 0"
    ok "$1: finished" finished "$1"
}

# Another user, another root: before the file is there, and when it has been written to.
if [ "$(id -u)" != 0 ] || [ -n "$SAN" ]; then
    skip "another user, another root" "it takes root, and a sanitizer's runtime opens files of its own"
else
    chmod 755 "$work"
    mkdir "$work/empty"
    for rights in user root; do
        same $rights $rights "$work/empty"
        whole $rights 201
        same $rights-written $rights-written "$work/empty"
        whole $rights-written 401
    done
fi

# A program with its owner's rights (setuid): the recorder does nothing. Only /etc/ld.so.preload brings it into one, which is
# another file in a namespace of mounts.
if [ "$(id -u)" != 0 ] || [ -n "$SAN$emulator" ] || ! unshare --mount true 2>"$work/unshare.err"; then
    skip "a program with its owner's rights" "it takes root and namespaces"
else
    cp "$confined" "$work/setuid"
    chmod 4755 "$work/setuid"
    mkdir -m 777 "$work/secure"
    cp -a /etc "$work/etc"
    echo "$BUILD/libmoetrace.so" >"$work/etc/ld.so.preload"
    unshare --mount bash -c 'mount --bind "$1" /etc && MOETRACE_OUTPUT=$2 exec setpriv --reuid 65534 --clear-groups "$3" alone' \
        sh "$work/etc" "$work/secure" "$work/setuid" >"$work/secure.out" 2>"$work/secure.err"
    is "a program with its owner's rights: exit status and standard error" "$? $(cat "$work/secure.err")" "7 "
    is "a program with its owner's rights: no trace" "$(trace_count secure)" 0
fi

# Filters of system calls: files cannot be opened, or opening one ends the process.
if [ -n "$SAN" ]; then
    skip "filters of system calls" "a sanitizer's runtime makes calls of its own"
else
    for action in error kill; do
        for threads in one all; do
            name=open-$action-$threads
            same "$name" filter open $action $threads
            whole "$name" 300
        done
    done
    for what in open threads; do
        for threads in one all; do
            same $what-kill-$threads-quiet filter $what kill $threads quiet
            ok "$what-kill-$threads-quiet: dump" dump $what-kill-$threads-quiet
            is "$what-kill-$threads-quiet: ranges, and events lost" "$(number_of $what-kill-$threads-quiet push) $(
                counter $what-kill-$threads-quiet host.dropped)" "101 0"
        done
    done
    same threads-kill-all filter threads kill all
    is "threads-kill-all: one line says so" "$(cat "$work/threads-kill-all.err")" \
        "moetrace: no thread or no memory for the writer; events are written at exit only"
    ok "threads-kill-all: dump" dump threads-kill-all
    is "threads-kill-all: ranges, and events lost" "$(number_of threads-kill-all push) $(counter threads-kill-all host.dropped)" "300 0"
    same cuda-open-kill-all filter open kill all cuda
    whole cuda-open-kill-all 300
    is "cuda-open-kill-all: kernels" "$(number_of cuda-open-kill-all kernel)" 10
    for action in error kill; do
        for threads in one all; do
            name=most-$action-$threads
            same "$name" filter most $action $threads
            ok "$name: dump" dump "$name"
            ok "$name: ranges before the filter" test "$(number_of "$name" push)" -ge 200
        done
    done
    same ask ask # by calls that fail; the last one is looked at, as the kernel would, and ends the recording
    ok "ask: dump" dump ask
    is "ask: ranges before the last" "$(number_of ask push)" 200
    for threads in one all; do
        is "most-kill-$threads: one line says so" "$(cat "$work/most-kill-$threads.err")" \
            "moetrace: the program restricts its system calls (seccomp); nothing is recorded from here on"
        is "most-kill-$threads: the ranges before the filter" "$(number_of most-kill-$threads push)" 200
        is "most-kill-$threads: the end" "$(grep -o 'reason=.*' "$work/most-kill-$threads.dump")" 'reason="seccomp"'
    done
fi

# Programs of one thread.
if [ -n "$SAN" ]; then
    skip "programs of one thread" "a sanitizer's runtime has threads of its own"
else
    same alone alone
    is "alone: one thread" "$(grep -c '^threads.* 1$' "$work/alone.out")" 2
    whole alone 601
    run alone-cuda "$confined" alone cuda
    is "with CUDA: exit status" "$status" 7
    ok "with CUDA: dump" dump alone-cuda
    is "with CUDA: ranges and kernels" "$(number_of alone-cuda push) $(number_of alone-cuda kernel)" "601 10"
fi

# A signal handler on a small stack ends the process.
if [ -n "$SAN" ]; then
    skip "small signal stacks" "a sanitizer needs more"
else
    for way in exit _exit; do
        for bytes in 8192 16384; do
            for what in '' cuda; do
                name=stack-$way-$bytes-$what
                # shellcheck disable=SC2086
                same "$name" small-stack $way $bytes $what
                ok "$name: dump" dump "$name"
                is "$name: the range" "$(number_of "$name" push) $(number_of "$name" pop)" "1 1"
            done
        done
    done
fi

# More threads at once than memory for them: the line names the setting, and the trace says what it lacks.
many=1000
[ -z "$SAN" ] || many=200
run threads "$confined" threads $many
is "$many threads: exit status and standard error" "$status $(cat "$work/threads.err")" "7 "
ok "$many threads: dump" dump threads
is "$many threads: ranges, launches, kernels" \
    "$(number_of threads push) $(grep -c '^api .*aunchKernel' "$work/threads.dump") $(number_of threads kernel)" "$many $((many + 1)) $((many + 1))"
if [ -n "$SAN" ]; then
    skip "threads without memory" "it takes 1,000 of them"
else
    for try in 1 2 3 4 5; do
        MOETRACE_MEMORY=8 run "short$try" "$confined" threads 1000
        is "threads without memory, $try: exit status" "$status" 7
        is "threads without memory, $try: one line says so" "$(cat "$work/short$try.err")" \
            "moetrace: the memory limit of 8 MiB is used up, and events are lost; raise MOETRACE_MEMORY (--memory)"
        ok "threads without memory, $try: dump" dump "short$try"
        ok "threads without memory, $try: the loss is counted" test "$(counter "short$try" host.dropped)" -gt 0
        is "threads without memory, $try: the report does not say that it is complete" \
            "$("$moetrace" report -f json "$work/short$try" 2>/dev/null | grep -o '\["complete", [0-9]*\]')" '["complete", 0]'
    done
fi

# A file system that numbers a file anew as often as it is opened.
numbers() {
    LD_PRELOAD=$(preload):$fake/libdisk.so FAKE_DISK_RENUMBERS=1 MOETRACE_OUTPUT=$work/numbers timeout -k 2 "$(time_limit 20)" \
        "$confined" alone >"$work/numbers.out" 2>"$work/numbers.err" </dev/null
}
numbers
is "inode numbers that do not last: exit status" $? 7
is "inode numbers that do not last: standard error" "$(cat "$work/numbers.err")" ""
ok "inode numbers that change: dump" dump numbers
is "inode numbers that do not last: ranges" "$(number_of numbers push)" 601

is "CUPTI was used as it is documented" "$(violations)" ""
done_testing
