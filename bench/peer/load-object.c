/* libbpf: open an object file and load it into the kernel. Prints nanoseconds. */
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
	int failed = !object || bpf_object__load(object);
	unsigned long long end = now_ns();
	if (argc < 2 || failed)
		return 1;
	printf("%llu\n", end - start);
	return 0;
}
