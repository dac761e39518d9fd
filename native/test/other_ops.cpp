// CPU ops other than matrix products, on every kernel path of this machine: other_ops [path]. `--bench` times
// attention as well.
#include "other_ops.h"

#include "backends/cpu/features.h"
#include "op_call.h"

int main(int argc, char** argv) {
  using namespace selfjudge;
  const bool bench = argc > 1 && !std::strcmp(argv[argc - 1], "--bench");
  const char* const only = argc > 1 + bench ? argv[1] : nullptr;
  for (int i = 0; i < cpu::kPaths; i++) {
    const char* path = cpu::path_name(cpu::Path(i));
    if (!cpu::path_available(cpu::Path(i)) || (only && std::strcmp(only, path))) continue;
    sj_error error{};
    if (!sj_cpu_backend(path, &error)) return std::printf("%s\n", error.message), 1;
    const int before = test::failures;
    test::test_small_ops();
    test::test_attention();
    if (bench) test::bench_attention();
    std::printf("%s: %d failures\n", path, test::failures - before);
  }
  return test::failures != 0;
}
