// Global variables of every type, for reading and writing them by name.
#include "context.h"

LICENSE("GPL");

enum level { LOW = 1, HIGH = 2 };
enum limits { MINIMUM = -5, MAXIMUM = 5 };
typedef u32 identifier;
struct config {
  identifier id;
  enum level level;
  char name[16];
  struct {
    u16 ports[4];
    bool open;
  } inner;
  u32 flags : 4, mode : 4;
};

u8 byte = 200;
s8 signed_byte = -100;
u16 half = 60000;
s16 signed_half = -30000;
u32 word = 4000000000;
s32 signed_word = -2000000000;
u64 wide = 18000000000000000000ULL;
s64 signed_wide = -9000000000000000000LL;
bool flag = true;
char character = 'c';
enum level level = HIGH;
enum limits limits = MINIMUM;
identifier named = 77;
char text[16] = "some text";
u8 raw[5] = {1, 2, 3, 4, 5};
u32 numbers[4] = {10, 20, 30, 40};
u16 matrix[2][3] = {{1, 2, 3}, {4, 5, 6}};
struct config config = {.id = 5, .level = LOW, .name = "first", .inner = {{80, 443}, true}, .flags = 9, .mode = 3};
const volatile struct config limits_config = {.id = 6, .name = "constant"};
void *pointer = NULL;
__int128 widest = -2;
const volatile char path[32] = "/sys/fs/bpf";

SEC("syscall")
int touch(void *context) {
  return byte + signed_byte + half + signed_half + word + signed_word + wide + signed_wide + flag + character + level +
         limits + named + text[1] + raw[1] + numbers[1] + matrix[1][1] + config.inner.ports[0] + limits_config.id +
         (pointer != NULL) + (int)widest + path[3];
}
