/*
 * A C loop over bpf(2): `lookup` or `update` in a `hash` or `array` of 1,024 u64 values. Prints nanoseconds per call.
 */
#include "clock.h"
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long bpf(int cmd, union bpf_attr *attr, unsigned int size)
{
	return syscall(__NR_bpf, cmd, attr, size);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 1;
	int cmd = strcmp(argv[1], "update") ? BPF_MAP_LOOKUP_ELEM : BPF_MAP_UPDATE_ELEM;
	long count = atol(argv[3]);
	union bpf_attr create = { 0 };
	create.map_type = strcmp(argv[2], "array") ? BPF_MAP_TYPE_HASH : BPF_MAP_TYPE_ARRAY;
	create.key_size = 4;
	create.value_size = 8;
	create.max_entries = 1024;
	int fd = bpf(BPF_MAP_CREATE, &create, sizeof(create));
	unsigned int key = 0;
	unsigned long long value = 1;
	union bpf_attr attr = { 0 };
	attr.map_fd = fd;
	attr.key = (unsigned long)&key;
	attr.value = (unsigned long)&value;
	for (key = 0; key < 1024; key++)
		if (bpf(BPF_MAP_UPDATE_ELEM, &attr, 32))
			return 1;
	unsigned long long start = now_ns();
	for (long i = 0; i < count; i++) {
		key = i & 1023;
		if (bpf(cmd, &attr, 32))
			return 1;
	}
	printf("%.1f\n", (double)(now_ns() - start) / count);
	return 0;
}
