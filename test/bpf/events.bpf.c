// A stream of records of eight numbers through a ring buffer, on every kernel that has one (5.8).
// BPF_PROG_TEST_RUN runs `emit`, with repeat as often as told: each run writes `amount` records, 256 at the most.
#include "context.h"

LICENSE("GPL");

struct event {
  u64 number;
  u64 time;
  u64 cpu;
  u64 thread;
  u64 a;
  u64 b;
  u64 c;
  u64 d;
};

struct {
  UINT(type, BPF_MAP_TYPE_RINGBUF);
  UINT(max_entries, 1 << 24);
} stream SEC(".maps");

// A compiler tells of no type that is only pointed to in functions: this says what the records are.
const struct event *type_of_records;

u32 amount = 1;
// The number of the next record, whether there is room for it or not; and how many found no room.
u64 next_number = 0;
u64 lost = 0;

SEC("tc")
int emit(struct __sk_buff *context) {
  for (u32 i = 0; i < 256 && i < amount; i++) {
    u64 number = next_number++;
    struct event *event = bpf_ringbuf_reserve(&stream, sizeof(*event), 0);
    if (!event) {
      lost++;
      continue;
    }
    event->number = number;
    event->time = bpf_ktime_get_ns();
    event->cpu = bpf_get_smp_processor_id();
    event->thread = bpf_get_prandom_u32();
    event->a = number + 1;
    event->b = number + 2;
    event->c = number + 3;
    event->d = ~number;
    bpf_ringbuf_submit(event, 0);
  }
  return 0;
}
