/* With libbpf: fills a ring with records of eight u64 and reads it, several times. Prints nanoseconds per record. */
#include "clock.h"
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define RUNS 900
#define PER_RUN 256
#define ROUNDS 15

static unsigned long long sum;

static int on_record(void *context, void *data, size_t size)
{
	sum += *(unsigned *)data;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	double left = *(double *)a, right = *(double *)b;

	return left < right ? -1 : left > right;
}

int main(void)
{
	struct bpf_object *object = bpf_object__open_file("test/bpf/events.bpf.o", NULL);
	char packet[64] = {};
	double times[ROUNDS];

	if (!object)
		return 1;
	struct bpf_map *data = bpf_object__find_map_by_name(object, ".data");
	size_t size;
	unsigned *amount = bpf_map__initial_value(data, &size);

	*amount = PER_RUN;
	if (bpf_object__load(object))
		return 1;
	struct ring_buffer *ring =
		ring_buffer__new(bpf_object__find_map_fd_by_name(object, "stream"), on_record, NULL, NULL);
	int program = bpf_program__fd(bpf_object__find_program_by_name(object, "emit"));
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet), .repeat = RUNS);

	for (int round = 0; round < ROUNDS; round++) {
		if (bpf_prog_test_run_opts(program, &options))
			return 1;
		unsigned long long start = now_ns();
		int count = ring_buffer__consume(ring);

		times[round] = (double)(now_ns() - start) / count;
		if (count != RUNS * PER_RUN)
			return 1;
	}
	qsort(times, ROUNDS, sizeof(times[0]), ascending);
	printf("%.2f\n", times[ROUNDS / 2]);
	return 0;
}
