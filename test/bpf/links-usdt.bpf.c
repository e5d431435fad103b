// USDT programs, optional (`?`): they keep the arguments, their number and the cookie of what they are attached to.
// build as links-usdt: -mcpu=v2
// build as links-usdt-old: -mcpu=v2 -DUSDT_BEFORE_1_7
#include "context.h"
#include "usdt.h"

LICENSE("GPL");

u64 hits = 0;
u64 cookie = 0;
u64 count = 0;
s64 values[12] = {};

static inline __attribute__((always_inline)) int hit(struct pt_regs *context) {
  struct usdt_spec *spec = usdt_spec(context);
  if (!spec) return 0;
  __sync_fetch_and_add(&hits, 1);
  cookie = spec->cookie;
  count = spec->count;
  for (int i = 0; i < 12; i++) {
    if (i >= spec->count) break;
    values[i] = usdt_argument(context, &spec->arguments[i]);
  }
  return 0;
}

SEC("?usdt")
int anywhere(struct pt_regs *context) {
  return hit(context);
}

SEC("?usdt/test/link/probe/usdt/target-fixed:bpfts:twice")
int by_section(struct pt_regs *context) {
  return hit(context);
}
