// What the contract tables cannot say: relations between dims and numbers, and the work of a call.
#pragma once
#include "include/ops.h"

namespace selfjudge {

// Null, or the function that returns null or "argument: expected ..., received ..." (valid until its next
// call on this thread). It sees inputs whose ranks, dtypes and shapes already hold.
using Relation = const char* (*)(const sj_call& call);
Relation relation_of(sj_op op);

// Null, or floating-point operations of the maths as written: 2 M N K a matrix product.
using Flops = double (*)(const sj_call& call);
Flops flops_of(sj_op op);

}  // namespace selfjudge
