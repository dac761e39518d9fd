// Attention over a tree in float64 plain loops, and its analytic gradients.
#pragma once
#include <algorithm>
#include <array>

#include "op_call.h"

namespace selfjudge::test {

struct TestTree {
  std::vector<sj_segment> segments;
  explicit TestTree(const std::vector<std::array<int, 2>>& length_parent) {
    int start = 0;
    for (auto [length, parent] : length_parent) {
      const int depth = parent < 0 ? 0 : segments[size_t(parent)].depth + segments[size_t(parent)].length;
      segments.push_back({start, length, parent, depth});
      start += length;
    }
  }
  int rows() const { return segments.back().start + segments.back().length; }
  sj_tree view() const { return {sizeof(sj_tree), rows(), int32_t(segments.size()), segments.data()}; }
  int segment_of(int row) const {
    int s = 0;
    while (row >= segments[size_t(s)].start + segments[size_t(s)].length) s++;
    return s;
  }
  // The rows from the root to `row`; with a window the last so many.
  std::vector<int> path(int row, double window = 0) const {
    std::vector<int> path;
    for (int s = segment_of(row); s >= 0; s = segments[size_t(s)].parent) {
      for (; row >= segments[size_t(s)].start; row--) path.push_back(row);
      if (segments[size_t(s)].parent >= 0) {
        const sj_segment& p = segments[size_t(segments[size_t(s)].parent)];
        row = p.start + p.length - 1;
      }
    }
    if (window > 0 && double(path.size()) > window) path.resize(size_t(window));
    std::reverse(path.begin(), path.end());
    return path;
  }
};

struct AttentionResult {
  std::vector<double> o, lse, dq, dk, dv;
};

// `dout` absent: forward only.
inline AttentionResult reference_attention(const TestTree& tree, const Tensor& q, const Tensor& k,
                                           const Tensor& v, double scale, double window, const Tensor& dout) {
  const int64_t heads = q.view.dims[1], key_heads = k.view.dims[1], d = q.view.dims[2];
  AttentionResult r;
  r.o.resize(size_t(q.size()));
  r.lse.resize(size_t(tree.rows() * heads));
  r.dq.resize(size_t(q.size()));
  r.dk.resize(size_t(k.size()));
  r.dv.resize(size_t(k.size()));
  for (int row = 0; row < tree.rows(); row++) {
    const std::vector<int> path = tree.path(row, window);
    for (int64_t h = 0; h < heads; h++) {
      const int64_t g = h / (heads / key_heads), qi = (row * heads + h) * d;
      const auto ki = [&](size_t j) { return (path[j] * key_heads + g) * d; };
      std::vector<double> p(path.size());
      double max = -INFINITY, sum = 0;
      for (size_t j = 0; j < path.size(); j++) {
        for (int64_t x = 0; x < d; x++) p[j] += q.get(qi + x) * k.get(ki(j) + x);
        max = std::max(max, p[j] *= scale);
      }
      for (double& s : p) sum += s = std::exp(s - max);
      for (double& s : p) s /= sum;
      r.lse[size_t(row * heads + h)] = max + std::log(sum);
      for (size_t j = 0; j < path.size(); j++)
        for (int64_t x = 0; x < d; x++) r.o[size_t(qi + x)] += p[j] * v.get(ki(j) + x);
      if (!dout.memory) continue;
      double delta = 0;
      for (int64_t x = 0; x < d; x++) delta += dout.get(qi + x) * r.o[size_t(qi + x)];
      for (size_t j = 0; j < path.size(); j++) {
        double dp = 0;
        for (int64_t x = 0; x < d; x++) dp += dout.get(qi + x) * v.get(ki(j) + x);
        const double ds = scale * p[j] * (dp - delta);
        for (int64_t x = 0; x < d; x++) {
          r.dq[size_t(qi + x)] += ds * k.get(ki(j) + x);
          r.dk[size_t(ki(j) + x)] += ds * q.get(qi + x);
          r.dv[size_t(ki(j) + x)] += p[j] * dout.get(qi + x);
        }
      }
    }
  }
  return r;
}

}  // namespace selfjudge::test
