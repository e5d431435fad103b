// Map values of every shape that BTF can say, for decoding and encoding, with the kernel's own types in some of them.
#include "context.h"

LICENSE("GPL");

enum color { RED, GREEN = 7, BLUE = -1 };
enum wide { SMALL = 1, HUGE_VALUE = 0x1234567890ULL };
typedef struct {
  u16 x, y;
} point;

struct node {
  struct node *next;
  u32 value;
};

struct everything {
  u8 byte;
  s8 signed_byte;
  bool flag;
  char character;
  u16 half;
  s16 signed_half;
  u32 word;
  s32 signed_word;
  u64 wide;
  s64 signed_wide;
  unsigned __int128 widest;
  float real;
  double precise;
  enum color color;
  enum wide wide_enum;
  point where;
  point corners[4];
  u32 grid[2][3];
  char text[8];
  u8 raw[4];
  struct node *pointer;
  const volatile u32 *qualified;
  int (*callback)(int, char);
  union {
    u32 as_word;
    u8 as_bytes[4];
  };
  union {
    u64 number;
    point place;
  } either;
  struct {
    u32 low : 3;
    u32 : 2;
    s32 middle : 11;
    u64 high : 40;
    bool bit : 1;
  } bits;
  u32 tail[];
};

struct locked {
  struct bpf_spin_lock lock;
  u32 value;
};

struct timed {
  struct bpf_timer timer;
  u64 fired;
};

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 16);
  TYPE(key, struct { u32 id; char name[12]; });
  TYPE(value, struct everything);
} values SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 2);
  TYPE(key, u32);
  TYPE(value, struct locked);
} locked SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, struct timed);
} timed SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  UINT(max_entries, 2);
  TYPE(key, u32);
  TYPE(value, point);
} points SEC(".maps");

static int fire(void *map, u32 *key, struct timed *value) {
  value->fired++;
  return 0;
}

SEC("tc")
int use(struct __sk_buff *skb) {
  u32 key = 0;
  struct locked *locked_value = bpf_map_lookup_elem(&locked, &key);
  if (locked_value) {
    bpf_spin_lock(&locked_value->lock);
    locked_value->value++;
    bpf_spin_unlock(&locked_value->lock);
  }
  struct timed *timed_value = bpf_map_lookup_elem(&timed, &key);
  if (timed_value) {
    bpf_timer_init(&timed_value->timer, &timed, 1);
    bpf_timer_set_callback(&timed_value->timer, fire);
    bpf_timer_start(&timed_value->timer, 1000000, 0);
  }
  point *place = bpf_map_lookup_elem(&points, &key);
  if (place) place->x++;
  struct {
    u32 id;
    char name[12];
  } name = {.id = 1, .name = "one"};
  struct everything *value = bpf_map_lookup_elem(&values, &name);
  if (value) value->word++;
  return 0;
}
