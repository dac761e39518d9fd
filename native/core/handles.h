// Handles are integers a JavaScript number holds exactly: 22 bits of slot, 20 bits of generation, 11 bits of
// table tag (53 in all). A slot's generation changes with every reuse, so a stale handle is refused, never
// mistaken; a slot whose generations are used up is retired. The tag tells tables apart: tensors and trees,
// devices, environments.
#pragma once
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace selfjudge {

using Handle = uint64_t;  // 0 is never a handle

inline constexpr int kSlotBits = 22, kGenerationBits = 20, kTagBits = 11;

enum class Lookup { Found, Disposed, Foreign };

template <class T>
class HandleTable {
 public:
  explicit HandleTable(uint32_t tag) : tag_(tag) {}

  // Null handle (0) when the table is full: 4,194,303 live handles.
  Handle add(T value) {
    uint32_t slot;
    if (!free_.empty()) {
      slot = free_.back();
      free_.pop_back();
    } else {
      if (slots_.size() >= (1u << kSlotBits) - 1) return 0;
      slot = static_cast<uint32_t>(slots_.size());
      slots_.emplace_back();
    }
    slots_[slot].value.emplace(std::move(value));
    return encode(slot, slots_[slot].generation);
  }

  std::pair<Lookup, T*> find(Handle handle) {
    if (handle >> (kSlotBits + kGenerationBits) != tag_) return {Lookup::Foreign, nullptr};
    const uint64_t slot = handle & ((1u << kSlotBits) - 1);
    const uint64_t generation = (handle >> kSlotBits) & ((1u << kGenerationBits) - 1);
    if (slot >= slots_.size() || slots_[slot].generation != generation || !slots_[slot].value) {
      return {Lookup::Disposed, nullptr};
    }
    return {Lookup::Found, &*slots_[slot].value};
  }

  // `handle` must have been found.
  T remove(Handle handle) {
    Slot& slot = slots_[handle & ((1u << kSlotBits) - 1)];
    T value = std::move(*slot.value);
    slot.value.reset();
    if (++slot.generation < (1u << kGenerationBits)) free_.push_back(handle & ((1u << kSlotBits) - 1));
    return value;
  }

  template <class F>
  void each(F visit) {
    for (Slot& slot : slots_) {
      if (slot.value) visit(*slot.value);
    }
  }

 private:
  struct Slot {
    std::optional<T> value;
    uint32_t generation = 0;
  };
  Handle encode(uint64_t slot, uint64_t generation) const {
    return (static_cast<uint64_t>(tag_) << (kSlotBits + kGenerationBits)) | (generation << kSlotBits) | slot;
  }
  uint32_t tag_;  // 1 .. 2047
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace selfjudge
