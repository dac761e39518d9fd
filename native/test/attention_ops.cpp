// tree_attention, its backward and its pool form, against float64 loops and against each other.
#include <numeric>

#include "attention_cases.h"
#include "backends/cpu/highway_targets.h"
#include "backends/cpu/thread_pool.h"
#include "other_ops.h"

namespace selfjudge::test {
namespace {

// Three levels and more, cut at odd depths around 64, one-row segments, two roots, children out of
// depth-first order.
const TestTree kTree({{50, -1},
                      {37, 0},
                      {1, 0},
                      {64, 1},
                      {5, 1},
                      {130, -1},
                      {70, 3},
                      {3, 5},
                      {14, 2},
                      {1, 4},
                      {2, 9},
                      {63, 7}});

// Up to 24 segments, parents in no particular order; even seeds have many short ones.
TestTree random_tree(uint64_t seed) {
  std::vector<std::array<int, 2>> shape;
  for (int s = 0; s < 5 + int(seed); s++) {
    const auto draw = [&](uint64_t what, int n) {
      return int(std::abs(noise(seed + 100, uint64_t(s) * 4 + what)) * 1e6) % n;
    };
    const int length = seed % 2 ? 1 + draw(0, 90) : 1 + draw(0, 3) * draw(1, 30);
    shape.push_back({length, draw(2, s + 1) - 1});
  }
  return TestTree(shape);
}

bool equal(const Outputs& a, const Outputs& b) {
  return same_bits(a.o, b.o) && same_bits(a.lse, b.lse) && same_bits(a.dq, b.dq) && same_bits(a.dk, b.dk) &&
         same_bits(a.dv, b.dv);
}

// The rows of x named by `rows`, as a tensor of their own.
Tensor take(const Tensor& x, const std::vector<int>& rows) {
  Tensor y(x.view.dtype, {int64_t(rows.size()), x.view.dims[1], x.view.dims[2]});
  const int64_t n = x.size() / x.view.dims[0];
  for (size_t i = 0; i < rows.size(); i++)
    for (int64_t j = 0; j < n; j++) y.set(int64_t(i) * n + j, x.get(rows[i] * n + j));
  return y;
}

// Analytic gradients of the reference against its own finite differences, along one random direction a
// tensor.
void test_reference(double window) {
  const TestTree tree({{5, -1}, {4, 0}, {3, 0}});
  Inputs in = inputs({SJ_F32, 2, 1, 6, 1.0, window}, tree.rows());
  const AttentionResult r = reference_attention(tree, in.q, in.k, in.v, in.scale, in.window, in.dout);
  const std::vector<double>* gradients[] = {&r.dq, &r.dk, &r.dv};
  Tensor Inputs::*members[] = {&Inputs::q, &Inputs::k, &Inputs::v};
  for (int which = 0; which < 3; which++) {
    const Tensor kept = in.*members[which];
    double slope = 0, along = 0, values[2];
    for (int side = 0; side < 2; side++) {
      Tensor moved = kept.copy();
      for (int64_t i = 0; i < moved.size(); i++)
        moved.set(i, kept.get(i) + (side ? 1 : -1) * 0x1p-9 * noise(9, uint64_t(i)));
      in.*members[which] = moved;
      const AttentionResult at = reference_attention(tree, in.q, in.k, in.v, in.scale, in.window, {});
      values[side] = 0;
      for (size_t i = 0; i < at.o.size(); i++) values[side] += at.o[i] * in.dout.get(int64_t(i));
    }
    slope = (values[1] - values[0]) / 0x1p-8;
    for (int64_t i = 0; i < kept.size(); i++) along += (*gradients[which])[size_t(i)] * noise(9, uint64_t(i));
    SJ_CHECK(std::abs(slope - along) < 1e-4 * (1 + std::abs(along)), "direction %d: %g, %g", which, slope,
             along);
    in.*members[which] = kept;
  }
}

void test_against_reference(const Case& c, const TestTree& tree) {
  const Inputs in = inputs(c, tree.rows());
  const Outputs out = run(in, tree);
  const AttentionResult r = reference_attention(tree, in.q, in.k, in.v, in.scale, in.window, in.dout);
  const double rounding = c.dtype == SJ_BF16 ? 0x1p-8 : 0;
  // A score of size s has float32 error s 2^-24 times a few; it enters p as a factor.
  const double forward = rounding + 2e-6 * std::max(1.0, c.size),
               backward = 2 * rounding + 1e-5 * std::max(1.0, c.size);
  // Where a row sees itself alone dq and dk are 0, whatever rounding leaves of terms that cancel.
  const double least = c.window == 1 ? 1 : 1e-30;
  const double errors[] = {error_of(out.o, r.o), error_of(out.lse, r.lse), error_of(out.dq, r.dq, least),
                           error_of(out.dk, r.dk, least), error_of(out.dv, r.dv)};
  for (int i = 0; i < 5; i++)
    SJ_CHECK(errors[i] <= (i < 1   ? forward
                           : i < 2 ? 2e-6
                                   : backward),
             "dtype %d heads %ld/%ld d %ld size %g window %g: [%d] error %g", c.dtype, long(c.heads),
             long(c.key_heads), long(c.d), c.size, c.window, i, errors[i]);

  cpu::set_worker_limit(1);
  SJ_CHECK(equal(out, run(in, tree)), "one thread differs");
  cpu::set_worker_limit(cpu::worker_count());
}

// Each row alone with its path, and each leaf's sequence unshared: the same forward bits and the same dq; dk
// and dv add up to the shared ones.
void test_unshared(const Case& c, const TestTree& tree) {
  const Inputs in = inputs(c, tree.rows());
  const Outputs shared = run(in, tree);
  std::vector<double> dk(size_t(in.k.size())), dv(size_t(in.k.size()));
  std::vector<bool> done(size_t(tree.rows()));
  const int64_t n = c.heads * c.d, m = c.key_heads * c.d;
  for (size_t s = tree.segments.size(); s-- > 0;) {
    const std::vector<int> path = tree.path(tree.segments[s].start + tree.segments[s].length - 1);
    Inputs alone{take(in.q, path),    take(in.k, path), take(in.v, path),
                 take(in.dout, path), in.scale,         in.window};
    // A row that an earlier sequence already counted passes no gradient again.
    for (size_t i = 0; i < path.size(); i++)
      if (done[size_t(path[i])])
        for (int64_t x = 0; x < n; x++) alone.dout.set(int64_t(i) * n + x, 0);
    const Outputs out = run(alone, TestTree({{int(path.size()), -1}}));
    const size_t width = size_t(n) * (c.dtype == SJ_BF16 ? 2 : 4);
    for (size_t i = 0; i < path.size(); i++) {
      const size_t at = size_t(path[i]);
      SJ_CHECK(!std::memcmp(out.o.data<char>() + i * width, shared.o.data<char>() + at * width, width),
               "o of %zu", at);
      SJ_CHECK(!std::memcmp(out.lse.data<float>() + i * size_t(c.heads),
                            shared.lse.data<float>() + at * size_t(c.heads), size_t(c.heads) * 4),
               "lse of row %zu", at);
      if (!done[at])
        SJ_CHECK(!std::memcmp(out.dq.data<char>() + i * width, shared.dq.data<char>() + at * width, width),
                 "dq of %zu", at);
      done[at] = true;
      for (int64_t x = 0; x < m; x++) {
        dk[at * size_t(m) + size_t(x)] += out.dk.get(int64_t(i) * m + x);
        dv[at * size_t(m) + size_t(x)] += out.dv.get(int64_t(i) * m + x);
      }
    }
  }
  const double tolerance = c.dtype == SJ_BF16 ? 0x1p-6 : 1e-5;
  SJ_CHECK(
      error_of(shared.dk, dk, c.window == 1 ? 1 : 1e-30) < tolerance && error_of(shared.dv, dv) < tolerance,
      "dk %g dv %g", error_of(shared.dk, dk), error_of(shared.dv, dv));
}

// The same tree in pool blocks, every row with a table of its own: written row by row, shared blocks where a
// block is wholly an ancestor's, head parts copied where a branch starts inside one. Blocks before the window
// of all of a table's rows are not in it.
void test_pool(const Case& c) {
  const Inputs in = inputs(c, kTree.rows());
  const Outputs expected = run(in, kTree);
  const int width = 6;
  std::vector<std::vector<int>> tables;
  std::vector<int32_t> slots(size_t(kTree.rows())), row_table, lengths, moves, flat;
  int blocks = 0;
  const int64_t most = 64;
  Tensor pool_k(c.dtype, {most, c.key_heads * c.d, 64}), pool_v(c.dtype, {most, c.key_heads * 64, c.d});
  for (int64_t i = 0; i < pool_k.size(); i++) pool_k.set(i, NAN), pool_v.set(i, NAN);
  for (const sj_segment& s : kTree.segments) {
    std::vector<int> table;
    if (s.parent >= 0)
      table.assign(tables[size_t(s.parent)].begin(), tables[size_t(s.parent)].begin() + s.depth / 64);
    if (s.depth % 64) {
      moves = {tables[size_t(s.parent)][size_t(s.depth / 64)], blocks, s.depth % 64};
      table.push_back(blocks++);
      SJ_CHECK(SJ_CALL(kv_copy, {integers({1, 3}, moves), pool_k, pool_v}, {moves[2]}) == SJ_OK, "kv_copy");
    }
    std::vector<int> rows;
    std::vector<int32_t> at;
    for (int i = 0; i < s.length; i++) {
      const int depth = s.depth + i;
      if (depth / 64 == int(table.size())) table.push_back(blocks++);
      rows.push_back(s.start + i);
      at.push_back(table[size_t(depth / 64)] * 64 + depth % 64);
      row_table.push_back(int32_t(tables.size()));
      lengths.push_back(depth + 1);
    }
    SJ_CHECK(SJ_CALL(kv_write, {take(in.k, rows), take(in.v, rows), integers({s.length}, at), pool_k, pool_v,
                                Tensor(), Tensor(), Tensor()}) == SJ_OK,
             "kv_write");
    tables.push_back(table);
  }
  for (size_t s = 0; s < tables.size(); s++) {
    const int first = c.window ? std::max(0, kTree.segments[s].depth + 1 - int(c.window)) / 64 : 0;
    for (int i = 0; i < width; i++)
      flat.push_back(first <= i && i < int(tables[s].size()) ? tables[s][size_t(i)] : -1);
  }
  const auto table = integers({int64_t(tables.size()), width}, flat);
  Tensor o(c.dtype, {kTree.rows(), c.heads, c.d});
  const double pairs = std::accumulate(lengths.begin(), lengths.end(), 0.0);  // for counters alone
  SJ_CHECK(SJ_CALL(tree_attention_pool,
                   {in.q, pool_k, pool_v, table, integers({kTree.rows()}, row_table),
                    integers({kTree.rows()}, lengths), o},
                   {in.scale, in.window, pairs, kTree.rows()}) == SJ_OK,
           "pool");
  SJ_CHECK(same_bits(o, expected.o), "pool and rows differ, d %ld window %g", long(c.d), c.window);

  sj_error error{};
  lengths[3] = width * 64 + 1;
  SJ_CHECK(SJ_CALL(tree_attention_pool,
                   {in.q, pool_k, pool_v, table, integers({kTree.rows()}, row_table),
                    integers({kTree.rows()}, lengths), o},
                   {in.scale, in.window, pairs, kTree.rows()}, nullptr, &error) == SJ_INVALID &&
               std::strstr(error.message, "lengths[3]: expected 1 .. 384, received 385"),
           "%s", error.message);
}

// Bits of the `width` values of a row.
bool same_row(const Tensor& a, const Tensor& b, int64_t row, int64_t width) {
  const int64_t bytes = width * (a.view.dtype == SJ_BF16 ? 2 : 4);
  return !std::memcmp(a.data<char>() + row * bytes, b.data<char>() + row * bytes, size_t(bytes));
}

// NaN in one branch stays there, below the row that has it and as far as the window.
void test_strangers(int32_t dtype, double window) {
  const Case c{dtype, 3, 1, 16, 1.0, window};
  const Inputs clean = inputs(c, kTree.rows());
  const Outputs expected = run(clean, kTree);
  Inputs in{clean.q.copy(), clean.k.copy(), clean.v.copy(), clean.dout.copy(), clean.scale, clean.window};
  const int bad = kTree.segments[4].start + 2;
  for (Tensor* t : {&in.q, &in.k, &in.v})
    for (int64_t x = 0; x < t->size() / kTree.rows(); x++) t->set(bad * (t->size() / kTree.rows()) + x, NAN);
  const Outputs out = run(in, kTree);
  std::vector<bool> touched(size_t(kTree.rows()));  // keys that such a row sees
  for (int row = 0; row < kTree.rows(); row++) {
    const std::vector<int> path = kTree.path(row, window);
    if (std::find(path.begin(), path.end(), bad) == path.end()) {
      SJ_CHECK(same_row(out.o, expected.o, row, 48) && same_row(out.dq, expected.dq, row, 48),
               "row %d changed, window %g", row, window);
      continue;
    }
    for (int64_t i = row * 48; i < (row + 1) * 48; i++)
      SJ_CHECK(std::isnan(out.o.get(i)), "row %d should be NaN, window %g", row, window);
    for (const int key : path) touched[size_t(key)] = true;
  }
  for (int key = 0; key < kTree.rows(); key++)
    if (!touched[size_t(key)])
      SJ_CHECK(same_row(out.dk, expected.dk, key, 16) && same_row(out.dv, expected.dv, key, 16),
               "key %d changed, window %g", key, window);
}

}  // namespace

void test_attention() {
  test_reference(0);
  test_reference(2);
  for (const int32_t dtype : {SJ_F32, SJ_BF16})
    for (const Case& c : {Case{dtype, 9, 3, 64, 1.0},
                          {dtype, 1, 1, 16, 1.0},
                          {dtype, 3, 3, 7, 1.0},
                          {dtype, 4, 2, 40, 1.0},
                          {dtype, 2, 1, 129, 1.0},
                          {dtype, 5, 1, 16, 1e-4},
                          {dtype, 5, 1, 16, 100.0},
                          {dtype, 9, 3, 64, 1.0, 65},
                          {dtype, 1, 1, 16, 1.0, 1},
                          {dtype, 3, 3, 7, 1.0, 64},
                          {dtype, 4, 2, 40, 1.0, 100},
                          {dtype, 2, 1, 129, 1.0, 63},
                          {dtype, 5, 1, 16, 1.0, 3},
                          {dtype, 5, 1, 16, 1.0, 1000}}) {
      test_against_reference(c, kTree);
      test_unshared(c, kTree);
      test_pool(c);
    }
  for (const int32_t dtype : {SJ_F32, SJ_BF16})
    for (const double window : {0, 1, 3, 40, 70}) test_strangers(dtype, window);
  for (uint64_t seed = 0; seed < 20; seed++) {
    const TestTree tree = random_tree(seed);
    for (const double window : {0.0, 1.0 + 11.0 * double(seed)}) {
      const Case c{SJ_F32, 2, 1, 5, 1.0, window};
      test_against_reference(c, tree);
      test_unshared(c, tree);
    }
  }
}

}  // namespace selfjudge::test
