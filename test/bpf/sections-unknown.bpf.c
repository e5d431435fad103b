// A section whose name tells no program type: opens, and is refused when loaded without being given a type.
#include "context.h"

LICENSE("GPL");

SEC("my_own_section")
int program(void *context) {
  return 0;
}
