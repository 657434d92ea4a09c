// wmpush-picture: makes JPEGs of key frames for wmpush serve, which starts it. What comes from an
// encoder may be made to harm a decoder: it harms this program, which has nothing and is started
// again.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

extern "C" {
#include <libavutil/log.h>
}

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <new>
#include <vector>

#include "jpeg.hpp"
#include "pubpoint/picture/picture_messages.hpp"

namespace {

using wmpush::pubpoint::PictureAnswer;
using wmpush::pubpoint::PictureRequest;

void limit(int resource, rlim_t most) {
  const rlimit both{most, most};
  setrlimit(static_cast<__rlimit_resource>(resource), &both);
}

/// What a decoder that went mad may take.
void give_up_what_is_not_needed() {
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  // An end that is not noticed by its standard input is one by a signal to the server.
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_NOFILE, 3);
#ifndef WMPUSH_SANITIZED
  limit(RLIMIT_AS, rlim_t{512} << 20);
#endif
}

/// False at the end of the input, and where it ends in the middle.
bool read_whole(void* into, std::size_t size) {
  for (auto* at = static_cast<char*>(into); size > 0;) {
    const ssize_t count = read(STDIN_FILENO, at, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

bool write_whole(const void* from, std::size_t size) {
  for (const auto* at = static_cast<const char*>(from); size > 0;) {
    const ssize_t count = write(STDOUT_FILENO, at, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

bool answer(bool made, const void* bytes, std::size_t size) {
  const PictureAnswer head{made ? 1u : 0u, static_cast<std::uint32_t>(size)};
  return write_whole(&head, sizeof head) && write_whole(bytes, size);
}

bool serve_one() {
  PictureRequest head{};
  if (!read_whole(&head, sizeof head)) return false;
  if (head.size > wmpush::pubpoint::kMostPictureInput) return false;
  std::vector<std::byte> asf(head.size);
  if (!read_whole(asf.data(), asf.size())) return false;
  const auto jpeg = wmpush::picture::make_jpeg(asf, static_cast<int>(head.width));
  if (!jpeg.bytes.empty()) return answer(true, jpeg.bytes.data(), jpeg.bytes.size());
  const std::size_t most = std::min(jpeg.why.size(), wmpush::pubpoint::kMostPictureFault);
  return answer(false, jpeg.why.data(), most);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 1 || isatty(STDIN_FILENO) == 1) {
    std::fprintf(stderr, "%s is started by wmpush serve, and is of no use by itself.\n", argv[0]);
    return 2;
  }
  give_up_what_is_not_needed();
  av_log_set_level(AV_LOG_QUIET);
  try {
    while (serve_one()) {
    }
  } catch (const std::bad_alloc&) {
    return 1;
  }
  return 0;
}
