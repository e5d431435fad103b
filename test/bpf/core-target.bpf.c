// Not to be loaded: its BTF plays the kernel in tests of CO-RE, with the structs that core-local.bpf.c expects laid out
// otherwise.
#include "bpf.h"

enum colors { RED = 1, GREEN = 20, BLUE = 300 };
enum big { BIG = 0x123456789aULL };
typedef u32 identifier;
struct point {
  u16 y;
  u16 x;
};
struct shape {
  u64 added_in_front;
  struct point corners[4];
  union {
    struct {
      u64 nested_in_anonymous;
      s16 narrowed;
    };
    u64 other;
  };
  s32 first_bits : 5;
  s32 second_bits : 20;
  u64 wide_bits : 40;
  char name[32];
  const volatile identifier id;
  struct shape *next;
  int (*method)(struct shape *self, int argument);
  enum colors color;
  u8 tail[];
};
union either {
  u32 word;
  u8 bytes[8];
};

struct shape shape_instance;
union either either_instance;
enum big big_instance;
