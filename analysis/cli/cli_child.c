/* See cli_child.h. */
#include "analysis/cli/cli_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child has to find as this process found it. */
typedef struct {
    sigset_t mask;
    struct sigaction child_action;
} inherited_signals;

/* Blocks all signals: they are taken one by one while the command runs. SIGCHLD is not ignored, as the status
 * would be lost. */
static void take_signals(inherited_signals *before) {
    sigset_t all;
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before->mask);
    sigaction(SIGCHLD, &standard, &before->child_action);
}

/* In the child. Whoever kills this process by SIGKILL means the command, which must not go on alone. */
static void run_as_child(char **command, const inherited_signals *before, pid_t parent, int report) {
    sigaction(SIGCHLD, &before->child_action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        raise(SIGKILL);
    }
    sigprocmask(SIG_SETMASK, &before->mask, NULL);
    execvp(command[0], command);
    int why = errno;
    ssize_t written = write(report, &why, sizeof why);
    _exit(written == (ssize_t)sizeof why ? 127 : 126);
}

/* The command's reader sees the end of its output when the command closes it. */
static void leave_standard_files(void) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        close(null);
    }
}

/* What another process sends to this one is meant for the command. What the terminal sends goes to the whole
 * group, and has reached the command already. */
static void pass_on(pid_t child, int signal_number, const siginfo_t *info) {
    if (info->si_code <= 0 && info->si_pid != child) {
        kill(child, signal_number);
    }
}

/* Whether the command has ended. When it stops, this process stops too, so that a shell notices. */
static bool has_ended(pid_t child, int *status) {
    while (waitpid(child, status, WNOHANG | WUNTRACED) > 0) {
        if (!WIFSTOPPED(*status)) {
            return true;
        }
        raise(SIGSTOP);
    }
    return false;
}

static void wait_for_end(pid_t child, int *status) {
    sigset_t all;
    sigfillset(&all);
    for (;;) {
        siginfo_t info;
        int signal_number = sigwaitinfo(&all, &info);
        if (signal_number == SIGCHLD && has_ended(child, status)) {
            return;
        }
        if (signal_number > 0 && signal_number != SIGCHLD) {
            pass_on(child, signal_number, &info);
        }
    }
}

static volatile sig_atomic_t ended_with;

static void on_late_signal(int signal_number) {
    (void)signal_number;
    _exit(cli_child_end(ended_with));
}

/* What follows may take a while: it can be interrupted, and the exit status stays the command's. */
static void give_signals_back(const inherited_signals *before, int status) {
    static const int endings[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    struct sigaction action = {.sa_handler = on_late_signal};
    ended_with = status;
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        sigaction(endings[i], &action, NULL);
    }
    sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

int cli_child_run(char **command, int *status) {
    inherited_signals before;
    int ends[2], why = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return errno;
    }
    take_signals(&before);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        run_as_child(command, &before, parent, ends[1]);
    }
    why = child < 0 ? errno : 0;
    close(ends[1]);
    if (child > 0) {
        leave_standard_files();
        if (read(ends[0], &why, sizeof why) != (ssize_t)sizeof why) {
            why = 0; /* the exec closed the pipe */
        }
        wait_for_end(child, status);
    }
    close(ends[0]);
    give_signals_back(&before, child > 0 ? *status : 0);
    return why;
}

int cli_child_end(int status) {
    if (!WIFSIGNALED(status)) {
        return WEXITSTATUS(status);
    }
    int signal_number = WTERMSIG(status);
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t set;
    prctl(PR_SET_DUMPABLE, 0); /* the core is the command's */
    sigaction(signal_number, &standard, NULL);
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(signal_number);
    return 128 + signal_number;
}
