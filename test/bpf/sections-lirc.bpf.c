// Infrared receivers: a kernel without CONFIG_BPF_LIRC_MODE2 knows no such program type.
#include "context.h"

LICENSE("GPL");

SEC("lirc_mode2")
int sample(u32 *context) {
  return 0;
}
