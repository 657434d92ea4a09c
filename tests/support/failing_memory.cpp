#include "support/failing_memory.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WMPUSH_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WMPUSH_TEST_SANITIZED 1
#endif
#endif

namespace {

using wmpush::test::FailsFor;
using wmpush::test::FailsIn;

enum class Role : char { Library, Test, UnderTest };
thread_local Role role = Role::Library;

std::atomic<bool> armed = false;
std::atomic<bool> fired = false;
std::atomic<std::size_t> left = 0;  // allocations until the one that fails
std::atomic<std::int64_t> live = 0;
FailsIn fails_in{};
FailsFor fails_for{};

/// Whether the allocation that is asked for is to fail.
bool fails() {
  if (!armed || role == Role::Test) return false;
  if ((role == Role::UnderTest) != (fails_in == FailsIn::ThisThread)) return false;
  if (left > 0 && --left > 0) return false;
  if (fails_for == FailsFor::One && fired) return false;
  fired = true;
  return true;
}

void* counted(void* block) {
  if (block != nullptr && role != Role::Test) ++live;
  return block;
}

void uncount(const void* block) {
  if (block != nullptr && role != Role::Test) --live;
}

}  // namespace

#ifdef WMPUSH_TEST_SANITIZED

void* operator new(std::size_t size) {
  void* const block = fails() ? nullptr : std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return counted(block);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return fails() ? nullptr : counted(std::malloc(size));
}
void operator delete(void* block) noexcept {
  uncount(block);
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  uncount(block);
  std::free(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
  uncount(block);
  std::free(block);
}

#else

// The C library's own, by the names that it keeps for those who replace them.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* block);

void* malloc(std::size_t size) noexcept {
  if (!fails()) return counted(__libc_malloc(size));
  errno = ENOMEM;
  return nullptr;
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  if (!fails()) return counted(__libc_calloc(count, size));
  errno = ENOMEM;
  return nullptr;
}
void* realloc(void* block, std::size_t size) noexcept {
  if (size != 0 && fails()) {
    errno = ENOMEM;
    return nullptr;
  }
  void* const moved = __libc_realloc(block, size);
  if (block == nullptr) return counted(moved);
  if (size == 0) uncount(block);
  return moved;
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  if (!fails()) return counted(__libc_memalign(alignment, size));
  errno = ENOMEM;
  return nullptr;
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return aligned_alloc(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  void* const made = aligned_alloc(alignment, size);
  if (made == nullptr) return ENOMEM;
  *block = made;
  return 0;
}
void free(void* block) noexcept {
  const int before = errno;
  uncount(block);
  __libc_free(block);
  errno = before;
}
}

#endif

namespace wmpush::test {

void this_is_the_tests_thread() { role = Role::Test; }

FailingMemory::FailingMemory(std::size_t nth, FailsIn where, FailsFor how_long) {
  fails_in = where;
  fails_for = how_long;
  left = nth;
  fired = false;
  role = Role::UnderTest;
  armed = true;
}

FailingMemory::~FailingMemory() {
  armed = false;
  role = Role::Test;
}

bool memory_failed() { return fired; }
std::int64_t live_blocks() { return live; }

}  // namespace wmpush::test
