// A strong reference to an option that no kernel has: refused.
#include "context.h"

LICENSE("GPL");

extern int CONFIG_NOT_IN_ANY_KERNEL KCONFIG;

SEC("syscall")
int read(void *context) {
  return CONFIG_NOT_IN_ANY_KERNEL;
}
