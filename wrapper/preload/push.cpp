#include "push.hpp"

extern "C" {
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <libavutil/time.h>
}

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "avio_push.h"
#include "core/printable.hpp"
#include "libavformat.hpp"
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

/// An output, which several pushes may be made for: a fifo that recovers opens it again.
struct Output {
  std::string url;    ///< password masked
  std::string shown;  ///< the same as a terminal may have it
  wmpush_result result = WMPUSH_S_OK;
  char reason[WMPUSH_ERROR_MESSAGE_SIZE]{};  ///< of a result that is a failure
  bool busy = false;                         ///< being opened, or open
};

struct Push {
  std::string url;  ///< password masked
  AVIOInterruptCB int_cb{};
  std::int64_t opened = 0;
  AVIOContext* pb = nullptr;  ///< nullptr while it is being opened
  pid_t opened_by = getpid();
  Output* output = nullptr;
  bool ended = false;
};

using OpenPushes = std::map<const AVIOContext*, std::unique_ptr<Push>>;

struct Pushes {
  std::mutex mutex;
  OpenPushes open;
  std::deque<Output> outputs;                   ///< in the order in which they were first opened
  std::map<std::string, std::size_t> expected;  ///< how often the command line names each URL
};

Pushes& pushes() {
  // Still needed when the program exits: never destroyed.
  static auto& instance = *new Pushes;
  return instance;
}

/// What the exit handler reads, which must neither lock nor take memory: a failure if an output
/// failed (of several, the one that was opened first) or was never closed.
constinit std::atomic<wmpush_result> overall{WMPUSH_S_OK};
static_assert(std::atomic<wmpush_result>::is_always_lock_free, "read where a signal has struck");

/// Why, for the same reader: of two places the one that `reason_shown` names is whole.
struct Reason {
  char text[1024];
  std::size_t length = 0;

  Reason& operator+=(std::string_view more) {
    const std::size_t count = std::min(more.size(), sizeof text - length);
    std::memcpy(text + length, more.data(), count);
    length += count;
    return *this;
  }
};
constinit Reason reasons[2]{};
constinit std::atomic<const Reason*> reason_shown{&reasons[0]};

/// After a change, with the mutex held.
void note_overall() {
  wmpush_result now = WMPUSH_S_OK;
  Reason& next = reasons[reason_shown == &reasons[0] ? 1 : 0];
  next.length = 0;
  for (const auto& [pb, push] : pushes().open)
    if (!push->ended) now = WMPUSH_E_FAIL;
  for (const Output& output : pushes().outputs)
    if (WMPUSH_FAILED(output.result)) {
      now = output.result;
      if (output.reason[0] != '\0') ((next += output.shown) += ": ") += output.reason;
      break;
    }
  reason_shown = &next;
  overall = now;
}

/// The output that a push to `url` is for. Where the command line names it so often, each of the
/// first pushes is one of its own; a further one is another try for one that failed.
Output& output_for(const std::string& url) {
  const std::lock_guard lock(pushes().mutex);
  std::size_t known = 0;
  Output* failed = nullptr;
  for (Output& output : pushes().outputs) {
    if (output.url != url) continue;
    ++known;
    if (!output.busy && (failed == nullptr || WMPUSH_FAILED(output.result))) failed = &output;
  }
  const auto named = pushes().expected.find(url);
  const bool another_try = known >= (named == pushes().expected.end() ? 1 : named->second);
  if (failed == nullptr || !another_try)
    failed = &pushes().outputs.emplace_back(Output{url, printable(url)});
  failed->busy = true;
  return *failed;
}

void note_result(Output& output, const wmpush_error& error, bool over) {
  const std::lock_guard lock(pushes().mutex);
  output.result = error.result;
  std::memcpy(output.reason, error.message, sizeof output.reason);
  output.busy = output.busy && !over;
  note_overall();
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

std::size_t expected = 0;           // pushes on the command line
std::atomic<std::size_t> tried{0};  // calls of open_push()

pid_t answering = 0;  // the process whose exit status tells

/// A line on standard error, put together without memory of the heap's.
class LastLine {
 public:
  LastLine& operator<<(std::string_view text) {
    const std::size_t length = std::min(text.size(), sizeof text_ - length_);
    std::memcpy(text_ + length_, text.data(), length);
    length_ += length;
    return *this;
  }
  LastLine& operator<<(std::uint32_t value) {
    for (int shift = 28; shift >= 0; shift -= 4) {
      const char digit = "0123456789ABCDEF"[value >> shift & 0xF];
      *this << std::string_view(&digit, 1);
    }
    return *this;
  }
  /// Gives up on a reader that takes nothing for kPatience: the process is to end.
  void print() const {
    constexpr int kPatience = 1000;  // ms
    pollfd reader{STDERR_FILENO, POLLOUT, 0};
    for (std::string_view rest(text_, length_); !rest.empty();) {
      if (poll(&reader, 1, kPatience) <= 0) return;
      const ssize_t written = write(STDERR_FILENO, rest.data(), rest.size());
      if (written <= 0) return;
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }

 private:
  char text_[1280];
  std::size_t length_ = 0;
};

bool shows_errors() {
  const Libavformat* library = Libavformat::served();
  return library == nullptr || library->av_log_get_level() >= AV_LOG_ERROR;
}

/// Nothing in here, or in what it calls, may lock, take memory or log: ffmpeg calls exit() in the
/// handler of the fourth signal, whatever that has struck.
void at_exit(int status, void*) {
  if (getpid() != answering) return;
  wmpush_result result = overall;
  const Reason* const why = reason_shown;
  const bool shown = shows_errors();
  const bool one_left_out = status == 0 && tried < expected;
  if (!WMPUSH_FAILED(result) && one_left_out) {
    if (shown)
      (LastLine() << "wmpush: an output was never opened: name its format, as in [f=asf] of a tee, "
                     "-fifo_format asf or -segment_format asf\n")
          .print();
    result = WMPUSH_E_FAIL;
  }
  if (!WMPUSH_FAILED(result)) return;

  // A program that failed by itself before it had written anything has said why in its last line.
  const bool is_its_own = status != 0 && result == WMPUSH_E_FAIL;
  if (shown && !is_its_own)
    (LastLine() << "wmpush: " << wmpush_result_name(result) << " (0x"
                << static_cast<std::uint32_t>(result) << ")" << (why->length > 0 ? ": " : "")
                << std::string_view(why->text, why->length) << "\n")
        .print();
  // exit() within a handler goes on with the handlers that are left, flushes and ends with the new
  // status (atexit(3), glibc). _exit() would lose what is still in the program's buffers.
  if (status == 0) std::exit(EXIT_FAILURE);
}

}  // namespace

void expect_pushes(const std::vector<std::string>& urls) {
  expected = urls.size();
  for (const std::string& url : urls) ++pushes().expected[url];
}

int open_push(AVIOContext** pb, const char* url, int flags, const AVIOInterruptCB* int_cb,
              AVDictionary** dictionary) {
  *pb = nullptr;
  ++tried;
  auto push = std::make_unique<Push>();
  push->url = mask_passwords(url);
  if ((flags & AVIO_FLAG_READ) != 0) {
    av_log(nullptr, AV_LOG_ERROR, "%s can be written to, not read from\n",
           printable(push->url).c_str());
    return AVERROR(EIO);
  }
  push->output = &output_for(push->url);
  struct Attempt {
    Output& output;
    wmpush_error error{};
    bool over = true;
    ~Attempt() { note_result(output, error, over); }
  } attempt{*push->output};
  attempt.error.result = WMPUSH_E_INVALIDARG;
  Options options;
  if (const int ret = options.take_from(dictionary); ret < 0) return ret;
  // Nothing may fail once there is a session: the place for the push is made before.
  OpenPushes place;
  place[nullptr] = nullptr;
  OpenPushes::node_type node = place.extract(place.begin());

  if (int_cb != nullptr) push->int_cb = *int_cb;
  push->opened = av_gettime_relative();
  const AVIOInterruptCB stop{should_stop, push.get()};
  const int ret = wmpush_avio_open_explained(pb, reveal_passwords(url).c_str(), &options.get(),
                                             &stop, &attempt.error);
  if (ret < 0) return ret;

  attempt.over = false;
  push->pb = *pb;
  node.key() = *pb;
  node.mapped() = std::move(push);
  const std::lock_guard lock(pushes().mutex);
  pushes().open.insert(std::move(node));
  return ret;
}

int end_push(AVIOContext* pb) noexcept {
  Push* push = nullptr;
  {
    const std::lock_guard lock(pushes().mutex);
    const auto found = pushes().open.find(pb);
    if (found == pushes().open.end() || found->second->opened_by != getpid()) return 0;
    push = found->second.get();
  }
  wmpush_error error;
  const int ret = wmpush_avio_end_explained(pb, &error);
  push->ended = true;
  note_result(*push->output, error, false);
  return ret;
}

int close_push(AVIOContext** pb) noexcept {
  // Another thread's context may get this one's address as soon as it is freed: it must be out of
  // the map by then. Until its result is known, a program that exits has not closed it.
  std::unique_ptr<Push> push;
  {
    const std::lock_guard lock(pushes().mutex);
    if (const auto found = pushes().open.find(*pb); found != pushes().open.end()) {
      if (found->second->opened_by != getpid()) {
        *pb = nullptr;
        return 0;
      }
      push = std::move(found->second);
      pushes().open.erase(found);
      if (!push->ended) push->output->result = WMPUSH_E_FAIL;
      note_overall();
    }
  }
  wmpush_error error;
  const int ret = wmpush_avio_close_explained(pb, &error);
  if (push != nullptr) note_result(*push->output, error, true);
  return ret;
}

void answer_for_exit_status() {
  answering = getpid();
  on_exit(at_exit, nullptr);
}

}  // namespace wmpush::preload
