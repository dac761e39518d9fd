// Tests of the CPU backend's matrix ops on every path this CPU has: matrix_ops [path].
#include "matrix_ops.h"

int main(int argc, char** argv) {
  using namespace selfjudge;
  for (int i = 0; i < cpu::kPaths; i++) {
    const char* path = cpu::path_name(cpu::Path(i));
    if (!cpu::path_available(cpu::Path(i)) || (argc > 1 && std::strcmp(argv[1], path))) continue;
    sj_error error{};
    test::backend = sj_cpu_backend(path, &error);
    if (!test::backend) return std::printf("%s\n", error.message), 1;
    const int before = test::failures;
    test::matrix_tests();
    test::head_tests();
    std::printf("%s: %d failures\n", path, test::failures - before);
  }
  sj_error error{};
  if (sj_cpu_backend("sse9", &error) || error.code != SJ_UNSUPPORTED) test::failures++;
  std::printf("%s\n", error.message);
  return test::failures ? 1 : 0;
}
