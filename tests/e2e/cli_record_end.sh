#!/usr/bin/env bash
# The end of moetrace record, and what report makes of several runs: one or two lines say what was recorded and what to type
# next; runs are not mixed; signals and stops reach the command as if nothing stood in between.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
unset WORLD_SIZE OMPI_COMM_WORLD_SIZE PMI_SIZE SLURM_STEP_NUM_TASKS MOETRACE_OUTPUT
if [ -n "$SAN" ]; then
    skip "the end of record" "moetrace record preloads the recorder without the sanitizer's runtime before it"
    done_testing
fi
if [ -n "$emulator" ]; then
    skip "the end of record" "an emulator's preload is another"
    done_testing
fi
mkdir "$work/here"
cd "$work/here" || exit

record() { # record ARGUMENT...: in $work/out, $work/err, $status
    status=0
    timeout -k 2 "$(time_limit 20)" "$moetrace" record "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}
said() { grep '^moetrace' "$work/err"; }
masked() { said | sed -E 's/-[0-9]+/-PID/g; s/[0-9.]+ [KM]iB/SIZE/'; }

# ---- What the last lines say ----

record -o one -- "$helpers/nvtx_requests" 100
is "one process: its exit status" "$status" 5
is "and two lines" "$(masked)" \
    "moetrace record: one/nvtx_requests-PID.moetrace (SIZE): 1 request, no kernels (no kernel ran, or none while profiling was on); nothing lost
moetrace record: next: moetrace report one"
is "nothing of ours is on standard output" "$(grep -c moetrace "$work/out")" 0
ok "the command that it names works" sh -c "$(said | sed -n "s|^moetrace record: next: moetrace |'$moetrace' |p")"

record -o "two words" --capture all -- "$helpers/cuda_requests" requests
is "kernels are counted" "$(masked | head -n 1)" \
    "moetrace record: two words/cuda_requests-PID.moetrace (SIZE): 0 requests, $("$moetrace" report -f csv "two words" | sed -n 's/^kernels.count,\([0-9]*\)$/\1/p') kernels; nothing lost"
is "without a phase the next line says so, and quotes the directory" "$(said | tail -n 1)" \
    "moetrace record: next: moetrace report 'two words' (no request: no range vision, prefill or decode has ended)"

record -o family -- "$helpers/cuda_family" spawn
is "all processes of a run are counted" "$(masked | head -n 1 | cut -d: -f1,2)" "moetrace record: family (2 processes, SIZE)"
record --level phases -o phases -- "$helpers/cuda_requests" requests
ok "level phases: no kernels, with the reason" grep -q 'no kernels (level phases records none)' "$work/err"

record -- "$helpers/cuda_requests" requests
directory=$(said | sed -n 's|^moetrace record: next: moetrace report \([^ ]*\).*|\1|p')
ok "without -o: the directory is named after program and process" test -d "$directory" -a "${directory%-*}" = moetrace-cuda_requests
record -- "$helpers/cuda_family" spawn
is "without -o the processes of a run share one directory" "$(said | grep -c '(2 processes, ')" 1

# shellcheck disable=SC2016
record -o killed -- sh -c '"$1" lasting 60000 & until [ -n "$(find killed -name "*.moetrace")" ]; do sleep 0.05; done; kill -9 $!' \
    sh "$helpers/cuda_requests"
ok "a trace without an end is reported" grep -q '1 trace has no end (killed, or still running)' "$work/err"

record -o none -- true
is "nothing recorded: one line, which names doctor" "$(said)" \
    "moetrace record: nothing was recorded: the recorder saw no CUDA call and no NVTX range in true; \`moetrace doctor -- true\` checks for obstacles"
ok "and no directory stays" test ! -e none
mkdir kept
record -o kept -- true
ok "an existing one stays" test -d kept
record -o none -- ./missing
is "a command that is not found: status" "$status" 127
is "and one line" "$(cat "$work/err")" "moetrace: ./missing: No such file or directory; nothing was recorded"
ok "and no directory" test ! -e none
if printf 'int main(void) {return 3;}' | ${CC:-cc} -static -x c - -o fixed 2>/dev/null; then
    record -o none -- ./fixed
    is "a static program: status" "$status" 3
    ok "and states why nothing was recorded" grep -q 'nothing was recorded: ./fixed is statically linked' "$work/err"
else
    skip "a static program" "no static C library"
fi

# ---- Runs are not mixed ----

record -o sweep -- "$helpers/nvtx_requests" 100
is "the first run" "$(find sweep -name '*.moetrace' | sed -E 's/[0-9]+\.m/PID.m/')" sweep/nvtx_requests-PID.moetrace
record -o sweep -- "$helpers/cuda_requests" requests
is "the second goes beside it" "$(masked | tail -n 1 | cut -d' ' -f1-6)" "moetrace record: next: moetrace report sweep/run-PID"
ok "into run-2" test -n "$(find sweep/run-2 -name '*.moetrace')"
record -o sweep -- "$helpers/cuda_family" spawn
is "the third into run-3" "$(find sweep/run-3 -name '*.moetrace' | wc -l)" 2
"$moetrace" report sweep >"$work/runs" 2>"$work/err"
is "report of all is a table of runs" "$(sed -n '3,5p' "$work/runs" | awk '{print $1, $2, $4, $NF}')" \
    "sweep/run-1 nvtx_requests 1 yes
sweep/run-2 cuda_requests 1 yes
sweep/run-3 cuda_family 2 yes"
is "short, with nothing on standard error" "$(wc -l <"$work/runs") $(wc -c <"$work/err")" "7 0"
is "also for programs" "$("$moetrace" report -f csv sweep | grep -c '^sweep/run-')" 3
ok "run-1 is the first" cmp <("$moetrace" report sweep/run-1/) <("$moetrace" report sweep/*.moetrace)
ok "each is an input of the other commands" "$moetrace" dump sweep/run-2
WORLD_SIZE=2 record -o sweep -- "$helpers/nvtx_requests" 100
is "ranks of a launcher share the directory" "$(find sweep -maxdepth 1 -name '*.moetrace' | wc -l)" 2
is "and count their own" "$(said | grep -c 'processes')" 0
# Two at a time: the first is still empty when the second begins.
mkfifo go
"$moetrace" record -o both -- sh -c 'read -r x <go; exec "$1" 100' sh "$helpers/nvtx_requests" >/dev/null 2>&1 </dev/null &
exec 3>go # waits for the reader
record -o both -- "$helpers/nvtx_requests" 100
echo >&3
exec 3>&-
wait
is "two at a time do not mix" "$(find both -name '*.moetrace' | cut -d/ -f2 | grep -cx run-2) $(find both -maxdepth 1 -name '*.moetrace' | wc -l)" "1 1"

# ---- report without arguments ----

mkdir "$work/quiet"
cd "$work/quiet" || exit
ok "no trace here: refused" refuses 'report needs a trace' "$moetrace" report
record -- "$helpers/nvtx_requests" 100
record -o later -- "$helpers/cuda_requests" requests
touch -d '1 minute ago' moetrace-*/*.moetrace
"$moetrace" report >"$work/out" 2>"$work/err"
is "report takes the newest and says which" "$(cat "$work/err")" \
    "moetrace report: the newest of 2 runs here is later; name another to choose it"
ok "and it is the same" cmp "$work/out" <("$moetrace" report later)
record -o later -- "$helpers/nvtx_requests" 100
is "also in run-2" "$("$moetrace" report 2>&1 >/dev/null)" \
    "moetrace report: the newest of 3 runs here is later/run-2; name another to choose it"

# ---- The command is as if it ran alone ----

cat >signals.py <<'PY'
# What the command gets of a signal that is sent to moetrace record; and that it stops and goes on.
import os, signal, subprocess, sys, time
moetrace, kind = sys.argv[1:]
script = 'import signal, sys, time\n' \
    'got = []\n' \
    'def on(number, frame):\n    got.append(number)\n    sys.exit(40 + len(got))\n' \
    'signal.signal(signal.SIGTERM, on); signal.signal(signal.SIGUSR1, on)\n' \
    'print("ready", flush=True)\n' \
    'time.sleep(60)\n'
child = subprocess.Popen([moetrace, "record", "--", sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
child.stdout.readline()
target = int(open(f"/proc/{child.pid}/task/{child.pid}/children").read())
def state(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "gone"
def wait_for(pid, states):
    end = time.monotonic() + 30
    while state(pid) not in states and time.monotonic() < end:
        time.sleep(0.01)
    return state(pid)
if kind == "stop":
    os.kill(target, signal.SIGSTOP)
    stopped = wait_for(child.pid, "T")
    os.kill(child.pid, signal.SIGCONT)
    went_on = wait_for(target, "SRD") in "SRD"
    child.terminate()
    print(stopped, went_on, child.wait())
elif kind == "kill":
    child.kill()
    print(child.wait(), wait_for(target, ("gone", "Z")) in ("gone", "Z"))
elif kind == "default":
    os.kill(target, signal.SIGINT)
    print(child.wait())
else:
    child.send_signal(getattr(signal, kind))
    print(child.wait())
PY
signals() { python3 signals.py "$moetrace" "$1"; }
is "SIGTERM to record reaches the command" "$(signals SIGTERM)" 41
is "SIGUSR1 too" "$(signals SIGUSR1)" 41
is "a signal that ends the command ends record" "$(signals default)" -2
is "a command that stops, stops record, and goes on with it" "$(signals stop)" "T True 41"
is "SIGKILL to record ends the command" "$(signals kill)" "-9 True"
# shellcheck disable=SC2016
"$moetrace" record -- sh -c 'echo first; exec >&-; for i in $(seq 300); do sleep 0.1; [ ! -e seen ] || exit; done; touch never' 2>/dev/null |
    { cat && touch seen; } >/dev/null
ok "a pipe ends when the command closes its output" test -e seen -a ! -e never
done_testing
