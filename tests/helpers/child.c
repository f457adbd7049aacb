// A child process that behaves badly on request; the process tests run it.
int main(void) { return 0; }
