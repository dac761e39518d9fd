#pragma once
// Fiber switch for the SIMT shim: saves the callee-saved registers and swaps stacks.
// x86-64: about ten instructions, no system call. Elsewhere, or with SIMT_UCONTEXT: swapcontext.
#include <cstddef>
#include <cstdint>
#include <cstring>
#if !defined(__x86_64__) || defined(SIMT_UCONTEXT)
#include <ucontext.h>
#endif

namespace simt {
inline constexpr size_t kStack = 64 * 1024;
inline constexpr uint64_t kCanary = 0x51317ac3d00dfeedull;

#if defined(__x86_64__) && !defined(SIMT_UCONTEXT)
struct Context {
  void* sp = nullptr;
};

__attribute__((naked, noinline)) inline void swap_stacks(void** /*save*/, void* /*to*/) {
  asm volatile(
      "push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
      "mov %rsp, (%rdi); mov %rsi, %rsp\n"
      "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp; ret");
}
inline void switch_to(Context& from, Context& to) { swap_stacks(&from.sp, to.sp); }

inline void prepare(Context& c, char* stack, void (*entry)()) {
  auto top = (uint64_t*)((uintptr_t(stack) + kStack) & ~uintptr_t(15));
  top[-1] = 0;                // return address of entry: never used
  top[-2] = uint64_t(entry);  // popped by ret, leaves the stack as after a call
  memset(top - 8, 0, 6 * 8);  // six saved registers
  c.sp = top - 8;
}
#else
struct Context {
  ucontext_t u;
};
inline void switch_to(Context& from, Context& to) { swapcontext(&from.u, &to.u); }
inline void prepare(Context& c, char* stack, void (*entry)()) {
  getcontext(&c.u);
  c.u.uc_stack.ss_sp = stack;
  c.u.uc_stack.ss_size = kStack;
  c.u.uc_link = nullptr;
  makecontext(&c.u, entry, 0);
}
#endif
}  // namespace simt
