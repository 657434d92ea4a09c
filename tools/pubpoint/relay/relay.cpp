#include "pubpoint/relay/relay.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/signals_blocked.hpp"
#include "pubpoint/client/retry_delay.hpp"
#include "wmhttp/url.hpp"
#include "wmpush/push_session.hpp"

namespace wmpush::pubpoint {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Client = wmpush::PushSession;  // not the session of who pushes to us

/// Bytes that may wait for the relay's thread. It takes them at once, and what waits for the
/// network waits in the session: only a machine that is too slow for everything comes so far.
constexpr std::size_t kQueue = 8 << 20;
/// How long the end of the server waits for the end of the push.
constexpr std::chrono::seconds kLastEnd{2};

bool is_option(std::string_view name) {
  for (std::size_t i = 0; const wmpush_option_info* option = wmpush_option_at(i); ++i)
    if (name == option->name) return true;
  return false;
}

/// What a session says when the push that is relayed has ended so.
Result end_of(const SessionReport& report) {
  if (!report.end_of_stream) return Result::NS_E_CONNECTION_FAILURE;
  const auto reason = static_cast<Result>(static_cast<wmpush_result>(report.end_reason));
  return failed(reason) ? reason : Result::S_OK;
}

}  // namespace

std::string check_relay(std::string_view url) {
  wmhttp::PushUrl parsed;
  if (Error error = wmhttp::parse_url(url, is_option, parsed)) return error.message;
  wmpush_options options;
  wmpush_options_init(&options);
  for (const auto& [name, value] : parsed.options) {
    if (name == "congestion" || name == "reconnect")
      return "a relay has no use for " + name + ": it waits for nobody, and connects again";
    wmpush_error error{};
    error.size = sizeof error;
    if (WMPUSH_FAILED(wmpush_options_set(&options, name.c_str(), value.c_str(), &error)))
      return error.message;
  }
  return {};
}

bool leads_to(std::string_view url, std::string_view host, std::uint16_t port,
              std::string_view point) {
  wmhttp::PushUrl parsed;
  if (port == 0 || wmhttp::parse_url(url, is_option, parsed) || parsed.server.port != port)
    return false;
  const std::string& there = parsed.server.host;
  const bool here = there == host || there == "localhost" || there == "127.0.0.1" || there == "::1";
  return here && std::string_view(parsed.target).substr(0, parsed.target.find('?')) == point;
}

/// The thread, and what it shares with those who feed it.
class Relay::Link {
 public:
  Link(RelaySettings settings, std::function<void(const std::string&)> log)
      : settings_(std::move(settings)), log_(std::move(log)) {
    wmhttp::PushUrl url;
    static_cast<void>(wmhttp::parse_url(settings_.url, is_option, url));
    numbers_.url = url.display();
    wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_ < 0) throw std::system_error(errno, std::system_category(), "a relay");
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { run(); });
  }

  ~Link() { ::close(wake_); }

  void begin_stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake();
  }
  void join() { thread_.join(); }

  const RelaySettings& settings() const { return settings_; }
  RelayNumbers numbers() const {
    const std::lock_guard lock(mutex_);
    RelayNumbers all = numbers_;
    all.packets_dropped += left_out_;
    return all;
  }

  // From the server's thread.

  void header(Bytes header) { hand({Piece::What::Header, copy_of(header), {}}); }
  void packet(Bytes packet) { hand({Piece::What::Packet, copy_of(packet), {}}); }
  void end(Result reason) { hand({Piece::What::End, {}, reason}); }

 private:
  struct Piece {
    enum class What { Header, Packet, End };
    What what;
    std::vector<std::byte> bytes;
    Result reason;
  };

  static std::vector<std::byte> copy_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

  void hand(Piece piece) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      if (piece.what == Piece::What::Packet && waiting_bytes_ > kQueue) {
        ++left_out_;
        return;
      }
      first = waiting_.empty();
      waiting_bytes_ += piece.bytes.size();
      waiting_.push_back(std::move(piece));
    }
    if (first) wake();
  }

  void wake() const {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake_, &one, sizeof one));
  }

  // In the thread.

  void run() {
    for (;;) {
      try {
        take_pieces();
        if (drive()) return;
        wait();
      } catch (const std::exception&) {
        // There was no memory: what was being pushed on is lost, and another try is made.
        if (session_) lose();
      }
    }
  }

  /// What comes behind the end of a push waits until that has ended.
  void take_pieces() {
    std::uint64_t woken = 0;
    static_cast<void>(!::read(wake_, &woken, sizeof woken));
    std::deque<Piece> pieces;
    {
      const std::lock_guard lock(mutex_);
      if (ending_) return;
      pieces.swap(waiting_);
      waiting_bytes_ = 0;
    }
    while (!pieces.empty() && !ending_) {
      take(std::move(pieces.front()));
      pieces.pop_front();
    }
    if (pieces.empty()) return;
    const std::lock_guard lock(mutex_);
    for (const Piece& piece : pieces) waiting_bytes_ += piece.bytes.size();
    waiting_.insert(waiting_.begin(), std::make_move_iterator(pieces.begin()),
                    std::make_move_iterator(pieces.end()));
  }

  void take(Piece piece) {
    switch (piece.what) {
      case Piece::What::Header:
        header_ = std::move(piece.bytes);
        if (!std::exchange(lasts_, true)) begin();
        if (streams_) give([&] { return session_->on_header(header_); });
        break;
      case Piece::What::Packet:
        if (streams_)
          give([&] { return session_->on_data_unit(piece.bytes); });
        else
          leave_out();
        break;
      case Piece::What::End:
        lasts_ = false;
        end_push(piece.reason);
        break;
    }
  }

  void begin() {
    delay_.reset();
    try_at_ = SteadyClock::time_point{};
    const std::lock_guard lock(mutex_);
    ++numbers_.pushes;
  }

  void end_push(Result reason) {
    if (!session_) return;
    if (streams_ && succeeded(session_->end_start(reason)))
      ending_ = true;
    else
      forget_session();
  }

  template <typename Call>
  void give(Call call) {
    if (const Result result = call(); failed(result) && result != Result::E_PENDING) lose();
  }

  /// True: it was stopped, and nothing is left to do.
  bool drive() {
    const auto now = SteadyClock::now();
    bool stopping = false;
    {
      const std::lock_guard lock(mutex_);
      stopping = stopping_ && (waiting_.empty() || !session_ || ending_);
    }
    if (stopping && !stop_at_) {
      stop_at_ = now + kLastEnd;
      if (!ending_) end_push(Result::NS_E_CONNECTION_FAILURE);
    }
    if (stopping && (!session_ || now >= *stop_at_)) {
      forget_session();
      return true;
    }
    if (!session_ && lasts_ && now >= try_at_) connect();
    if (session_) perform();
    return false;
  }

  void connect() {
    wmpush_options options;
    wmpush_options_init(&options);
    options.reconnect = 1;
    options.congestion = "drop";
    options.reconnect_delay_max = std::chrono::microseconds(settings_.longest_delay).count();
    options.user_agent = "wmpush-relay/" WMPUSH_VERSION;
    options.log = [](void* to, wmpush_log_level level, const char* line) {
      if (level <= WMPUSH_LOG_WARNING) static_cast<Link*>(to)->log_(line);
    };
    options.log_opaque = this;
    session_.emplace(options);
    if (failed(session_->start(settings_.url))) lose();
  }

  void perform() {
    const Result result = session_->perform();
    if (ending_) {
      if (result == Result::E_PENDING) return;
      ending_ = false;
      forget_session();
      wake();  // the next push may wait
      return;
    }
    if (failed(result) && result != Result::E_PENDING) return lose();
    if (!streams_ && result == Result::S_OK) {
      streams_ = true;
      delay_.reset();
      give([&] { return session_->on_header(header_); });
    }
    publish();
  }

  /// Another try is made after a while, if the push still lasts then. Why was said by the session.
  void lose() {
    forget_session();
    try_at_ = SteadyClock::now() + delay_.next();
  }

  void forget_session() {
    if (!session_) return;
    streams_ = false;
    ending_ = false;
    const wmpush_stats stats = session_->stats();
    // What was accepted and never went out counts as dropped.
    before_.packets_sent += stats.packets_sent;
    before_.packets_dropped += dropped_in(stats);
    before_.reconnects += stats.reconnects;
    session_.reset();
    publish();
  }

  static std::uint64_t dropped_in(const wmpush_stats& stats) {
    const std::uint64_t arrived =
        stats.packets_accepted - std::min(stats.packets_accepted, stats.packets_dropped);
    return stats.packets_dropped + (arrived - std::min(arrived, stats.packets_sent));
  }

  /// There is no session that could take a packet.
  void leave_out() {
    const std::lock_guard lock(mutex_);
    ++left_out_;
  }

  void publish() {
    const wmpush_stats stats = session_ ? session_->stats() : wmpush_stats{};
    const std::lock_guard lock(mutex_);
    numbers_.streaming = streams_ && stats.state == WMPUSH_STATE_STREAMING;
    numbers_.packets_sent = before_.packets_sent + stats.packets_sent;
    numbers_.packets_dropped = before_.packets_dropped + stats.packets_dropped;
    numbers_.reconnects = before_.reconnects + stats.reconnects;
  }

  void wait() const {
    std::array<pollfd, 2> what{pollfd{wake_, POLLIN, 0}, pollfd{-1, 0, 0}};
    auto until = SteadyClock::time_point::max();
    if (session_) {
      const Client::Wants wants = session_->wants();
      what[1].fd = wants.descriptor;
      what[1].events = wants.events;
      until = wants.deadline;
    } else if (lasts_) {
      until = try_at_;
    }
    if (stop_at_) until = std::min(until, *stop_at_);
    int timeout = -1;
    if (until != SteadyClock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
      timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
    }
    ::poll(what.data(), what.size(), timeout);
  }

  const RelaySettings settings_;
  const std::function<void(const std::string&)> log_;
  int wake_ = -1;

  mutable std::mutex mutex_;  // of what follows
  std::deque<Piece> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool stopping_ = false;
  RelayNumbers numbers_;
  std::uint64_t left_out_ = 0;  // packets that no session had

  // The thread's.
  bool lasts_ = false;  // the push that is received
  std::vector<std::byte> header_;
  std::optional<Client> session_;
  bool streams_ = false;  // the header was handed over
  bool ending_ = false;
  RetryDelay delay_{settings_.first_delay, settings_.longest_delay};
  SteadyClock::time_point try_at_;
  std::optional<SteadyClock::time_point> stop_at_;
  RelayNumbers before_;  // of the sessions that are over
  std::thread thread_;
};

namespace {

/// The content of one push, for a relay that may be gone.
template <typename Link>
class RelayFeed final : public StreamConsumer {
 public:
  explicit RelayFeed(std::weak_ptr<Link> link) : link_(std::move(link)) {}
  void on_header(Bytes header) override {
    if (const auto link = link_.lock()) link->header(header);
  }
  void on_packet(Bytes packet) override {
    if (const auto link = link_.lock()) link->packet(packet);
  }
  void on_end(SessionReport& report) override {
    if (const auto link = link_.lock()) link->end(end_of(report));
  }

 private:
  const std::weak_ptr<Link> link_;
};

}  // namespace

Relay::Relay(RelaySettings settings, std::function<void(const std::string&)> log)
    : link_(std::make_shared<Link>(std::move(settings), std::move(log))) {}

Relay::~Relay() {
  begin_stop();
  link_->join();
}

void Relay::begin_stop() { link_->begin_stop(); }

const RelaySettings& Relay::settings() const { return link_->settings(); }

std::unique_ptr<StreamConsumer> Relay::feed() { return std::make_unique<RelayFeed<Link>>(link_); }

RelayNumbers Relay::numbers() const { return link_->numbers(); }

}  // namespace wmpush::pubpoint
