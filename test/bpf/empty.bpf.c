// Neither program nor map: only a license and a type.
#include "bpf.h"

LICENSE("GPL");

struct only_a_type {
  int x;
} *pointer;
