// The parts of other_ops.cpp.
#pragma once
namespace selfjudge::test {
void test_attention();
void bench_attention();
void test_small_ops();
}  // namespace selfjudge::test
