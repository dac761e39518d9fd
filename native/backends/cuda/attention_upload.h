// A plan in device memory.
#pragma once
#include <vector>

#include "attention_plan.h"
#include "context.h"

namespace selfjudge::cuda {

struct QueryPlanView {
  const QueryRow* rows;
  const QueryTile* tiles;
  const Pass* passes;
  const int32_t* keys;
};

// `source` to the next piece of the workspace; without a context only its place is taken.
template <class T>
int32_t upload_piece(const std::vector<T>& source, Carver& carver, const T** view, Context* context,
                     sj_error* error) {
  T* piece = carver.take<T>(int64_t(source.size()));
  *view = piece;
  if (!context || source.empty()) return SJ_OK;
  return context->upload(piece, source.data(), source.size() * sizeof(T), error);
}

inline int32_t place_plan(const QueryPlan& plan, Carver& carver, QueryPlanView* view, Context* context,
                          sj_error* error) {
  int32_t code = upload_piece(plan.rows, carver, &view->rows, context, error);
  if (!code) code = upload_piece(plan.tiles, carver, &view->tiles, context, error);
  if (!code) code = upload_piece(plan.passes, carver, &view->passes, context, error);
  if (!code) code = upload_piece(plan.keys, carver, &view->keys, context, error);
  return code;
}

struct KeyPlanView {
  const QueryRow* rows;
  const KeyRun* runs;
  const KeyTask* tasks;
  const KeySum* sums;
};

inline int32_t place_plan(const KeyPlan& plan, Carver& carver, KeyPlanView* view, Context* context,
                          sj_error* error) {
  int32_t code = upload_piece(plan.rows, carver, &view->rows, context, error);
  if (!code) code = upload_piece(plan.runs, carver, &view->runs, context, error);
  if (!code) code = upload_piece(plan.tasks, carver, &view->tasks, context, error);
  if (!code) code = upload_piece(plan.sums, carver, &view->sums, context, error);
  return code;
}

}  // namespace selfjudge::cuda
