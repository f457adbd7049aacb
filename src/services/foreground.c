#include "services/foreground.h"

bool foreground_read_exit(const ProcessResult *result, const char *tool, int *exit_code, Error *err) {
    switch (result->outcome) {
        case PROCESS_EXITED:
            *exit_code = result->exit_code;
            return true;
        case PROCESS_INTERRUPTED:
            return error_set(err, ERROR_INTERRUPTED, "interrupted before %s had ended", tool);
        case PROCESS_TIMED_OUT:
            return error_set(err, ERROR_TIMEOUT, "%s did not end in time", tool);
        case PROCESS_SIGNALED:
            break;
    }
    return error_set(err, ERROR_CHILD, "%s was killed by signal %d", tool, result->signal);
}
