/*
 * C with bpf(2). `iterate ROUNDS` opens all links of the kernel by id and reads the info of each. As in bpftool, names
 * in the info take a second call. `attach ROUNDS BTF_ID` makes and closes a link of the iterator with this BTF id.
 * Prints nanoseconds per link.
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

static int info_of(int fd)
{
	char name[4096];
	struct bpf_link_info info = { 0 };
	union bpf_attr attr = { 0 };

	attr.info.bpf_fd = fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (unsigned long)&info;
	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr.info)))
		return -1;
	if (info.type != BPF_LINK_TYPE_ITER && info.type != BPF_LINK_TYPE_RAW_TRACEPOINT)
		return 0;
	/* Both kinds of info begin with the name and its length. */
	info.raw_tracepoint.tp_name = (unsigned long)name;
	info.raw_tracepoint.tp_name_len = sizeof(name);
	attr.info.info_len = sizeof(info);
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr.info));
}

static long iterate(void)
{
	long count = 0;
	union bpf_attr next = { 0 };

	for (;;) {
		if (bpf(BPF_LINK_GET_NEXT_ID, &next, 12))
			return count;
		union bpf_attr by_id = { 0 };
		by_id.link_id = next.next_id;
		int fd = bpf(BPF_LINK_GET_FD_BY_ID, &by_id, 12);
		if (fd >= 0) {
			if (info_of(fd))
				exit(1);
			close(fd);
			count++;
		}
		next.start_id = next.next_id;
	}
}

static int program;

static void load(int btf_id)
{
	struct bpf_insn insns[] = { { .code = 0xb7 }, { .code = 0x95 } };
	union bpf_attr attr = { 0 };

	attr.prog_type = BPF_PROG_TYPE_TRACING;
	attr.expected_attach_type = BPF_TRACE_ITER;
	attr.attach_btf_id = btf_id;
	attr.insns = (unsigned long)insns;
	attr.insn_cnt = 2;
	attr.license = (unsigned long)"GPL";
	program = bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
	if (program < 0)
		exit(1);
}

static long attach(void)
{
	union bpf_attr attr = { 0 };

	attr.link_create.prog_fd = program;
	attr.link_create.attach_type = BPF_TRACE_ITER;
	int fd = bpf(BPF_LINK_CREATE, &attr, 32);
	if (fd < 0)
		exit(1);
	close(fd);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 1;
	long (*step)(void) = strcmp(argv[1], "attach") ? iterate : attach;
	long rounds = atol(argv[2]);
	long count = 0;

	if (argc > 3)
		load(atoi(argv[3]));
	step();
	unsigned long long start = now_ns();
	for (long i = 0; i < rounds; i++)
		count += step();
	printf("%.1f\n", (double)(now_ns() - start) / count);
	return 0;
}
