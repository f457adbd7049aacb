// A child process that behaves badly on request; the process tests run it: devbox_test_child MODE [ARGUMENT].
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

// A sanitizer would handle these itself, and the child could neither show defaults nor die of them.
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "handle_segv=0:handle_sigbus=0:handle_sigfpe=0"; }

static long number_of(const char *argument) { return strtol(argument, NULL, 10); }

static void say(const char *line) {
    printf("%s\n", line);
    fflush(stdout);
}

static void sleep_on(const char *seconds) {
    double left = strtod(seconds, NULL);
    if (left > 0) usleep((useconds_t)(left * 1e6));
}

static int flood_both(const char *bytes) {
    char block[4096];
    memset(block, 'x', sizeof block);
    block[79] = block[sizeof block - 1] = '\n';
    for (long left = number_of(bytes); left > 0; left -= (long)sizeof block) {
        fwrite(block, 1, sizeof block, stdout);
        fwrite(block, 1, sizeof block, stderr);
    }
    return 0;
}

static int ignore_term(const char *seconds) {
    signal(SIGTERM, SIG_IGN);
    say("ready");
    sleep_on(seconds);
    return 0;
}

// What a grandchild does: it holds the pipes, and may ignore TERM or leave the session.
static int leave_grandchild(const char *seconds, bool ignores_term, bool has_own_session) {
    pid_t grandchild = fork();
    if (grandchild == 0) {
        if (ignores_term) signal(SIGTERM, SIG_IGN);
        if (has_own_session) setsid();
        sleep_on(seconds);
        _exit(0);
    }
    printf("%d\n", (int)grandchild);
    fflush(stdout);
    return 0;
}

static int wait_with_stubborn_grandchild(const char *seconds) {
    leave_grandchild(seconds, true, false);
    sleep_on(seconds);
    return 0;
}

static void say_goodbye(int signal_number) {
    (void)signal_number;
    ssize_t written = write(STDOUT_FILENO, "goodbye\n", 8);
    _exit(written == 8 ? 3 : 4);
}

static int answer_term(const char *seconds) {
    signal(SIGTERM, say_goodbye);
    say("ready");
    sleep_on(seconds);
    return 0;
}

static void ignore_once(int signal_number) { signal(signal_number, say_goodbye); }

static int answer_second_term(const char *seconds) {
    signal(SIGTERM, ignore_once);
    say("ready");
    sleep_on(seconds);
    sleep_on(seconds);
    return 0;
}

static int print_signals(void) {
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    for (int number = 1; number < 32; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) != 0) continue;
        if (action.sa_handler != SIG_DFL) printf("%d is not default\n", number);
        if (sigismember(&blocked, number)) printf("%d is blocked\n", number);
    }
    return 0;
}

static int print_files(void) {
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL) return 1;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        long fd = number_of(entry->d_name);
        if (*entry->d_name != '.' && fd != dirfd(directory)) printf("%ld\n", fd);
    }
    closedir(directory);
    return 0;
}

static int print_environment(void) {
    for (char **variable = environ; *variable != NULL; variable++) printf("%s\n", *variable);
    return 0;
}

static int print_place(void) {
    char folder[4096];
    if (getcwd(folder, sizeof folder) == NULL) return 1;
    printf("folder %s\npid %d\ngroup %d\nsession %d\n", folder, (int)getpid(), (int)getpgrp(), (int)getsid(0));
    return 0;
}

// 0 when stdin is /dev/null.
static int check_empty_input(void) {
    struct stat input, nothing;
    if (fstat(STDIN_FILENO, &input) != 0 || stat("/dev/null", &nothing) != 0) return 1;
    return input.st_rdev == nothing.st_rdev && input.st_ino == nothing.st_ino ? 0 : 2;
}

// 0 when stdin has no end yet after its first line.
static int keep_listening(void) {
    enum { PATIENCE_MS = 50 };
    char line[80];
    struct pollfd input = {.fd = 0, .events = POLLIN};
    setvbuf(stdin, NULL, _IONBF, 0);
    return fgets(line, sizeof line, stdin) != NULL && poll(&input, 1, PATIENCE_MS) == 0 ? 0 : 1;
}

static int count_input(void) {
    long count = 0;
    char block[4096];
    for (ssize_t length; (length = read(STDIN_FILENO, block, sizeof block)) > 0;) count += length;
    printf("%ld\n", count);
    return 0;
}

static int answer_lines(void) {
    char line[4096];
    while (fgets(line, sizeof line, stdin) != NULL) {
        printf("you said %s", line);
        fflush(stdout);
    }
    fprintf(stderr, "input ended\n");
    return 0;
}

// Listens on the port of 127.0.0.1 (0: any), says which, and sleeps.
static int listen_on(const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    address.sin_port = htons((uint16_t)number_of(port));
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 1) != 0) return 1;
    getsockname(fd, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    sleep_on("30");
    return 0;
}

static int kill_itself(const char *signal_number) {
    raise((int)number_of(signal_number));
    return 0;
}

static int print_lines(void) {
    printf("first\r\n\nthird");
    fflush(stdout);
    fprintf(stderr, "warning\n");
    return 0;
}

static int fail(const char *exit_code) {
    printf("on stdout\n");
    fprintf(stderr, "first reason\nlast reason\n");
    return (int)number_of(exit_code);
}

static int run(const char *mode, const char *argument) {
    if (strcmp(mode, "exit") == 0) return (int)number_of(argument);
    if (strcmp(mode, "fail") == 0) return fail(argument);
    if (strcmp(mode, "kill") == 0) return kill_itself(argument);
    if (strcmp(mode, "flood") == 0) return flood_both(argument);
    if (strcmp(mode, "lines") == 0) return print_lines();
    if (strcmp(mode, "ignore-term") == 0) return ignore_term(argument);
    if (strcmp(mode, "answer-term") == 0) return answer_term(argument);
    if (strcmp(mode, "answer-second-term") == 0) return answer_second_term(argument);
    if (strcmp(mode, "grandchild") == 0) return leave_grandchild(argument, false, false);
    if (strcmp(mode, "stray-grandchild") == 0) return leave_grandchild(argument, false, true);
    if (strcmp(mode, "stubborn-grandchild") == 0) return wait_with_stubborn_grandchild(argument);
    if (strcmp(mode, "signals") == 0) return print_signals();
    if (strcmp(mode, "files") == 0) return print_files();
    if (strcmp(mode, "environment") == 0) return print_environment();
    if (strcmp(mode, "place") == 0) return print_place();
    if (strcmp(mode, "empty-input") == 0) return check_empty_input();
    if (strcmp(mode, "count-input") == 0) return count_input();
    if (strcmp(mode, "keep-listening") == 0) return keep_listening();
    if (strcmp(mode, "answer-lines") == 0) return answer_lines();
    if (strcmp(mode, "listen") == 0) return listen_on(argument);
    fprintf(stderr, "unknown mode %s\n", mode);
    return 99;
}

int main(int count, char **arguments) {
    if (count < 2) return 99;
    const char *argument = count > 2 ? arguments[2] : "0";
    if (strcmp(arguments[1], "sleep") == 0) {
        say("ready");
        sleep_on(argument);
        return 0;
    }
    return run(arguments[1], argument);
}
