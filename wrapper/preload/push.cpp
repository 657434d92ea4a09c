#include "push.hpp"

extern "C" {
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <libavutil/time.h>
}

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "avio_push.h"
#include "options.hpp"
#include "secrets.hpp"
#include "signals.hpp"

namespace wmpush::preload {
namespace {

/// How long after the first signal a call may go on waiting for a peer that takes nothing, us.
constexpr std::int64_t kBlockedAfterSignal = 2'000'000;
/// The same for EndSession, which is given at least the second of these.
constexpr std::int64_t kEndingAfterSignal = 4'500'000;
constexpr std::int64_t kEndingAtLeast = 1'000'000;

struct Push {
  std::string url;  ///< password masked
  AVIOInterruptCB int_cb{};
  std::int64_t opened = 0;
  AVIOContext* pb = nullptr;  ///< nullptr while it is being opened
};

struct Pushes {
  std::mutex mutex;
  std::map<const AVIOContext*, std::unique_ptr<Push>> open;
  /// The last result for each URL: a fifo that recovers opens the same one again.
  std::map<std::string, wmpush_result> results;
};

Pushes& pushes() {
  // Still needed when the program exits: never destroyed.
  static auto& instance = *new Pushes;
  return instance;
}

void note_result(const std::string& url, wmpush_result result) {
  const std::lock_guard lock(pushes().mutex);
  pushes().results[url] = result;
}

int should_stop(void* opaque) {
  const auto& push = *static_cast<const Push*>(opaque);
  if (push.int_cb.callback != nullptr && push.int_cb.callback(push.int_cb.opaque) != 0) return 1;

  const std::int64_t signal = first_signal();
  if (signal == 0) return 0;
  std::int64_t since = push.opened;
  const wmpush_avio_activity activity =
      push.pb != nullptr ? wmpush_avio_activity_of(push.pb, &since) : WMPUSH_AVIO_WRITING;
  const std::int64_t limit = activity == WMPUSH_AVIO_ENDING
                                 ? std::max(signal + kEndingAfterSignal, since + kEndingAtLeast)
                                 : std::max(signal, since) + kBlockedAfterSignal;
  return av_gettime_relative() >= limit;
}

/// A failure if a push failed (of several, that of the URL that comes first in the alphabet) or was
/// never closed.
wmpush_result overall_result() {
  const std::lock_guard lock(pushes().mutex);
  for (const auto& [url, result] : pushes().results)
    if (WMPUSH_FAILED(result)) return result;
  return pushes().open.empty() ? WMPUSH_S_OK : WMPUSH_E_FAIL;
}

std::size_t expected = 0;           // pushes on the command line
std::atomic<std::size_t> tried{0};  // calls of open_push()

void at_exit(int status, void*) {
  wmpush_result result = overall_result();
  const bool one_left_out = status == 0 && tried < expected;
  if (!WMPUSH_FAILED(result) && one_left_out) {
    av_log(nullptr, AV_LOG_ERROR,
           "wmpush: an output was never opened: name its format, as in [f=asf] of a tee, "
           "-fifo_format asf or -segment_format asf\n");
    result = WMPUSH_E_FAIL;
  }
  if (!WMPUSH_FAILED(result)) return;

  av_log(nullptr, AV_LOG_ERROR, "wmpush: %s (0x%08X)\n", wmpush_result_name(result),
         static_cast<unsigned>(result));
  if (status != 0) return;
  std::fflush(nullptr);
  _exit(EXIT_FAILURE);
}

}  // namespace

void expect_pushes(std::size_t count) { expected = count; }

int open_push(AVIOContext** pb, const char* url, int flags, const AVIOInterruptCB* int_cb,
              AVDictionary** dictionary) {
  *pb = nullptr;
  ++tried;
  auto push = std::make_unique<Push>();
  push->url = mask_passwords(url);
  if ((flags & AVIO_FLAG_READ) != 0) {
    av_log(nullptr, AV_LOG_ERROR, "%s can be written to, not read from\n", push->url.c_str());
    return AVERROR(EIO);
  }
  note_result(push->url, WMPUSH_E_INVALIDARG);
  Options options;
  if (const int ret = options.take_from(dictionary); ret < 0) return ret;

  if (int_cb != nullptr) push->int_cb = *int_cb;
  push->opened = av_gettime_relative();
  const AVIOInterruptCB stop{should_stop, push.get()};
  wmpush_error error;
  const int ret =
      wmpush_avio_open_explained(pb, reveal_passwords(url).c_str(), &options.get(), &stop, &error);
  note_result(push->url, error.result);
  if (ret < 0) return ret;

  push->pb = *pb;
  const std::lock_guard lock(pushes().mutex);
  pushes().open[*pb] = std::move(push);
  return ret;
}

int close_push(AVIOContext** pb) {
  // Another thread's context may get this one's address as soon as it is freed: it must be out of
  // the map by then. Until its result is known, a program that exits has not closed it.
  std::unique_ptr<Push> push;
  {
    const std::lock_guard lock(pushes().mutex);
    if (auto entry = pushes().open.extract(*pb)) {
      push = std::move(entry.mapped());
      pushes().results[push->url] = WMPUSH_E_FAIL;
    }
  }
  wmpush_error error;
  const int ret = wmpush_avio_close_explained(pb, &error);
  if (push != nullptr) note_result(push->url, error.result);
  return ret;
}

void answer_for_exit_status() { on_exit(at_exit, nullptr); }

}  // namespace wmpush::preload
