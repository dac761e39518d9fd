#include "core/allocator.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <string>
#include <utility>

#include "core/error.h"

namespace selfjudge {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kSmallest = 1024;           // below: multiples of the alignment
constexpr size_t kNear = 5;                  // classes a block is taken from: 25% larger at most,
constexpr size_t kFar = 17;                  // and while less lives than did at the peak: twice as large
constexpr size_t kSpare = size_t{4} << 20;   // of host memory, beside what was live at the peak
constexpr size_t kKeep = size_t{256} << 20;  // of a device's memory: a cache up to this size is never trimmed
constexpr size_t kLargest = size_t{1} << 46;  // 64 TiB: more is a mistake in a shape

size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

struct SizeClass {
  size_t index, bytes;
};

// 0 .. 15: 64, 128 .. 1024. Then 16 classes a doubling.
SizeClass class_of(size_t bytes) {
  bytes = std::max(bytes, kAlignment);
  if (bytes <= kSmallest) {
    const size_t rounded = round_up(bytes, kAlignment);
    return {rounded / kAlignment - 1, rounded};
  }
  const size_t doubling = std::bit_width(bytes - 1) - 1;  // 2^doubling < bytes <= 2^(doubling + 1)
  const size_t step = size_t{1} << (doubling - 4);
  const size_t rounded = round_up(bytes, step);
  return {(doubling - 10) * 16 + 16 + (rounded / step - 17), rounded};
}

size_t bytes_of_class(size_t index) {
  if (index < 16) return (index + 1) * kAlignment;
  const size_t doubling = (index - 16) / 16 + 10;
  return ((index - 16) % 16 + 17) << (doubling - 4);
}

std::string mebibytes(size_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(bytes) / (1 << 20));
  return text;
}

}  // namespace

Allocator::Allocator(const sj_backend& backend, std::function<void()> drain,
                     std::function<void(Block)> free_in_order, std::function<void(Block)> poison)
    : backend_(backend),
      drain_(std::move(drain)),
      free_in_order_(std::move(free_in_order)),
      poison_(std::move(poison)) {}

Allocator::~Allocator() { free_cached(); }

Block Allocator::allocate(size_t bytes, const char* where) {
  const auto refuse = [&] {
    return Error::out_of_memory(where, mebibytes(bytes) + " free",
                                "none: live " + mebibytes(counters_.live) + " (packed " +
                                    mebibytes(counters_.packed) + "), cached " + mebibytes(counters_.cached) +
                                    ", peak " + mebibytes(counters_.peak));
  };
  if (bytes > kLargest || (failing_ && --failing_ == 0)) throw refuse();
  const SizeClass size = class_of(bytes);
  Block block{nullptr, size.bytes, round_up(std::max(bytes, size_t{1}), kAlignment), false};
  // A block somewhat larger will do: shapes that vary with the batch would seldom find their own class, and
  // new memory costs page faults.
  size_t index = size.index;
  const size_t held = reserved_ - counters_.cached;
  const auto fits = [&](size_t i) {
    return !cache_[i].empty() && (i < size.index + kNear || held + bytes_of_class(i) <= counters_.peak);
  };
  const size_t end = std::min(cache_.size(), size.index + kFar);
  while (index < end && !fits(index)) index++;
  if (index < end) {
    block.data = cache_[index].back();
    block.bytes = bytes_of_class(index);
    cache_[index].pop_back();
    counters_.cached -= block.bytes;
  } else {
    trim(size.bytes, block.requested);
    block.data = backend_.alloc(size.bytes);
    if (!block.data) {
      drain_();
      free_cached();
      block.data = backend_.alloc(size.bytes);
    }
    if (!block.data) throw refuse();
    reserved_ += size.bytes;
    block.fresh = !poison_;  // what poisons it is a command
    if (poison_) poison_(block);
  }
  counters_.live += block.requested;
  counters_.peak = std::max(counters_.peak, counters_.live);
  return block;
}

void Allocator::release(const Block& block) {
  const SizeClass size = class_of(block.bytes);
  if (size.index >= cache_.size()) cache_.resize(size.index + 1);
  cache_[size.index].push_back(block.data);
  if (poison_) poison_(block);
  counters_.live -= block.requested;
  counters_.cached += block.bytes;
}

void Allocator::count_packed(size_t bytes, bool live) {
  live ? counters_.packed += bytes : counters_.packed -= bytes;
}

// Shapes that change with every batch leave blocks of classes nobody asks for again. Before new memory is
// asked for they go back: on the host, where that costs page faults, until no more is held than was live at
// the peak, so that the process is as large as the peak says; on a device, where it costs milliseconds, until
// no more is cached than is live.
void Allocator::trim(size_t bytes, size_t requested) {
  const size_t live = counters_.live + requested;
  const size_t most =
      backend_.asynchronous ? live + std::max(kKeep, live) : std::max(counters_.peak, live) + kSpare;
  for (size_t index = cache_.size(); index-- > 0;) {
    while (reserved_ + bytes > most && !cache_[index].empty()) {
      counters_.cached -= bytes_of_class(index);
      reserved_ -= bytes_of_class(index);
      free_in_order_({cache_[index].back(), bytes_of_class(index), 0, false});
      cache_[index].pop_back();
    }
  }
}

void Allocator::free_cached() {
  for (size_t index = 0; index < cache_.size(); ++index) {
    for (void* data : cache_[index]) backend_.free(data, bytes_of_class(index));
    cache_[index].clear();
  }
  reserved_ -= counters_.cached;
  counters_.cached = 0;
}

}  // namespace selfjudge
