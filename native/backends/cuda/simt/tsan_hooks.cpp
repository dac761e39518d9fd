// Receives the calls that -fsanitize=thread puts before every load and store. Compile this file
// without the flag and link without it too: libtsan is not used, only the compiler's instrumentation.
#include "host.h"
namespace {
inline void hook(const void* p, size_t n, simt::Shadow::Kind k) {
  if (simt::B && simt::B->live && simt::B->shadow.inside(p)) simt::touch(simt::B->cur, p, n, k);
}
}  // namespace
#define HOOK(name, n)                                                 \
  void __tsan_read##name(void* p) { hook(p, n, simt::Shadow::Read); } \
  void __tsan_write##name(void* p) { hook(p, n, simt::Shadow::Write); }
extern "C" {
HOOK(1, 1) HOOK(2, 2) HOOK(4, 4) HOOK(8, 8) HOOK(16, 16) void __tsan_unaligned_read2(void* p) {
  hook(p, 2, simt::Shadow::Read);
}
void __tsan_unaligned_read4(void* p) { hook(p, 4, simt::Shadow::Read); }
void __tsan_unaligned_read8(void* p) { hook(p, 8, simt::Shadow::Read); }
void __tsan_unaligned_read16(void* p) { hook(p, 16, simt::Shadow::Read); }
void __tsan_unaligned_write2(void* p) { hook(p, 2, simt::Shadow::Write); }
void __tsan_unaligned_write4(void* p) { hook(p, 4, simt::Shadow::Write); }
void __tsan_unaligned_write8(void* p) { hook(p, 8, simt::Shadow::Write); }
void __tsan_unaligned_write16(void* p) { hook(p, 16, simt::Shadow::Write); }
void __tsan_read_range(void* p, unsigned long n) { hook(p, n, simt::Shadow::Read); }
void __tsan_write_range(void* p, unsigned long n) { hook(p, n, simt::Shadow::Write); }
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_init() {}
int __tsan_atomic8_load(const volatile signed char* p, int) { return *p; }  // guards of local statics
}
