/* With libbpf: opens an object file without loading it. Prints the time in nanoseconds. */
#include "clock.h"
#include <bpf/libbpf.h>

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

int main(int argc, char **argv)
{
	libbpf_set_print(quiet);
	unsigned long long start = now_ns();
	struct bpf_object *object = bpf_object__open_file(argv[1], NULL);
	unsigned long long end = now_ns();
	if (argc < 2 || !object)
		return 1;
	printf("%llu\n", end - start);
	return 0;
}
