// CPU ops other than matrix products, on every kernel path of this machine. `--bench` times attention as
// well.
#include "other_ops.h"

#include "backends/cpu/features.h"
#include "backends/cpu/highway_targets.h"
#include "op_call.h"

int main(int argc, char** argv) {
  using namespace selfjudge;
  for (const cpu::Path path : {cpu::Path::Avx512, cpu::Path::Avx2, cpu::Path::Portable}) {
    if (!cpu::path_available(path)) continue;
    cpu::restrict_highway(cpu::path_name(path));
    std::printf("path %s\n", cpu::path_name(path));
    test::test_small_ops();
    test::test_attention();
    if (argc > 1 && !std::strcmp(argv[1], "--bench")) test::bench_attention();
  }
  std::printf("%s: %d failures\n", test::failures ? "FAILED" : "passed", test::failures);
  return test::failures != 0;
}
