/*
 * A C loop over bpf(2) on a hash with COUNT elements, from u32 keys to u64 values. `lookup` and `update` use batches of
 * 4,096 elements. `walk` calls BPF_MAP_GET_NEXT_KEY and BPF_MAP_LOOKUP_ELEM for each element. Runs ROUNDS times. Prints
 * nanoseconds per element.
 */
#include "clock.h"
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BATCH 4096

static long bpf(int cmd, union bpf_attr *attr, unsigned int size)
{
	return syscall(__NR_bpf, cmd, attr, size);
}

static long update(int fd, unsigned int *keys, unsigned long long *values, long count)
{
	for (long done = 0; done < count; done += BATCH) {
		union bpf_attr attr = { 0 };
		attr.batch.map_fd = fd;
		attr.batch.keys = (unsigned long)(keys + done);
		attr.batch.values = (unsigned long)(values + done);
		attr.batch.count = count - done < BATCH ? count - done : BATCH;
		if (bpf(BPF_MAP_UPDATE_BATCH, &attr, sizeof(attr.batch)))
			return -1;
	}
	return count;
}

static long lookup(int fd, unsigned int *keys, unsigned long long *values)
{
	unsigned int cursor = 0;
	long total = 0;
	for (int first = 1;; first = 0) {
		union bpf_attr attr = { 0 };
		attr.batch.map_fd = fd;
		attr.batch.in_batch = first ? 0 : (unsigned long)&cursor;
		attr.batch.out_batch = (unsigned long)&cursor;
		attr.batch.keys = (unsigned long)keys;
		attr.batch.values = (unsigned long)values;
		attr.batch.count = BATCH;
		long result = bpf(BPF_MAP_LOOKUP_BATCH, &attr, sizeof(attr.batch));
		total += attr.batch.count;
		if (result)
			return errno == ENOENT ? total : -1;
	}
}

static long walk(int fd)
{
	unsigned int key, next;
	unsigned long long value, sum = 0;
	long total = 0;
	union bpf_attr attr = { 0 };
	attr.map_fd = fd;
	for (;;) {
		attr.key = total == 0 ? 0 : (unsigned long)&key;
		attr.next_key = (unsigned long)&next;
		if (bpf(BPF_MAP_GET_NEXT_KEY, &attr, 24))
			return total;
		key = next;
		attr.key = (unsigned long)&key;
		attr.value = (unsigned long)&value;
		if (bpf(BPF_MAP_LOOKUP_ELEM, &attr, 32))
			return -1;
		total++;
		sum += value;
	}
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 1;
	long count = atol(argv[2]), rounds = atol(argv[3]);
	union bpf_attr create = { 0 };
	create.map_type = BPF_MAP_TYPE_HASH;
	create.key_size = 4;
	create.value_size = 8;
	create.max_entries = count;
	int fd = bpf(BPF_MAP_CREATE, &create, sizeof(create));
	unsigned int *keys = malloc(4 * count);
	unsigned long long *values = calloc(8, count);
	for (long i = 0; i < count; i++)
		keys[i] = i;
	if (update(fd, keys, values, count) != count)
		return 1;
	unsigned int *read_keys = malloc(4 * BATCH);
	unsigned long long *read_values = malloc(8 * BATCH);
	unsigned long long start = now_ns();
	for (long i = 0; i < rounds; i++) {
		long done = !strcmp(argv[1], "update") ? update(fd, keys, values, count)
			    : !strcmp(argv[1], "walk") ? walk(fd)
						       : lookup(fd, read_keys, read_values);
		if (done != count)
			return 1;
	}
	printf("%.1f\n", (double)(now_ns() - start) / rounds / count);
	return 0;
}
