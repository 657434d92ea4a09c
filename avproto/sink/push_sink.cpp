// The blocking interface: a loop over a session that never blocks.
#include "wmpush/push_sink.hpp"

#include <algorithm>

#include "net/wait.hpp"
#include "sink/session.hpp"

namespace wmpush {
namespace {

using net::Clock;
using net::Readiness;
using net::Time;

/// What is handed over at once of a larger piece: what waits for the network is then no more.
constexpr std::size_t kPiece = 65536;

/// How long an end that is all out is still listened to when it is interrupted: its answer may be
/// on the way, and says more than that everything was acknowledged.
constexpr std::chrono::milliseconds kLastWord{50};

}  // namespace

class PushSink::Loop {
 public:
  explicit Loop(const wmpush_options* options) : session(options) {
    // From the copy, which knows how much of the structure the program has filled in.
    const wmpush_options& own = session.options();
    if (own.interrupt != nullptr)
      interrupted_ = [callback = own.interrupt, opaque = own.interrupt_opaque] {
        return callback(opaque) != 0;
      };
  }

  /// Until nothing is under way any more, `until` passes, or the session is over; `result` is what
  /// the session has said.
  Result wait(Result result, Time until = Time::max()) {
    while (succeeded(result) && session.pending() && Clock::now() < until)
      result = wait_once(until);
    return result;
  }

  /// The same where the network is waited for: what congestion=drop leaves to later calls.
  Result wait_for_network(Result result) { return session.queues() ? result : wait(result); }

  /// Hands over what `call` hands over, which may first have to wait for room.
  template <typename Call>
  Result give(Call call) {
    Result result = call();
    while (result == Result::E_PENDING) {
      if (const Result waited = wait_once(Time::max()); failed(waited)) return waited;
      result = call();
    }
    return wait_for_network(result);
  }

  /// Waits for what the session wants, and has it done.
  Result wait_once(Time until) {
    try {
      net::Wait wait = session.wait();
      wait.until = std::min(wait.until, until);
      if (net::wait_for(wait, interrupted_) == Readiness::Interrupted) return stop(wait);
    } catch (...) {
      return session.collapse();
    }
    return session.perform();
  }

  Session session;

 private:
  Result stop(net::Wait wait) {
    if (!session.awaits_confirmation()) return session.cancel();
    wait.until = Clock::now() + kLastWord;
    net::wait_for(wait, {});
    const Result result = session.perform();
    return session.pending() ? session.cancel() : result;
  }

  net::InterruptCheck interrupted_;
};

PushSink::PushSink(const wmpush_options& options) : loop_(std::make_unique<Loop>(&options)) {}
PushSink::PushSink() : loop_(std::make_unique<Loop>(nullptr)) {}
PushSink::~PushSink() = default;
PushSink::PushSink(PushSink&&) noexcept = default;
PushSink& PushSink::operator=(PushSink&&) noexcept = default;

Result PushSink::Connect(std::string_view url, std::string_view template_url, bool auto_destroy) {
  return loop_->wait(loop_->session.start(url, template_url, auto_destroy));
}
Result PushSink::OnHeader(std::span<const std::byte> header) {
  return loop_->give([&] { return loop_->session.on_header(header); });
}
Result PushSink::OnDataUnit(std::span<const std::byte> packet) {
  return loop_->give([&] { return loop_->session.on_data_unit(packet); });
}
Result PushSink::OnDataUnits(std::span<const std::span<const std::byte>> packets) {
  return loop_->give([&] { return loop_->session.on_data_units(packets); });
}
Result PushSink::OnEndWriting() { return loop_->session.on_end_writing(); }
Result PushSink::EndSession() { return loop_->wait(loop_->session.end_start(Result::S_OK)); }
Result PushSink::AbortSession(Result reason) {
  return loop_->wait(loop_->session.end_start(reason));
}
Result PushSink::Disconnect() { return loop_->session.disconnect(); }
Result PushSink::write(std::span<const std::byte> asf) {
  do {
    const auto piece = asf.first(std::min(asf.size(), kPiece));
    const Result result = loop_->give([&] { return loop_->session.write(piece); });
    if (result != Result::S_OK) return result;
    asf = asf.subspan(piece.size());
  } while (!asf.empty());
  return Result::S_OK;
}
Result PushSink::wait_until(std::chrono::steady_clock::time_point until) {
  Result result = loop_->session.perform();
  while (succeeded(result) && !loop_->session.over() && Clock::now() < until)
    result = loop_->wait_once(until);
  return result;
}
const Error& PushSink::last_error() const { return loop_->session.last_error(); }
wmpush_stats PushSink::stats() const { return loop_->session.stats(); }
const PublishingPointInfo& PushSink::publishing_point() const {
  return loop_->session.publishing_point();
}

}  // namespace wmpush
