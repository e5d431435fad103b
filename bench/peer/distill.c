// distill BASE SPLIT NEW_BASE OUT: distills the base of a split BTF with libbpf, and relocates the result to a new base.
// Writes OUT.base, OUT.split and, unless libbpf refuses to relocate, OUT.moved.
#include <bpf/btf.h>
#include <stdio.h>

static int write_btf(const char *name, const char *end, const struct btf *btf) {
  char path[4096];
  __u32 size;
  const void *data = btf__raw_data(btf, &size);
  snprintf(path, sizeof(path), "%s.%s", name, end);
  FILE *out = fopen(path, "w");
  return !out || fwrite(data, 1, size, out) != size || fclose(out) != 0;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  struct btf *base = btf__parse(argv[1], NULL);
  struct btf *split = base ? btf__parse_split(argv[2], base) : NULL;
  struct btf *new_base = btf__parse(argv[3], NULL);
  if (!split || !new_base) return 3;
  struct btf *distilled, *small;
  if (btf__distill_base(split, &distilled, &small) != 0) return 4;
  if (write_btf(argv[4], "base", distilled) || write_btf(argv[4], "split", small)) return 5;
  // libbpf keeps the bytes that btf__raw_data returned, so relocate another copy.
  if (btf__distill_base(split, &distilled, &small) != 0) return 4;
  if (btf__relocate(small, new_base) != 0) return 0;
  return write_btf(argv[4], "moved", small) ? 5 : 0;
}
