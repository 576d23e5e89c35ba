#!/usr/bin/env bash
# CUDA graphs that change, nest, loop and are shared, recorded on a GPU: every kernel in the range of its node and of its launch,
# and as many as were launched, as the program knows and Nsight Systems counts. Prints TAP and closes with `N passed, N failed, N
# skipped`. KEEP=DIR keeps the traces and what CUPTI tells, in files of a few megabytes. FORMS, MODES and TORCH choose.
set -u
cd "$(dirname "$0")/../.." || exit
source tests/tap.sh
lib=$BUILD/libmoetrace.so
keep=${KEEP:-}
samples=20
cudart=$(python3 -c 'import glob, nvidia; print(glob.glob(list(nvidia.__path__)[0] + "/cu*/lib")[0])' 2>/dev/null)
export LD_LIBRARY_PATH=${cudart:+$cudart:}${LD_LIBRARY_PATH:-}
forms=${FORMS:-capture update recapture setparams byhand child nested childparams refused if while first threads memory server short}
modes=${MODES:-all auto alternate full paused server}
mkdir -p "$work/kept"

form_command() { # form_command FORM MODE: a shared runtime is what PyTorch has, a static one is nvcc's default
    local kind=shared
    [ "$2" != alternate ] || kind=static
    echo "$BUILD/graph_forms_$kind $1 $samples$([ "$2" = paused ] || [ "$2" = server ] && echo ' profiler')"
}
mode_settings() {
    case $1 in
    all) echo MOETRACE_CAPTURE=all ;;
    auto | alternate) echo MOETRACE_CAPTURE="$1" ;;
    full) echo MOETRACE_CAPTURE=all MOETRACE_LEVEL=full ;;
    paused) echo MOETRACE_CAPTURE=all MOETRACE_START=paused ;;
    server) echo MOETRACE_START=paused ;;
    esac
}
record_form() { # record_form FORM MODE: $work/FORM.MODE.moetrace, .out, .err, .status
    local at=$work/$1.$2
    # shellcheck disable=SC2046
    env $(mode_settings "$2") MOETRACE_OUTPUT="$at.d" LD_PRELOAD="$lib" timeout 60 $(form_command "$1" "$2") >"$at.out" 2>"$at.err"
    echo $? >"$at.status"
    mv "$at.d"/*.moetrace "$at.moetrace" 2>/dev/null
}
is_recorded() { # is_recorded NAME: it ended well and said nothing
    cat "$work/$1.err"
    [ "$(cat "$work/$1.status")" = 0 ] && [ ! -s "$work/$1.err" ] && [ -s "$work/$1.moetrace" ]
}
at_most() { # at_most N: waits until fewer than N jobs run
    while [ "$(jobs -rp | wc -l)" -ge "$1" ]; do wait -n; done
}

# ---- what runs by itself, each alone, some beside each other ----
torch_ways=${TORCH-compile decode generate}
export MOETRACE_ANNOTATE=off # ranges are the programs' own
export TORCHINDUCTOR_CACHE_DIR=$work/inductor TRITON_CACHE_DIR=$work/triton
torch_way() { # torch_way WAY: counted by torch.profiler, then recorded three times
    local at=$work/torch_$1 mode
    timeout 150 python3 tests/gpu/graph_torch.py "$1" count "$at.counts" >"$at.count.out" 2>&1 || return
    for mode in all auto server; do
        # shellcheck disable=SC2046
        env $(mode_settings $mode) MOETRACE_OUTPUT="$at.$mode.d" LD_PRELOAD="$lib" timeout 90 python3 tests/gpu/graph_torch.py "$1" \
            >"$at.$mode.out" 2>"$at.$mode.err"
        echo $? >"$at.$mode.status"
        mv "$(find "$at.$mode.d" -name "*.moetrace" -printf "%s %p\n" | sort -n | sed -n "\$s/^[0-9]* //p")" "$at.$mode.moetrace"
    done
}
for way in $torch_ways; do
    torch_way "$way" >/dev/null 2>&1 &
done
background=$(jobs -rp | wc -l)

nsys=${NSYS:-$(command -v nsys || find /opt/nvidia /usr/local/cuda* -name nsys -type f -perm -u+x 2>/dev/null | sort | tail -n 1)}
importer=$(command -v QdstrmImporter || find /opt/nvidia -name QdstrmImporter -type f 2>/dev/null | head -n 1)
libs=${NSYS_LIBS:-$BUILD/nsys_libs}
watch_with_nsys() { # watch_with_nsys FORM: $work/FORM.nsys.sqlite, every launch, graphs by their nodes
    local at=$work/$1.nsys
    {
        LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$libs timeout 60 "$nsys" profile -t cuda,nvtx -s none --cpuctxsw none --cuda-graph-trace=node -f true \
            -o "$at" "$BUILD/graph_forms_shared" "$1" $samples
        [ -e "$at.nsys-rep" ] || LD_LIBRARY_PATH=$libs timeout 60 "$importer" -i "$at.qdstrm" -o "$at.nsys-rep"
        LD_LIBRARY_PATH=$libs timeout 60 "$nsys" export --type sqlite -f true -o "$at.sqlite" "$at.nsys-rep"
    } >"$at.log" 2>&1
}
for form in $forms; do
    for mode in $modes; do
        record_form "$form" "$mode" &
        at_most $((background + 4))
    done
    GRAPH_FORMS_SPY=$work/kept/$form.spy "$BUILD/graph_forms_shared" "$form" 4 >"$work/$form.spy.out" 2>&1 &
    if [ -n "$nsys" ]; then
        watch_with_nsys "$form" &
    fi
    at_most $((background + 4))
done
wait

# ---- what they say ----
for form in $forms; do
    for mode in $modes; do
        name=$form.$mode
        least=$samples
        case $mode in auto | alternate | server) least=$((samples / 2 - 1)) ;; esac
        # A thread launches while another one's request ends: times are missing then, never wrong.
        [ "$form" != threads ] || least=-$least
        ok "$name: recorded, nothing is said" is_recorded "$name"
        ok "$name: every kernel, in its ranges" python3 tests/gpu/graph_kernels.py "$work/$name.out" "$work/$name.moetrace" "$moetrace" $least
        sed 's/^/# /' "$work/tap.out" | head -n 2
        cp "$work/$name.moetrace" "$work/$name.out" "$work/kept/" 2>/dev/null
    done
    if [ -s "$work/$form.nsys.sqlite" ]; then
        ok "$form: as many kernels of each name as Nsight Systems counts" python3 - "$work/$form.nsys.sqlite" "$work/$form.all.out" <<'PY'
import collections, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
theirs = dict(db.execute("select s.value, count(*) from CUPTI_ACTIVITY_KIND_KERNEL k join StringIds s on s.id = k.shortName group by 1"))
ours = collections.Counter()
for line in open(sys.argv[2]):
    ours[line.split("\t")[2]] += int(line.split("\t")[3])
print("nsys", theirs, "launched", dict(ours))
sys.exit(theirs != dict(ours))
PY
        gzip -c "$work/$form.nsys.sqlite" >"$work/kept/$form.nsys.sqlite.gz"
    else
        skip "$form: counted by Nsight Systems" "$(tail -n 1 "$work/$form.nsys.log" 2>/dev/null || echo 'no nsys')"
    fi
done
for way in $torch_ways; do
    for mode in all auto server; do
        name=torch_$way.$mode
        least=12
        [ $mode = all ] || least=5
        if [ ! -s "$work/torch_$way.counts" ]; then
            ok "$name: counted by torch.profiler" sh -c "tail -n 20 '$work/torch_$way.count.out'; false"
            continue
        fi
        ok "$name: recorded, nothing is said by the recorder" sh -c "tail -n 5 '$work/$name.err'; [ \"\$(cat '$work/$name.status')\" = 0 ] && ! grep -q '^moetrace' '$work/$name.err'"
        ok "$name: every kernel, in its ranges" python3 tests/gpu/graph_torch_check.py "$way" "$work/torch_$way.counts" "$work/$name.moetrace" "$moetrace" $least
        sed 's/^/# /' "$work/tap.out" | head -n 8
        cp "$work/$name.moetrace" "$work/torch_$way.counts" "$work/kept/" 2>/dev/null
    done
done
if [ -n "$keep" ]; then
    tar -czf "$keep/graph_forms.tar.gz" -C "$work" kept
fi

echo "1..$tap_count"
echo "$((tap_count - tap_failures)) passed, $tap_failures failed, 0 skipped"
[ "$tap_failures" -eq 0 ]
