/* A command that runs as a child and behaves as if it ran in this process's place: signals that are sent to
 * this process reach it, its stops stop this process, and its end can become this process's end. */
#ifndef CLI_CLI_CHILD_H
#define CLI_CLI_CHILD_H

/* Runs the command to its end: 0 with waitpid's status, or an errno value when it could not be run. Afterwards this
 * process's standard input and output are /dev/null, as the command's closing of them must be the last. Until
 * the process ends, SIGHUP, SIGINT, SIGQUIT and SIGTERM end it as cli_child_end would. */
int cli_child_run(char **command, int *status);

/* The exit status that stands for waitpid's. When the command was ended by a signal, so is this process: then
 * it does not return. */
int cli_child_end(int status);

#endif
