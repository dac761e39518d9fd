// Blocks by size. Small ones come from malloc. Middling ones are cut from slabs, and packed weights among
// them lie on large pages: a product reads some hundred KB in a row from each of hundreds of weights, and
// with small pages the first touch of each page, which no prefetcher crosses, costs a quarter of the
// bandwidth. Others do not: a large page is resident as a whole, whatever is live in it. Larger blocks have
// mappings of their own, of large pages as far as whole ones fit.
#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <map>
#include <mutex>

#include "cgroup.h"

namespace selfjudge::cpu {
namespace {

constexpr size_t kLargePage = size_t{2} << 20;
constexpr size_t kSlab = size_t{32} << 20;
// From here on blocks are cut from slabs, and from the next on mapped. AddressSanitizer watches the heap
// alone.
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kCut = SIZE_MAX, kMapped = SIZE_MAX;
#else
constexpr size_t kCut = size_t{64} << 10, kMapped = kLargePage;
#endif

size_t page_multiple(size_t bytes) {
  static const size_t page = size_t(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

// Starts at a large page; null when refused.
char* map_aligned(size_t bytes) {
  const size_t size = bytes + kLargePage;
  void* const at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return nullptr;
  char* const begin = static_cast<char*>(at);
  char* const block = begin + (kLargePage - reinterpret_cast<uintptr_t>(begin) % kLargePage) % kLargePage;
  if (block > begin) munmap(begin, size_t(block - begin));
  if (block + bytes < begin + size) munmap(block + bytes, size_t(begin + size - (block + bytes)));
  return block;
}

// A hint: refusal changes speed only.
void ask_for_large_pages(char* begin, size_t bytes) { madvise(begin, bytes, MADV_HUGEPAGE); }

// Blocks of whole pages, first fit. What is released is not kept resident, and a slab that is empty is
// unmapped.
class Slabs {
 public:
  char* allocate(size_t bytes) {
    std::lock_guard lock(mutex_);
    for (auto& [base, free] : slabs_)
      if (char* const block = take(base, free, bytes)) return block;
    char* const base = map_aligned(kSlab);
    if (!base) return nullptr;
    Free& free = slabs_[base];
    free[0] = kSlab;
    return take(base, free, bytes);
  }

  void release(char* block, size_t bytes) {
    std::lock_guard lock(mutex_);
    const auto slab = std::prev(slabs_.upper_bound(block));
    auto& [base, free] = *slab;
    auto part = free.emplace(size_t(block - base), bytes).first;
    if (const auto next = std::next(part); next != free.end() && part->first + part->second == next->first) {
      part->second += next->second;
      free.erase(next);
    }
    if (part != free.begin())
      if (const auto before = std::prev(part); before->first + before->second == part->first) {
        before->second += part->second;
        free.erase(part);
        part = before;
      }
    if (part->second == kSlab) {
      munmap(base, kSlab);
      slabs_.erase(slab);
    } else {
      madvise(block, bytes, MADV_DONTNEED);
    }
  }

 private:
  using Free = std::map<size_t, size_t>;  // bytes from each offset

  static char* take(char* base, Free& free, size_t bytes) {
    for (auto part = free.begin(); part != free.end(); ++part) {
      const auto [offset, size] = *part;
      if (size < bytes) continue;
      free.erase(part);
      if (size > bytes) free[offset + bytes] = size - bytes;
      return base + offset;
    }
    return nullptr;
  }

  std::mutex mutex_;
  std::map<char*, Free> slabs_;
};

Slabs& slabs() {
  static Slabs& instance = *new Slabs;  // never destroyed: a stream may release until the process ends
  return instance;
}

// Linux grants more memory than there is and kills who uses it: what does not fit is refused here instead. Of
// what a control group grants, that is what the process does not use yet, less some for its further growth.
size_t most_memory() {
  size_t most = size_t(sysconf(_SC_PHYS_PAGES)) * size_t(sysconf(_SC_PAGESIZE));
  const size_t granted = cgroup_memory();
  if (granted == 0 || granted > most) return most;
  long long pages[2] = {0, 0};  // of the process, and of it in memory
  if (FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%lld %lld", pages, pages + 1) != 2) pages[1] = 0;
    std::fclose(f);
  }
  const size_t used = size_t(pages[1]) * size_t(sysconf(_SC_PAGESIZE)) + granted / 16;
  return granted > used ? granted - used : 0;
}

// Bytes of blocks that are out, over all devices of the process.
std::atomic<size_t> held{0};

}  // namespace

void* allocate(size_t bytes) {
  static const size_t most = most_memory();
  if (held.fetch_add(bytes) + bytes > most) {
    held -= bytes;
    return nullptr;
  }
  void* data = nullptr;
  if (bytes >= kMapped) {
    char* const block = map_aligned(page_multiple(bytes));
    if (block) ask_for_large_pages(block, bytes / kLargePage * kLargePage);
    data = block;
  } else if (bytes >= kCut) {
    data = slabs().allocate(page_multiple(bytes));
  } else if (posix_memalign(&data, 64, bytes ? bytes : 64) != 0) {
    data = nullptr;
  }
  if (!data) held -= bytes;
  return data;
}

void release(void* data, size_t bytes) {
  held -= bytes;
  if (bytes >= kMapped)
    munmap(data, page_multiple(bytes));
  else if (bytes >= kCut)
    slabs().release(static_cast<char*>(data), page_multiple(bytes));
  else
    std::free(data);
}

void expect_reads(void* data, size_t bytes) {
  if (bytes < kCut || bytes >= kMapped) return;
  const size_t offset = reinterpret_cast<uintptr_t>(data) % kLargePage;  // slabs are of whole large pages
  const size_t size = (offset + bytes + kLargePage - 1) / kLargePage * kLargePage;
  ask_for_large_pages(static_cast<char*>(data) - offset, size);
}

}  // namespace selfjudge::cpu
