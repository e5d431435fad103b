/* With libbpf: opens the kernel's BTF and finds one struct by name. Prints the time in nanoseconds. */
#include "clock.h"
#include <bpf/btf.h>

int main(int argc, char **argv)
{
	unsigned long long start = now_ns();
	struct btf *btf = btf__parse("/sys/kernel/btf/vmlinux", NULL);
	int id = btf ? btf__find_by_name_kind(btf, argv[1], BTF_KIND_STRUCT) : -1;
	unsigned long long end = now_ns();
	if (argc < 2 || id <= 0)
		return 1;
	printf("%llu\n", end - start);
	return 0;
}
