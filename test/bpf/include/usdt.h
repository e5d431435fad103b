// What an object needs to take part in USDT attachment as libbpf does it (its usdt.bpf.h): two maps of these names and
// layouts, and a reader of arguments. USDT_BEFORE_1_7 takes the layout of libbpf 1.6 and before.
#pragma once
#include "bpf.h"

struct pt_regs;

enum { USDT_CONSTANT, USDT_REGISTER, USDT_MEMORY, USDT_INDEXED };

struct usdt_argument {
  u64 offset;
#ifdef USDT_BEFORE_1_7
  u32 kind;
#else
  u8 kind;
  u8 : 8;
  u16 index : 12;
  u16 scale : 4;
  u16 : 16;
#endif
  short reg;
  bool is_signed;
  char shift;
};

struct usdt_spec {
  struct usdt_argument arguments[12];
  u64 cookie;
  short count;
};

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 16);
  TYPE(key, int);
  TYPE(value, struct usdt_spec);
} __bpf_usdt_specs SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 64);
  TYPE(key, long);
  TYPE(value, u32);
} __bpf_usdt_ip_to_spec_id SEC(".maps");

extern const bool LINUX_HAS_BPF_COOKIE KCONFIG;

static u64 (*const bpf_get_attach_cookie)(void *context) = (void *)174;
static long (*const bpf_probe_read_user)(void *to, u32 size, const void *from) = (void *)112;

// Offset of rip in x86-64's struct pt_regs.
#define INSTRUCTION_POINTER 128

static struct usdt_spec *usdt_spec(struct pt_regs *context) {
  int id;
  if (LINUX_HAS_BPF_COOKIE) {
    id = bpf_get_attach_cookie(context);
  } else {
    u64 ip = *(u64 *)((void *)context + INSTRUCTION_POINTER);
    u32 *found = bpf_map_lookup_elem(&__bpf_usdt_ip_to_spec_id, &ip);
    if (!found) return 0;
    id = *found;
  }
  return bpf_map_lookup_elem(&__bpf_usdt_specs, &id);
}

static u64 usdt_argument(struct pt_regs *context, struct usdt_argument *argument) {
  u64 value = argument->offset;
  if (argument->kind == USDT_CONSTANT) goto done;
  bpf_probe_read_kernel(&value, sizeof(value), (void *)context + argument->reg);
  if (argument->kind == USDT_REGISTER) goto done;
#ifndef USDT_BEFORE_1_7
  if (argument->kind == USDT_INDEXED) {
    u64 index = 0;
    bpf_probe_read_kernel(&index, sizeof(index), (void *)context + argument->index);
    value += index << argument->scale;
  }
#endif
  bpf_probe_read_user(&value, sizeof(value), (void *)(value + argument->offset));
done:
  value <<= argument->shift;
  return argument->is_signed ? (u64)((s64)value >> argument->shift) : value >> argument->shift;
}
