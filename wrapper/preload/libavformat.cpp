#include "libavformat.hpp"

#include <dlfcn.h>
#include <link.h>

#include <array>
#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "protocols.hpp"

namespace wmpush::preload {
namespace {

constinit std::atomic<const Libavformat*> the_served{nullptr};

/// Path of the shared object that `address` lies in, as long as that is loaded; empty for the
/// program itself.
const char* object_at(const void* address) {
  Dl_info info;
  link_map* map = nullptr;
  if (dladdr1(address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0 || !map)
    return "";
  return map->l_name;
}

void* symbol_in(const char* object, const char* name) {
  void* handle = dlopen(object, RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return nullptr;
  void* symbol = dlsym(handle, name);
  dlclose(handle);
  return symbol;
}

int find_libavformat(dl_phdr_info* info, std::size_t, void* found) {
  if (std::strstr(info->dlpi_name, "/libavformat") == nullptr) return 0;
  *static_cast<const char**>(found) = info->dlpi_name;
  return 1;
}

/// Path of the libavformat that the caller was linked with, or any that is loaded.
const char* libavformat_of(const void* return_address) {
  constexpr const char* kAnchor = "avformat_version";
  void* anchor = nullptr;
  if (const char* object = object_at(return_address); *object != '\0')
    anchor = symbol_in(object, kAnchor);
  if (anchor == nullptr) anchor = dlsym(RTLD_DEFAULT, kAnchor);
  if (anchor != nullptr) return object_at(anchor);

  const char* found = "";
  dl_iterate_phdr(find_libavformat, &found);
  return found;
}

[[noreturn]] void give_up(const char* line) {
  std::fputs(line, stderr);
  std::abort();
}

void load(Libavformat& library, const char* path) {
  // Never closed: the functions are called until the process ends.
  void* handle = *path == '\0' ? nullptr : dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) give_up("wmpush: the program calls libavformat, but none is loaded\n");
#define WMPUSH_LOAD(function) \
  library.function = reinterpret_cast<decltype(library.function)>(dlsym(handle, #function));
  WMPUSH_INTERPOSED(WMPUSH_LOAD)
  WMPUSH_USED(WMPUSH_LOAD)
#undef WMPUSH_LOAD
  library.major = library.avformat_version() >> 16;
}

}  // namespace

const Libavformat& Libavformat::of_caller(const void* return_address) noexcept {
  /// A program has one copy, or two when a module of an interpreter brings its own.
  constexpr std::size_t kMostCopies = 16;
  constinit static std::mutex mutex;
  constinit static std::array<Libavformat, kMostCopies> libraries;
  constinit static std::size_t count = 0;

  const char* path = libavformat_of(return_address);
  const void* base = *path == '\0' ? nullptr : symbol_in(path, "avformat_version");
  const std::lock_guard lock(mutex);
  for (std::size_t i = 0; i < count; ++i)
    if (libraries[i].base == base) return libraries[i];

  if (count == kMostCopies)
    give_up("wmpush: this program has loaded libavformat more than 16 times\n");
  Libavformat& library = libraries[count++];
  library.base = base;
  load(library, path);
  if (const Libavformat* none = nullptr; library.major == LIBAVFORMAT_VERSION_MAJOR)
    the_served.compare_exchange_strong(none, &library);
  return library;
}

const Libavformat* Libavformat::served() { return the_served; }

bool Libavformat::serves(const char* url) const {
  if (!is_push_url(url)) return false;
  if (is_served()) return true;

  if (major != LIBAVFORMAT_VERSION_MAJOR)
    std::fprintf(stderr,
                 "wmpush: this program uses libavformat %u, but the preload object is for %d: "
                 "preload libwmpush-preload-%u.so instead\n",
                 major, LIBAVFORMAT_VERSION_MAJOR, major);
  else
    std::fputs("wmpush: this program has loaded libavformat twice, and only one copy can push\n",
               stderr);
  return false;
}

}  // namespace wmpush::preload

// What the adapter and this object call: the same names, bound inside the object by the version
// script, forwarded to the copy that is served.
namespace {
const wmpush::preload::Libavformat& real() { return *wmpush::preload::Libavformat::served(); }
}  // namespace

extern "C" {

AVIOContext* avio_alloc_context(unsigned char* buffer, int size, int write_flag, void* opaque,
                                int (*read)(void*, uint8_t*, int),
#if LIBAVFORMAT_VERSION_MAJOR >= 61
                                int (*write)(void*, const uint8_t*, int),
#else
                                int (*write)(void*, uint8_t*, int),
#endif
                                int64_t (*seek)(void*, int64_t, int)) {
  return real().avio_alloc_context(buffer, size, write_flag, opaque, read, write, seek);
}
void avio_context_free(AVIOContext** context) { real().avio_context_free(context); }
void avio_flush(AVIOContext* context) { real().avio_flush(context); }
const char* av_default_item_name(void* context) { return real().av_default_item_name(context); }
AVDictionaryEntry* av_dict_get(const AVDictionary* dictionary, const char* key,
                               const AVDictionaryEntry* previous, int flags) {
  return real().av_dict_get(dictionary, key, previous, flags);
}
int av_dict_set(AVDictionary** dictionary, const char* key, const char* value, int flags) {
  return real().av_dict_set(dictionary, key, value, flags);
}
void av_free(void* memory) { real().av_free(memory); }
void av_freep(void* memory) { real().av_freep(memory); }
int64_t av_gettime_relative(void) { return real().av_gettime_relative(); }
void* av_malloc(size_t size) { return real().av_malloc(size); }
void* av_mallocz(size_t size) { return real().av_mallocz(size); }
int av_match_list(const char* name, const char* list, char separator) {
  return real().av_match_list(name, list, separator);
}
void av_opt_free(void* object) { real().av_opt_free(object); }
int av_opt_set(void* object, const char* name, const char* value, int flags) {
  return real().av_opt_set(object, name, value, flags);
}
void av_opt_set_defaults(void* object) { real().av_opt_set_defaults(object); }

void av_log(void* context, int level, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  real().av_vlog(context, level, format, arguments);
  va_end(arguments);
}

}  // extern "C"
