// dedup OUT BASE|+BASE|- FILE...: merges and deduplicates BTF with libbpf, writes the result, and prints the nanoseconds that
// the deduplication took.
#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

int main(int argc, char **argv) {
  struct btf *base = NULL;
  if (argc < 4) return 2;
  // With "+FILE", the files are complete BTF and were not made on top of the base. The result is split BTF on this
  // base.
  int own = argv[2][0] == '+';
  if (strcmp(argv[2], "-") != 0 && !(base = btf__parse(argv[2] + own, NULL))) return 3;
  struct btf *all = base ? btf__new_empty_split(base) : btf__new_empty();
  for (int i = 3; i < argc; i++) {
    struct btf *one = own ? btf__parse(argv[i], NULL) : btf__parse_split(argv[i], base);
    if (!one) {
      fprintf(stderr, "%s: no BTF\n", argv[i]);
      return 4;
    }
    if (btf__add_btf(all, one) < 0) return 5;
    btf__free(one);
  }
  unsigned long long start = now_ns();
  if (btf__dedup(all, NULL) != 0) return 6;
  printf("%llu\n", now_ns() - start);
  __u32 size;
  const void *data = btf__raw_data(all, &size);
  FILE *out = fopen(argv[1], "w");
  if (!out || fwrite(data, 1, size, out) != size || fclose(out) != 0) return 7;
  return 0;
}
