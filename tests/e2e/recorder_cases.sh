#!/usr/bin/env bash
# What real programs do and a recorder gets wrong easily: each case ends as it would have ended, and is recorded.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
target=$(realpath "$helpers/cuda_cases") plugin=$(realpath "$fake/libplugin.so")

# A fork waits for another thread's first call of NVTX: its child would wait for that thread for ever.
run first-call "$helpers/nvtx_cases" first-call
is "fork during the first call of NVTX: the child finds it done" "$status" 7

# Ranges whose pushes carry a structure, and whose pops are plain.
run payloads "$helpers/nvtx_cases" payloads
is "payloads: exit status and standard error" "$status $(cat "$work/payloads.err")" "7 "
ok "payloads: dump" dump payloads
is "payloads: each push has its pop, each start its end" \
    "$(for kind in push pop mark start end; do number_of payloads $kind; done | paste -sd ' ')" "3 3 2 1 1"
payload_of() { grep "^$1 .*name=$2" "$work/payloads.dump" | grep -o ' payload=[^ ]*' | sort -u | paste -sd ' '; }
is "payloads: a number behind an ordinary message" "$(payload_of push '"outer"')" " payload=4096"
is "payloads: a message and a number" "$(payload_of push '"inner"')$(payload_of start '"inner"')$(payload_of mark '"inner"')" \
    " payload=-5 payload=-5 payload=-5"
is "payloads: of an unknown layout, and cut off" "$(payload_of push -)$(payload_of mark -) $(counter payloads nvtx.payloads_skipped)" \
    " payload=- payload=- 2"

# The program is replaced soon after its work, or ends without exit handlers; before, an attempt fails.
for way in execl execlp execle execv execve execvp quick_exit none; do
    run "exec-$way" "$helpers/cuda_cases" exec $way
    is "$way: exit status and standard error" "$status $(cat "$work/exec-$way.err")" "$([ $way = none ] && echo 7 || echo 0) "
    ok "$way: dump" dump "exec-$way"
    is "$way: ranges, marks, kernels, ends" "$(for kind in push mark kernel finish; do number_of "exec-$way" $kind; done | paste -sd ' ')" "1 1 10 1"
    is "$way: none damaged" "$(grep '^read' "$work/exec-$way.dump" | grep -c ' damaged=0 ')" 1
done

# Names that occur once, more than there is memory for: what comes later has its names, and one line says so.
MOETRACE_MEMORY=8 run names "$helpers/nvtx_cases" names
is "many names: exit status" "$status" 7
is "many names: it is reported" "$(cat "$work/names.err")" \
    "moetrace: too many different range names to keep in memory; the trace repeats later ones"
ok "many names: dump" dump names
is "many names: all ranges" "$(number_of names push) $(number_of names pop)" "60031 60031"
is "many names: the later ones" "$(grep '^push ' "$work/names.dump" | grep -c ' name="phase ')" 30
is "many names: a domain" "$(grep '^push ' "$work/names.dump" | grep ' name="late"' | grep -o ' domain=.*' | cut -d' ' -f2-3)" 'domain="late domain"'
run worker "$helpers/nvtx_cases" worker
is "a worker of a process with many names: exit status and standard error" "$status $(cat "$work/worker.err")" "7 "
is "a worker of a process with many names: traces" "$(trace_count worker)" 2
is "a worker of a process with many names: its trace holds the names that it uses" \
    "$(traces worker | xargs ls -S | tail -1 | xargs "$moetrace" dump | grep -c '^string ')" 1

# The file is named after the program, whatever it calls itself later, and lies in the output folder.
n=0
filler=$(printf 'x%.0s' {1..200})
for title in "worker: idle" "///////////////////////////////////////////////////////////////////////../escaped" $'\001-.'; do
    n=$((n + 1))
    run "title$n" "$helpers/cuda_cases" title "$title" "$filler"
    is "title $n: exit status and standard error" "$status $(cat "$work/title$n.err")" "7 "
    is "title $n: a trace named after the program" "$(find "$work" -newer "$work/title$n.out" -name '*escaped*') \
$(basename "$(traces "title$n")" | sed 's/-[0-9]*.moetrace//')" " cuda_cases"
done
for name in '-name' '.name' $'na\nme' ''; do
    n=$((n + 1))
    LD_PRELOAD=$(preload) MOETRACE_OUTPUT=$work/name$n bash -c 'exec -a "$0" "$1" driver' "$name" "$helpers/cuda_cases"
    is "name $n: exit status" "$?" 7
    is "name $n: a trace" "$(trace_count "name$n")" 1
    is "name $n: without what a file name should not have" \
        "$(find "$work/name$n" -name '[-.]*.moetrace' -o -name $'*\n*.moetrace' | wc -l)" 0
done

# Another tool is in CUDA_INJECTION64_PATH: what can be recorded is, and one line says what is not.
CUDA_INJECTION64_PATH=$work/none.so run taken "$helpers/cuda_cases" driver
is "CUDA's injection is taken: exit status" "$status" 7
is "CUDA's injection is taken: one line says so" "$(cat "$work/taken.err")" "moetrace: CUDA_INJECTION64_PATH is set: CUDA loads \
another tool ($work/none.so) instead; GPU work is recorded only if the program calls a shared libcudart"
CUDA_INJECTION64_PATH=$work/none.so run shared "$helpers/cuda_cases" plugin "$fake/libplugin.so"
is "CUDA's injection is taken, a shared runtime: exit status and standard error" "$status $(cat "$work/shared.err")" "7 "
ok "CUDA's injection variable is in use, a shared runtime: dump" dump shared
is "CUDA's injection is taken, a shared runtime: kernels" "$(number_of shared kernel)" 15

# A library that is opened with RTLD_DEEPBIND finds the C library before the recorder.
if [[ -n $SAN ]]; then
    skip "a library opened with RTLD_DEEPBIND" "a sanitizer refuses it"
else
    run deep "$helpers/cuda_cases" deep-plugin "$plugin"
    is "a library bound deeply: exit status" "$status" 7
    is "a library bound deeply: one line says so" "$(cat "$work/deep.err")" "moetrace: $plugin was opened with RTLD_DEEPBIND, which \
bypasses preloaded libraries: its NVTX ranges and CUDA calls are not recorded"
    ok "a library opened with RTLD_DEEPBIND: dump" dump deep
    is "a library bound deeply: the trace says so, and has the others' ranges" \
        "$(grep -c '^meta "note.deepbind"' "$work/deep.dump") $(number_of deep push)" "1 1"
    run deep-disk "$helpers/cuda_cases" opened-deep "$fake/libdisk.so"
    is "a library bound deeply that would not be recorded: exit status and standard error" "$status $(cat "$work/deep-disk.err")" "7 "
fi

# Ranges at the end: in exit handlers that are older than CUDA's, in destructors of a thread's data, and, too late, in a
# library's destructor.
for how in '' cuda launch; do
    name=exit-handlers-$how
    # shellcheck disable=SC2086
    run "$name" "$helpers/cuda_cases" exit-handlers $how
    is "exit handlers, $how: exit status and standard error" "$status $(cat "$work/$name.err")" "7 "
    ok "exit handlers, $how: dump" dump "$name"
    is "exit handlers, $how: ranges" "$(number_of "$name" push) $(number_of "$name" pop)" "$([ -n "$how" ] && echo 2 2 || echo 1 1)"
    is "exit handlers, $how: kernels, and those that could not be recorded" "$(number_of "$name" kernel) $(counter "$name" gpu.dropped)" \
        "$([ -n "$how" ] && echo 10 || echo 0) $([ "$how" = launch ] && echo 10 || echo 0)"
    ok "exit handlers, $how: finished" finished "$name"
done
run thread-ends "$helpers/nvtx_cases" thread-ends
is "destructors of a thread's data: exit status and standard error" "$status $(cat "$work/thread-ends.err")" "7 "
ok "destructors of a thread's data: dump" dump thread-ends
is "destructors of a thread's data: ranges and losses" "$(number_of thread-ends push) $(counter thread-ends host.dropped)" "4 0"
run late "$helpers/cuda_cases" late "$plugin"
is "a library's late destructor: exit status and standard error" "$status $(cat "$work/late.err")" "7 "
ok "a library's late destructor: dump" dump late
is "a library's late destructor: ranges, and events that were lost" "$(number_of late push) $(counter late host.dropped)" "1 2"
is "a library's late destructor: none damaged" "$(grep '^read' "$work/late.dump" | grep -c ' damaged=0 ')" 1
ok "a library's late destructor: finished" finished late

# A launcher that sees no GPU, and its child that does.
for how in malloc sync; do
    run "no-device-$how" "$helpers/cuda_cases" no-device $how
    is "no device, $how: exit status and standard error" "$status $(cat "$work/no-device-$how.err")" "7 "
    ok "no device, $how: dump" dump "no-device-$how"
    is "no device, $how: the child's kernels" "$(number_of "no-device-$how" kernel)" 10
done

# The library by another name, and a file that is replaced while it runs (an upgrade): still one recorder.
if [[ -n $SAN ]]; then
    skip "the library by another name" "the sanitizer's runtime must be preloaded before it"
else
    for name in absolute relative link; do
        mkdir "$work/lib"
        cp "$BUILD/libmoetrace.so" "$work/lib/"
        ln -s libmoetrace.so "$work/lib/current.so"
        case $name in absolute) path=$work/lib/libmoetrace.so ;; relative) path=lib/libmoetrace.so ;; link) path=$work/lib/current.so ;; esac
        (cd "$work" && LD_PRELOAD=$path MOETRACE_OUTPUT=$work/named-$name "$target" plugin "$plugin" "$work/lib/libmoetrace.so") \
            >"$work/named-$name.out" 2>"$work/named-$name.err"
        is "loaded by a name ($name) and replaced: exit status and standard error" "$? $(cat "$work/named-$name.err")" "7 "
        is "loaded by a name ($name) and replaced: one trace" "$(trace_count "named-$name")" 1
        ok "loaded by a name ($name) and replaced: dump" dump "named-$name"
        is "loaded by a name ($name) and replaced: ranges and kernels" \
            "$(number_of "named-$name" push) $(number_of "named-$name" kernel)" "6 15"
        rm -r "${work:?}/lib"
    done
fi

# Two copies of the recorder: one records.
if [[ -n $SAN ]]; then
    skip "two copies of the recorder" "the sanitizer's runtime must be preloaded before them"
else
    cp "$BUILD/libmoetrace.so" "$work/second.so"
    LD_PRELOAD=$(preload):$work/second.so MOETRACE_OUTPUT=$work/copies "$target" plugin "$plugin" >"$work/copies.out" 2>"$work/copies.err"
    is "two copies of the recorder: exit status" "$?" 7
    is "two copies of the recorder: one line says so" "$(cat "$work/copies.err")" \
        "moetrace: two copies of the recorder are preloaded; only $BUILD/libmoetrace.so records"
    is "two copies of the recorder: one trace" "$(trace_count copies)" 1
    ok "two copies of the recorder: dump" dump copies
    is "two copies of the recorder: ranges, launches, kernels" \
        "$(number_of copies push) $(grep -c '^api .*aunchKernel' "$work/copies.dump") $(number_of copies kernel)" "6 15 15"
fi

# daemon(): the parent leaves without exit handlers, the child is a process of its own.
run daemon "$helpers/cuda_cases" daemon
is "daemon: exit status and standard error" "$status $(cat "$work/daemon.err")" "0 "
for _ in $(seq 200); do
    dump daemon
    [ "$(number_of daemon finish)" -lt 2 ] || break
    sleep 0.05
done
is "daemon: traces, ranges, kernels, ends" \
    "$(trace_count daemon) $(number_of daemon push) $(number_of daemon kernel) $(number_of daemon finish)" "2 2 10 2"

# A library lies where another one lay, which was linked with another CUDA runtime.
FIRST_PLUGIN=$plugin SECOND_PLUGIN=$(realpath "$fake/libother_plugin.so") run other-library "$helpers/nvtx_cases" other-library
is "a library in another one's place: exit status and standard error" "$status $(cat "$work/other-library.err")" "7 "
is "a library in another one's place: each launch in its own runtime" "$(cut -d' ' -f1,2 "$work/other-library.out")" "0 77"

# The target's own CUPTI under the name that auditwheel gives it.
cp "$fake/libcupti.so.13" "$work/libcupti-1a2b3c4d.so.13.0.85"
MOETRACE_CUPTI='' run renamed "$helpers/cuda_cases" opened "$work/libcupti-1a2b3c4d.so.13.0.85"
is "CUPTI renamed: exit status and standard error" "$status $(cat "$work/renamed.err")" "7 "
ok "CUPTI renamed: dump" dump renamed
is "CUPTI renamed: kernels" "$(number_of renamed kernel)" 10
is "CUPTI renamed: it is that one" "$(grep -c '^meta "cupti.library".*libcupti-1a2b3c4d' "$work/renamed.dump")" 1

# Another library wraps launches, loaded before the recorder or after it: both see all.
own=$(preload) # under a sanitizer: its runtime, then the recorder
own_library=${own##*:} before=${own%"${own##*:}"}$fake/libinterposer.so
for command in launches "plugin-launches $plugin"; do
    for order in "$own:$fake/libinterposer.so" "$before:$own_library"; do
        name="wrapped by another tool, ${command%% *}, ${order##*/} last"
        rm -rf "$work/wrapped"
        # shellcheck disable=SC2086
        LD_PRELOAD=$order MOETRACE_OUTPUT=$work/wrapped timeout 20 "$helpers/cuda_cases" $command >"$work/wrapped.out" 2>"$work/wrapped.err"
        is "$name: exit status and standard error" "$? $(cat "$work/wrapped.err")" "7 "
        is "$name: the other tool saw all" "$(cat "$work/wrapped.out")" 10
        ok "$name: dump" dump wrapped
        is "$name: kernels and calls" "$(number_of wrapped kernel) $(grep -c '^api .*aunchKernel' "$work/wrapped.dump")" "10 10"
    done
done

is "CUPTI was used as it is documented" "$(violations)" ""
done_testing
