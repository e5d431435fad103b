/*
 * With libbpf: measures the time from the writing of a record until a waiting reader gets it. Prints the median in
 * nanoseconds.
 */
#include "clock.h"
#include <unistd.h>
#include <sys/wait.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define COUNT 600
#define WARM_UP 100

static unsigned long long delays[COUNT];
static int count;

static int on_record(void *context, void *data, size_t size)
{
	unsigned long long now = now_ns();

	if (count < COUNT)
		delays[count++] = now - ((unsigned long long *)data)[1];
	return 0;
}

static int ascending(const void *a, const void *b)
{
	unsigned long long left = *(unsigned long long *)a, right = *(unsigned long long *)b;

	return left < right ? -1 : left > right;
}

static void produce(int program)
{
	char packet[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet), .repeat = 1);

	for (int i = 0; i < COUNT; i++) {
		bpf_prog_test_run_opts(program, &options);
		usleep(2000);
	}
}

int main(void)
{
	struct bpf_object *object = bpf_object__open_file("test/bpf/events.bpf.o", NULL);

	if (!object || bpf_object__load(object))
		return 1;
	struct ring_buffer *ring =
		ring_buffer__new(bpf_object__find_map_fd_by_name(object, "stream"), on_record, NULL, NULL);
	int program = bpf_program__fd(bpf_object__find_program_by_name(object, "emit"));
	int child = fork();

	if (child == 0) {
		produce(program);
		_exit(0);
	}
	while (count < COUNT)
		if (ring_buffer__poll(ring, 1000) < 0)
			return 1;
	waitpid(child, NULL, 0);
	qsort(delays + WARM_UP, COUNT - WARM_UP, sizeof(delays[0]), ascending);
	printf("%llu\n", delays[WARM_UP + (COUNT - WARM_UP) / 2]);
	return 0;
}
