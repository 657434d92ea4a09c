#include "support/recorded.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace wmpush::test {

bool recorded(const std::filesystem::path& folder, std::uintmax_t size) {
  const int events = inotify_init1(IN_CLOEXEC);
  inotify_add_watch(events, folder.c_str(), IN_CREATE | IN_MODIFY);
  std::uintmax_t there = 0;
  for (pollfd waiting{events, POLLIN, 0};;) {
    there = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      there += entry.file_size();
    char ignored[4096];
    if (there >= size || poll(&waiting, 1, 10'000) != 1 ||
        read(events, ignored, sizeof ignored) <= 0)
      break;
  }
  close(events);
  return there >= size;
}

}  // namespace wmpush::test
