/* Runs a command as a child that behaves as if it replaced this process: signals to this process are forwarded, this process
 * stops when the child stops, and it can end as the child ended. */
#ifndef CLI_CLI_CHILD_H
#define CLI_CLI_CHILD_H

/* Runs the command (argv, NULL-terminated) to its end. Returns 0 and stores waitpid's status, or an errno value when it could not
 * be run. Afterwards this process's standard input and output are /dev/null, so that the command's own closing of them is the
 * last; SIGHUP, SIGINT, SIGQUIT and SIGTERM then end the process as cli_child_end does. */
int cli_child_run(char **command, int *status);

/* Returns the exit status of a command with this status of waitpid. If a signal ended the command, ends this process by the same
 * signal and does not return. */
int cli_child_end(int status);

#endif
