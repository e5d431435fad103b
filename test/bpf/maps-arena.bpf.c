// An arena: pages shared by program and user space, with a global variable in it. Linux 6.9, and 6.10 for the globals.
// build: -mcpu=v4
#include "context.h"

LICENSE("GPL");

#define ARENA __attribute__((address_space(1)))

struct {
  UINT(type, BPF_MAP_TYPE_ARENA);
  UINT(map_flags, BPF_F_MMAPABLE);
  UINT(max_entries, 100);
  ULONG(map_extra, 0x1ULL << 44);
} arena SEC(".maps");

void ARENA *bpf_arena_alloc_pages(void *map, void ARENA *address, u32 pages, int node, u64 flags) KSYM;
void bpf_arena_free_pages(void *map, void ARENA *address, u32 pages) KSYM;

struct element {
  struct element ARENA *next;
  u64 value;
};

u64 ARENA arena_counter SEC(".addr_space.1") = 41;
struct element ARENA *ARENA head SEC(".addr_space.1");

SEC("syscall")
int use(void *context) {
  struct element ARENA *page = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
  if (!page) return 1;
  page->value = 7;
  page->next = head;
  head = page;
  arena_counter++;
  return 0;
}
