/*
 * With libbpf: opens an object file and loads it into the kernel. Each load reads the kernel's BTF again. Prints
 * nanoseconds: of the first load, or the median of ROUNDS loads.
 */
#include "clock.h"
#include <bpf/libbpf.h>

#define MOST 1000

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static int ascending(const void *a, const void *b)
{
	unsigned long long left = *(unsigned long long *)a, right = *(unsigned long long *)b;

	return left < right ? -1 : left > right;
}

int main(int argc, char **argv)
{
	static unsigned long long times[MOST];
	int rounds = argc > 2 ? atoi(argv[2]) : 1;

	if (argc < 2 || rounds < 1 || rounds > MOST)
		return 1;
	libbpf_set_print(quiet);
	for (int i = 0; i < rounds; i++) {
		unsigned long long start = now_ns();
		struct bpf_object *object = bpf_object__open_file(argv[1], NULL);
		int failed = !object || bpf_object__load(object);

		times[i] = now_ns() - start;
		if (failed)
			return 1;
		bpf_object__close(object);
	}
	qsort(times, rounds, sizeof(times[0]), ascending);
	printf("%llu\n", times[rounds / 2]);
	return 0;
}
