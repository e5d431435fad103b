// Every way to hand events over: ring buffer, perf event array, and the user's ring in the other direction.
// `emit` may be run by BPF_PROG_TEST_RUN: it emits `amount` records of each kind, so tests choose how many.
#include "context.h"

LICENSE("GPL");

struct event {
  u64 number;
  u32 cpu;
  u32 padding;
  char text[16];
};

struct {
  UINT(type, BPF_MAP_TYPE_RINGBUF);
  UINT(max_entries, 262144);
} events SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  UINT(key_size, 4);
  UINT(value_size, 4);
} perf_events SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_USER_RINGBUF);
  UINT(max_entries, 4096);
} orders SEC(".maps");

// A compiler tells of no type that is only pointed to in functions: this says what the records are.
const struct event *type_of_records;

u32 amount = 1;
u64 dropped = 0;
u64 discarded = 0;
u64 received = 0;
u64 received_sum = 0;
u64 number = 0;

static int emit_one(u32 index, void *context) {
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) {
    dropped++;
    return 0;
  }
  event->number = number++;
  event->cpu = bpf_get_smp_processor_id();
  event->padding = 0;
  __builtin_memcpy(event->text, "an event\0\0\0\0\0\0\0", 16);
  // Every 16th is thrown away, which a consumer must skip without a word.
  if ((event->number & 15) == 15) {
    discarded++;
    bpf_ringbuf_discard(event, 0);
  } else {
    bpf_ringbuf_submit(event, 0);
  }
  return 0;
}

SEC("syscall")
int emit(void *context) {
  bpf_loop(amount, emit_one, NULL, 0);
  return 0;
}

SEC("raw_tp/sys_enter")
int emit_perf(struct bpf_raw_tracepoint_args *context) {
  struct event event = {.cpu = bpf_get_smp_processor_id(), .text = "a perf event"};
  event.number = __sync_fetch_and_add(&number, 1);
  return bpf_perf_event_output(context, &perf_events, BPF_F_CURRENT_CPU, &event, sizeof(event));
}

SEC("xdp")
int emit_packet(struct xdp_md *context) {
  struct event event = {.cpu = bpf_get_smp_processor_id(), .text = "a packet"};
  // The upper half of the flags says how much of the packet follows the record.
  bpf_perf_event_output(context, &perf_events, BPF_F_CURRENT_CPU | 14ULL << 32, &event, sizeof(event));
  return XDP_PASS;
}

static long take(struct bpf_dynptr *order, void *context) {
  received++;
  received_sum += context ? *(u32 *)context : 0;
  return 0;
}

SEC("syscall")
int drain(void *context) {
  u32 one = 1;
  return bpf_user_ringbuf_drain(&orders, take, &one, 0);
}
