// Without a license section: loads, but no helper that is for GPL programs only.
#include "context.h"

SEC("socket")
int program(struct __sk_buff *skb) {
  return 0;
}
