// The local side of core-target.bpf.c: relocations of every kind against types that only that object has.
// build: -mcpu=v3
// build as core-local-be: -mcpu=v3 -mbig-endian
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
enum colors { RED, GREEN, BLUE, PINK };
enum big { BIG = 0x1ULL << 40 };
typedef int identifier;
struct point {
  u16 x;
  u16 y;
};
struct shape {
  struct shape *next;
  struct point corners[8];
  u64 nested_in_anonymous;
  s64 narrowed;
  s32 first_bits : 5;
  s32 second_bits : 7;
  u32 wide_bits : 30;
  char name[16];
  identifier id;
  int (*method)(struct shape *self, int argument);
  enum colors color;
  u32 removed;
  u8 tail[];
};
union either {
  u32 word;
};
struct removed {
  int x;
};
#pragma clang attribute pop

u64 results[64];

SEC("socket")
int read(struct shape *shape) {
  results[0] = core_field(shape->next, CORE_BYTE_OFFSET);
  results[1] = core_field(shape->corners[2].y, CORE_BYTE_OFFSET);
  results[2] = core_field(shape->corners[6].y, CORE_EXISTS);
  results[3] = core_field(shape->nested_in_anonymous, CORE_BYTE_OFFSET);
  results[4] = core_field(shape->narrowed, CORE_BYTE_SIZE);
  results[5] = core_field(shape->narrowed, CORE_SIGNED);
  results[6] = core_field(shape->second_bits, CORE_BYTE_OFFSET);
  results[7] = core_field(shape->second_bits, CORE_BYTE_SIZE);
  results[8] = core_field(shape->second_bits, CORE_SHIFT_LEFT);
  results[9] = core_field(shape->second_bits, CORE_SHIFT_RIGHT);
  results[10] = core_field(shape->second_bits, CORE_SIGNED);
  results[11] = core_field(shape->wide_bits, CORE_SHIFT_LEFT);
  results[12] = core_field(shape->wide_bits, CORE_SHIFT_RIGHT);
  results[13] = core_field(shape->name, CORE_BYTE_SIZE);
  results[14] = core_field(shape->id, CORE_BYTE_OFFSET);
  results[15] = core_field(shape->removed, CORE_EXISTS);
  results[16] = core_field(shape->tail[5], CORE_BYTE_OFFSET);
  results[17] = core_field(shape->color, CORE_BYTE_OFFSET);
  results[18] = core_type(struct shape, CORE_TYPE_SIZE);
  results[19] = core_type(struct shape, CORE_TYPE_EXISTS);
  results[20] = core_type(struct shape, CORE_TYPE_MATCHES);
  results[21] = core_type(struct point, CORE_TYPE_MATCHES);
  results[22] = core_type(union either, CORE_TYPE_SIZE);
  results[23] = core_type(struct removed, CORE_TYPE_EXISTS);
  results[24] = core_type_id(struct point, CORE_TYPE_ID_LOCAL);
  results[25] = core_type_id(struct point, CORE_TYPE_ID_TARGET);
  results[26] = core_enum(enum colors, GREEN, CORE_ENUM_VALUE);
  results[27] = core_enum(enum colors, PINK, CORE_ENUM_EXISTS);
  results[28] = core_enum(enum big, BIG, CORE_ENUM_VALUE);
  results[29] = shape->narrowed;
  results[30] = shape->corners[1].x;
  results[31] = shape->removed;
  return 0;
}
