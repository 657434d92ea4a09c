#include "core/first_line.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace wmpush {
namespace {

constexpr std::size_t kMaxSize = 1024 * 1024;

}  // namespace

/// By the system's own calls: a stream that runs out of memory gives less than there is.
Error read_first_line(const std::string& what, const std::string& file, std::string& line) {
  const std::string which = what + " '" + file + "' ";
  const auto wrong = [&](int cause, const std::string& why) {
    return Error{Result::E_INVALIDARG, 0, cause, which + why};
  };
  const auto failed = [&](const char* doing) {
    const int cause = errno;
    return wrong(cause, std::string(doing) + ": " + std::strerror(cause));
  };
  struct File {
    int descriptor;
    ~File() {
      if (descriptor >= 0) ::close(descriptor);
    }
  } const open{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (open.descriptor < 0) return failed("cannot be opened");
  struct stat status {};
  if (::fstat(open.descriptor, &status) == 0 && S_ISDIR(status.st_mode))
    return wrong(EISDIR, "is a directory");
  line.clear();
  bool anything = false;
  bool ended = false;
  char buffer[512];
  while (!ended) {
    const ssize_t count = ::read(open.descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("cannot be read");
    if (count == 0) break;
    anything = true;
    const std::string_view piece(buffer, static_cast<std::size_t>(count));
    const std::size_t end = piece.find('\n');
    line += piece.substr(0, end);
    ended = end != piece.npos;
    if (line.size() > kMaxSize) return wrong(0, "has a first line of more than 1 MiB");
  }
  if (!anything) return wrong(0, "has no first line");
  if (line.ends_with('\r')) line.pop_back();
  return {};
}

}  // namespace wmpush
