#!/usr/bin/env bash
# Programs that use neither CUDA nor NVTX: byte for byte the same output and status under the recorder, and no file.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
if [ -n "$SAN" ]; then
    skip "harmless" "a sanitizer's runtime in a program that was not built with it is not harmless itself"
    done_testing
fi
cd "$work" || exit

harmless() { # harmless NAME COMMAND...: each run starts in an empty directory of its own
    local name=$1 wanted
    shift
    mkdir -p dir
    (cd dir && timeout -k 2 "$(time_limit 30)" "$@" >"../bare.out" 2>"../bare.err" </dev/null)
    wanted=$?
    rm -rf dir && mkdir dir
    (cd dir && LD_PRELOAD=$BUILD/libmoetrace.so timeout -k 2 "$(time_limit 30)" "$@" >"../run.out" 2>"../run.err" </dev/null)
    is "$name: exit status" "$?" "$wanted"
    ok "$name: output" cmp bare.out run.out
    ok "$name: standard error" cmp bare.err run.err
    is "$name: traces" "$(find . -name '*moetrace*' | wc -l)" 0
    rm -rf dir
}
have() { # have NAME PROGRAM: else the test is skipped
    command -v "$2" >/dev/null && return 0
    skip "$1" "no $2 here"
    return 1
}

harmless pipeline bash -c 'seq 2000 | sort -rn | head -n 5 | tr 1 x | cat; false | cat; echo ${PIPESTATUS[@]}; exit 3'
harmless traps bash -c 'trap "echo bye" EXIT; kill -TERM $$ & wait; (exit 4); echo $?'
harmless environment sh -c 'env | grep -v "^LD_PRELOAD=" | sort; echo "[$NVTX_INJECTION64_PATH$CUDA_INJECTION64_PATH]"'
harmless missing sh -c 'no-such-program; exit $?'
if have git git; then
    harmless git sh -c 'export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_DATE=@1 GIT_COMMITTER_DATE=@1; git init -q . && git config user.name n &&
        git config user.email e && echo text >file && git add file && git commit -q -m message && git log --stat && git gc -q && git fsck'
fi
if have make make; then
    printf 'all: a b c\na b c:\n\t@echo $@ >$@; cat $@\n' >Makefile.test
    harmless make make -s -j1 -f "$work/Makefile.test"
fi
if have gcc gcc; then
    printf '#include <stdio.h>\nint main(void) { puts("compiled"); return 9; }\n' >hello.c
    harmless gcc sh -c 'gcc -O2 -Wall ../hello.c -o hello && ./hello'
    gcc -static hello.c -o hello-static 2>/dev/null && harmless static "$work/hello-static"
fi
! have ssh-keygen ssh-keygen || harmless ssh-keygen sh -c 'ssh-keygen -q -t ed25519 -N "" -C test -f key && ssh-keygen -y -f key | cut -d" " -f1 && ls'
! have tar tar || harmless tar sh -c 'mkdir d && echo 1 >d/a && tar --mtime=@1 --owner=0 --group=0 -czf t.tgz d && tar -tzf t.tgz && tar -xzOf t.tgz d/a'
! have sqlite3 sqlite3 || harmless sqlite3 sqlite3 base.db 'create table t(a); insert into t values (1),(2); select sum(a) from t; select nothing;'
if have python python3; then
    cat >program.py <<'PY'
import concurrent.futures, os, subprocess, sys, threading
results = []
threads = [threading.Thread(target=lambda n=n: results.append(n * n)) for n in range(50)]
[t.start() for t in threads]
[t.join() for t in threads]
print(sorted(results))
print(subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 5"], capture_output=True))
with concurrent.futures.ProcessPoolExecutor(2) as pool:
    print(list(pool.map(abs, range(-5, 5))))
pid = os.fork()
if pid == 0:
    os.execvp("echo", ["echo", "executed"])
print(os.waitpid(pid, 0)[1], file=sys.stderr)
print(os.environ.get("NVTX_INJECTION64_PATH"), os.getenv("CUDA_INJECTION64_PATH"))
sys.exit(11)
PY
    harmless python python3 "$work/program.py"
    harmless "python's threads" python3 -c 'import os; print(len(os.listdir("/proc/self/task")))'
    is "python's threads: one" "$(cat run.out)" 1
fi
# A program of another user id: the loader ignores the preload, and must not complain about it.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && command -v su >/dev/null; then
    harmless setuid setpriv --reuid=65534 --clear-groups "$(command -v su)" --help
else
    skip "setuid" "needs root and setpriv"
fi

# Small programs with habits of their own.
cat >habits.c <<'C'
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void handler(int n) {
    printf("signal %d\n", n);
    fflush(stdout);
    _exit(12);
}
int main(int argc, char **argv) {
    if (argc < 2) return 1;
    if (!strcmp(argv[1], "close")) {
        for (int fd = 3; fd < 1024; fd++) close(fd);
        printf("%d\n", open("/dev/null", O_RDONLY));
    } else if (!strcmp(argv[1], "descriptors")) {
        for (int fd = 0; fd < 1024; fd++) if (fcntl(fd, F_GETFD) >= 0) printf("%d ", fd);
    } else if (!strcmp(argv[1], "clearenv")) {
        clearenv();
        printf("%d %d\n", getenv("PATH") == NULL, getenv("HOME") == NULL);
        setenv("A", "b", 1);
        printf("%s\n", getenv("A"));
    } else if (!strcmp(argv[1], "segv")) {
        signal(SIGSEGV, handler);
        raise(SIGSEGV);
    } else if (!strcmp(argv[1], "closed-streams")) {
        close(0), close(1), close(2);
        return open("/dev/null", O_RDONLY);
    } else if (!strcmp(argv[1], "signals")) {
        for (int n = 1; n < 32; n++) {
            struct sigaction a;
            if (!sigaction(n, NULL, &a)) printf("%d:%d ", n, a.sa_handler == SIG_DFL);
        }
    } else if (!strcmp(argv[1], "tasks")) { /* after long enough for a thread to have come */
        usleep(200000);
        DIR *tasks = opendir("/proc/self/task");
        int n = 0;
        while (readdir(tasks)) n++;
        printf("%d threads\n", n - 2);
    } else if (!strcmp(argv[1], "abort")) {
        abort();
    }
    return 7;
}
C
if have habits gcc && gcc -O1 -w habits.c -o habits; then
    for habit in close descriptors clearenv segv closed-streams signals abort tasks; do
        harmless "$habit" "$work/habits" "$habit"
    done
    is "tasks: no thread but the program's own" "$(cat run.out)" "1 threads"
fi
done_testing
