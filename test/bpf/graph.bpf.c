// Objects that a program allocates itself and keeps in a list and a tree in a map: tags say what contains what, and the
// allocation is told its type by the local BTF id. Linux 6.3.
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

struct bpf_list_head {
  u64 opaque[2];
} __attribute__((aligned(8)));
struct bpf_list_node {
  u64 opaque[3];
} __attribute__((aligned(8)));
struct bpf_rb_root {
  u64 opaque[2];
} __attribute__((aligned(8)));
struct bpf_rb_node {
  u64 opaque[4];
} __attribute__((aligned(8)));

void *bpf_obj_new_impl(u64 local_type_id, void *meta) KSYM;
void bpf_obj_drop_impl(void *object, void *meta) KSYM;
int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta, u64 offset) KSYM;
struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head) KSYM;
int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
                        bool(less)(struct bpf_rb_node *one, const struct bpf_rb_node *two), void *meta, u64 offset) KSYM;

struct item {
  struct bpf_list_node node;
  u64 value;
};

struct branch {
  struct bpf_rb_node node;
  u64 value;
};

struct holder {
  struct bpf_spin_lock lock;
  struct bpf_list_head list TAG("contains:item:node");
};

struct forest {
  struct bpf_spin_lock lock;
  struct bpf_rb_root root TAG("contains:branch:node");
};

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, struct holder);
} holders SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, struct forest);
} forests SEC(".maps");

// A lock and its tree in a data section: libbpf makes that a map of its own.
HIDDEN struct bpf_spin_lock data_lock SEC(".data.private");
HIDDEN struct bpf_list_head data_list SEC(".data.private") TAG("contains:item:node");

static bool less(struct bpf_rb_node *one, const struct bpf_rb_node *two) {
  return ((struct branch *)one)->value < ((struct branch *)two)->value;
}

SEC("tc")
int push(struct __sk_buff *skb) {
  u32 key = 0;
  struct holder *holder = bpf_map_lookup_elem(&holders, &key);
  if (!holder) return 0;
  struct item *item = bpf_obj_new_impl(core_type_id(struct item, CORE_TYPE_ID_LOCAL), NULL);
  if (!item) return 0;
  item->value = skb->len;
  bpf_spin_lock(&holder->lock);
  bpf_list_push_front_impl(&holder->list, &item->node, NULL, 0);
  bpf_spin_unlock(&holder->lock);
  struct forest *forest = bpf_map_lookup_elem(&forests, &key);
  struct branch *branch = bpf_obj_new_impl(core_type_id(struct branch, CORE_TYPE_ID_LOCAL), NULL);
  if (!branch) return 0;
  if (!forest) {
    bpf_obj_drop_impl(branch, NULL);
    return 0;
  }
  branch->value = skb->len;
  bpf_spin_lock(&forest->lock);
  bpf_rbtree_add_impl(&forest->root, &branch->node, less, NULL, 0);
  bpf_spin_unlock(&forest->lock);
  return 0;
}

SEC("tc")
int pop(struct __sk_buff *skb) {
  bpf_spin_lock(&data_lock);
  struct bpf_list_node *node = bpf_list_pop_front(&data_list);
  bpf_spin_unlock(&data_lock);
  if (node) bpf_obj_drop_impl(node, NULL);
  return 0;
}
