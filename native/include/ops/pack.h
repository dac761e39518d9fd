// pack: a weight [N, K] from rows into panels, the one layout every matrix op reads. `panels` is written in
// place, rounding float32 rows to its dtype (nearest even): after an optimizer step the trained rows are
// packed again. unpack: the rows of a packed weight, in its dtype.
#pragma once
#include "../contract.h"
namespace selfjudge::ops {
namespace pack {
enum Tensor { ROWS, PANELS };
inline constexpr TensorSpec tensors[] = {
    {"rows", Role::In, FLOATS, "N K"},
    {"panels", Role::InOut, FLOATS, "N K", nullptr, true},
};
inline constexpr Contract spec = contract("pack", tensors);
}  // namespace pack
namespace unpack {
enum Tensor { PANELS, ROWS };
inline constexpr TensorSpec tensors[] = {
    {"panels", Role::In, FLOATS, "N K", nullptr, true},
    {"rows", Role::Out, FLOATS, "N K", "panels"},
};
inline constexpr Contract spec = contract("unpack", tensors);
}  // namespace unpack
}  // namespace selfjudge::ops
