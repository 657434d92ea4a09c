#include "net/transport.hpp"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <utility>  // Asio 1.74 in C++20 lacks it
#ifdef __linux__
#include <linux/sockios.h>
#endif

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <limits>
#include <memory>
#include <optional>

#include "core/host_port.hpp"
#include "net/resolver.hpp"
#include "net/tcp_state.hpp"

namespace wmpush::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::size_t kReceiveBuffer = 16384;
constexpr std::size_t kMostParts = 16;

// A packet leaves at once, unless the source is faster than any live one: then the kernel may
// gather what it cannot send yet (Nagle's algorithm), which saves a quarter of the CPU time. Sends
// without a pause before them count up to kBulk, each pause takes kPauseWeight off; gathering
// begins at the top and ends at 0.
constexpr int kBulk = 128;
constexpr int kPauseWeight = 32;
constexpr std::chrono::microseconds kPause{500};

// What the peer's program reads shows in the window that its system offers.
constexpr std::chrono::milliseconds kWindowLook{100};
constexpr std::chrono::milliseconds kWindowAsked{1000};  // how often, when it is to be
/// So much less room than before may be due to rounding.
constexpr std::size_t kTelling = 4096;

std::string text_of(const tcp::endpoint& endpoint) {
  return host_and_port(endpoint.address().to_string(), endpoint.port());
}

/// poll() for one descriptor, until it is ready, the deadline passes or the caller interrupts.
Transport::Readiness wait_for(int descriptor, short events, Time deadline,
                              const InterruptCheck& interrupted) {
  while (true) {
    // Asked first, and not only after a wait: a peer that is always ready must not lock it out.
    if (interrupted && interrupted()) return Transport::Readiness::Interrupted;
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(slice(deadline));
    pollfd entry{descriptor, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(rest.count()));
    if (ready > 0) return Transport::Readiness::Ready;
    if (ready < 0 && errno != EINTR) return Transport::Readiness::Ready;  // the next call says why
    if (Clock::now() >= deadline) return Transport::Readiness::TimedOut;
  }
}

Error lost(int system_error) {
  if (system_error == ETIMEDOUT)
    return {
        Result::NS_E_TIMEOUT, 0, system_error,
        "the server took no data for the time of send_timeout: check the network, lower the bit "
        "rate, or set send_timeout higher"};
  return {Result::NS_E_CONNECTION_FAILURE, 0, system_error,
          "the connection was lost: " +
              error_code(system_error, boost::system::system_category()).message() +
              ": see the server's log"};
}

/// A connect() that has not come to its end.
struct Attempt {
  std::shared_ptr<Lookup> lookup;
  Endpoints endpoints;
  std::size_t next = 0;  // of them
  bool begun = false;    // the socket is connecting to that one
  Time deadline{};       // and has time for it until then
  std::string failures;  // of those before
  int first_failure = 0;
};

}  // namespace

class Transport::Socket {
 public:
  Socket(InterruptCheck interrupted, std::chrono::microseconds send_timeout)
      : interrupted_(std::move(interrupted)), send_timeout_(send_timeout) {}

  Error connect(const std::string& host, std::uint16_t port, Time deadline, Time until,
                bool& unfinished);

  std::string peer() const {
    error_code error;
    const tcp::endpoint endpoint = socket_.remote_endpoint(error);
    return error ? std::string() : text_of(endpoint);
  }

  Error send(std::span<const Bytes> parts, std::size_t& count, Time now);
  Error receive(Bytes& received, bool& closed);
  Readiness wait(bool to_send, Time deadline) {
    if (!to_send) gather(false);  // nothing follows that would push out what is held back
    const auto events = static_cast<short>(to_send ? POLLIN | POLLOUT : POLLIN);
    return wait_for(socket_.native_handle(), events, deadline, interrupted_);
  }
  std::size_t unacknowledged() const;
  std::size_t unread_limit() const;
  std::size_t surely_unread();
  void ask_for_window();
  bool dead() const;
  Readiness settle(Time deadline, Error& broken_by);
  void close();
  void reset();

  const InterruptCheck& interrupted() const { return interrupted_; }

 private:
  Error connect(Attempt& attempt, const std::string& host, std::uint16_t port, Time deadline,
                Time until, bool& unfinished);
  error_code begin_connecting(const tcp::endpoint& endpoint);
  error_code finish_connecting(Time deadline, Time until);
  void tune();
  void gather(bool bulk);
  void look_at_pace(Time now);
  std::optional<TcpState> look_at_window();
  Error broken(const error_code& error);
  int pending_error() {
    int value = 0;
    socklen_t size = sizeof value;
    ::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_ERROR, &value, &size);
    return value;
  }

  InterruptCheck interrupted_;
  std::chrono::microseconds send_timeout_;
  std::optional<Attempt> attempt_;
  asio::io_context context_{1};
  tcp::socket socket_{context_};
  bool gathering_ = false;
  bool full_ = false;  // the kernel did not take all of the last send
  int crowd_ = 0;      // how much faster than live the last sends were
  Time last_send_{};
  std::size_t widest_window_ = 0;  // that the peer has shown
  Time next_window_look_{};
  std::optional<Time> window_asked_at_;
  int first_error_ = 0;  // the kernel tells a reset once; afterwards it looks like a clean close
  std::array<std::byte, kReceiveBuffer> buffer_;
};

/// EINPROGRESS when it takes its time.
error_code Transport::Socket::begin_connecting(const tcp::endpoint& endpoint) {
  error_code error;
  socket_.close(error);
  // Not by Asio: another thread may start a program at any time, which is not to inherit it.
  const int descriptor =
      ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
  if (descriptor < 0) return {errno, boost::system::system_category()};
  try {
    socket_.assign(endpoint.protocol(), descriptor, error);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  if (error) {
    ::close(descriptor);
    return error;
  }
  socket_.non_blocking(true, error);
  if (error) return error;
  socket_.native_non_blocking(true, error);
  if (error) return error;
  if (::connect(socket_.native_handle(), endpoint.data(),
                static_cast<socklen_t>(endpoint.size())) != 0)
    return {errno, boost::system::system_category()};
  return {};
}

/// EINPROGRESS when `until` has passed first.
error_code Transport::Socket::finish_connecting(Time deadline, Time until) {
  const auto failure = [this, deadline, until] {
    switch (wait_for(socket_.native_handle(), POLLOUT, std::min(deadline, until), interrupted_)) {
      case Readiness::Ready:
        return pending_error();
      case Readiness::TimedOut:
        return Clock::now() < deadline ? EINPROGRESS : ETIMEDOUT;
      case Readiness::Interrupted:
        break;
    }
    return ECANCELED;
  };
  return {failure(), boost::system::system_category()};
}

void Transport::Socket::tune() {
  // Packets are to leave at once, and a dead peer is to be noticed. Where one of these fails the
  // connection is no worse than without it.
  error_code ignored;
  gathering_ = true;
  gather(false);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
#ifdef TCP_USER_TIMEOUT
  using UserTimeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;
  const auto limit = std::chrono::ceil<std::chrono::milliseconds>(send_timeout_).count();
  socket_.set_option(UserTimeout(static_cast<int>(std::min<std::int64_t>(limit, 1 << 30))),
                     ignored);
#endif
}

Error Transport::Socket::connect(const std::string& host, std::uint16_t port, Time deadline,
                                 Time until, bool& unfinished) {
  unfinished = false;
  if (!attempt_) {
    close();
    first_error_ = 0;
    widest_window_ = 0;
    next_window_look_ = {};
    window_asked_at_.reset();
    attempt_.emplace();
  }
  Error error = connect(*attempt_, host, port, deadline, until, unfinished);
  if (!unfinished) attempt_.reset();
  return error;
}

Error Transport::Socket::connect(Attempt& attempt, const std::string& host, std::uint16_t port,
                                 Time deadline, Time until, bool& unfinished) {
  const Endpoints& endpoints = attempt.endpoints;
  if (endpoints.empty()) {
    if (Error error =
            resolve(host, port, deadline, until, interrupted_, attempt.lookup, attempt.endpoints))
      return error;
    unfinished = endpoints.empty();
    if (unfinished) return {};
  }
  for (std::size_t& i = attempt.next; i < endpoints.size(); ++i) {
    error_code error(EINPROGRESS, boost::system::system_category());
    if (!std::exchange(attempt.begun, true)) {
      // The addresses that are left get an equal share of the time that is left.
      const Time now = Clock::now();
      attempt.deadline = now + (deadline - now) / static_cast<int>(endpoints.size() - i);
      error = begin_connecting(endpoints[i]);
    }
    if (error.value() == EINPROGRESS) error = finish_connecting(attempt.deadline, until);
    unfinished = error.value() == EINPROGRESS;
    if (unfinished) return {};
    attempt.begun = false;
    if (!error) {
      tune();
      return {};
    }
    error_code ignored;
    socket_.close(ignored);
    if (error.value() == ECANCELED)
      return {Result::NS_E_SHUTDOWN, 0, 0,
              "interrupted while connecting to " + text_of(endpoints[i])};
    if (attempt.first_failure == 0) attempt.first_failure = error.value();
    if (!attempt.failures.empty()) attempt.failures += "; ";
    attempt.failures += text_of(endpoints[i]) + ": " + error.message();
  }
  return {Result::NS_E_PUSH_CANNOTCONNECT, 0, attempt.first_failure,
          "no connection to " + host + " port " + std::to_string(port) + " (" + attempt.failures +
              "): check that the server is running and host and port are right"};
}

void Transport::Socket::gather(bool bulk) {
  if (gathering_ == bulk) return;
  gathering_ = bulk;
  if (!bulk) crowd_ = 0;
  error_code ignored;
  socket_.set_option(tcp::no_delay(!bulk), ignored);  // sends at once what was held back
}

void Transport::Socket::look_at_pace(Time now) {
  const bool pause = !full_ && now - last_send_ >= kPause;
  last_send_ = now;
  crowd_ = pause ? std::max(crowd_ - kPauseWeight, 0) : std::min(crowd_ + 1, kBulk);
  if (crowd_ == kBulk) gather(true);
  if (crowd_ == 0) gather(false);
}

Error Transport::Socket::broken(const error_code& error) {
  if (first_error_ == 0) first_error_ = error.value();
  return lost(first_error_);
}

Error Transport::Socket::send(std::span<const Bytes> parts, std::size_t& count, Time now) {
  count = 0;
  if (first_error_ != 0) return lost(first_error_);
  std::array<asio::const_buffer, kMostParts> buffers;
  const std::size_t used = std::min(parts.size(), kMostParts);
  for (std::size_t i = 0; i < used; ++i)
    buffers[i] = asio::buffer(parts[i].data(), parts[i].size());
  look_at_pace(now);
  if (now >= next_window_look_) {
    look_at_window();
    next_window_look_ = now + kWindowLook;
  }
  error_code error;
  count = socket_.send(std::span(buffers).first(used), 0, error);
  full_ = error || count < asio::buffer_size(std::span(buffers).first(used));
  if (!error || error == asio::error::would_block || error == asio::error::try_again) return {};
  count = 0;
  return broken(error);
}

Error Transport::Socket::receive(Bytes& received, bool& closed) {
  received = {};
  closed = false;
  error_code error;
  const std::size_t count = socket_.receive(asio::buffer(buffer_), 0, error);
  if (!error) {
    received = Bytes(buffer_).first(count);
    return {};
  }
  if (error == asio::error::would_block || error == asio::error::try_again) return {};
  if (error == asio::error::eof) {
    if (const int failure = pending_error(); failure != 0 && first_error_ == 0)
      first_error_ = failure;
    if (first_error_ != 0) return lost(first_error_);
    closed = true;
    return {};
  }
  return broken(error);
}

std::size_t Transport::Socket::unacknowledged() const {
#ifdef SIOCOUTQ
  int bytes = 0;
  const int descriptor = const_cast<tcp::socket&>(socket_).native_handle();
  if (::ioctl(descriptor, SIOCOUTQ, &bytes) == 0 && bytes > 0)
    return static_cast<std::size_t>(bytes);
#endif
  return 0;
}

std::size_t Transport::Socket::unread_limit() const {
  const auto state = tcp_state(const_cast<tcp::socket&>(socket_).native_handle());
  if (!state) return std::numeric_limits<std::size_t>::max();
  // Where there is room, nothing waits to be read. How large the peer's buffer is now cannot be
  // told from the windows it has shown: a system may hold much more than it ever offered at once.
  return state->largest_window - std::min(state->window.value_or(0), state->largest_window);
}

std::optional<TcpState> Transport::Socket::look_at_window() {
  const auto state = tcp_state(socket_.native_handle());
  if (state) widest_window_ = std::max(widest_window_, state->window.value_or(0));
  return state;
}

std::size_t Transport::Socket::surely_unread() {
  if (!window_asked_at_) return 0;
  const auto state = look_at_window();
  if (!state || !state->window) return 0;
  const Time told_at = Clock::now() - state->window_age;
  if (told_at < *window_asked_at_ + kWindowAsked * 9 / 10) return 0;
  const std::size_t less = widest_window_ - *state->window;
  return less < std::max(kTelling, 2 * state->window_step) ? 0 : less;
}

void Transport::Socket::ask_for_window() {
#if defined(TCP_KEEPIDLE) && defined(TCP_KEEPINTVL)
  constexpr int kSeconds = static_cast<int>(kWindowAsked / std::chrono::seconds(1));
  window_asked_at_ = Clock::now();
  error_code ignored;
  using Idle = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
  using Interval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
  socket_.set_option(Idle(kSeconds), ignored);
  socket_.set_option(Interval(kSeconds), ignored);
#endif
}

/// No acknowledgement can come any more.
bool Transport::Socket::dead() const {
  const auto state = tcp_state(const_cast<tcp::socket&>(socket_).native_handle());
  return !state || state->closed;
}

Transport::Readiness Transport::Socket::settle(Time deadline, Error& broken_by) {
  constexpr std::chrono::milliseconds kLook{
      2};  // nothing wakes us up when an acknowledgement comes
  broken_by = {};
  while (true) {
    if (const int failure = pending_error(); failure != 0 && first_error_ == 0)
      first_error_ = failure;
    if (first_error_ != 0) broken_by = lost(first_error_);
    if (unacknowledged() == 0 || (first_error_ != 0 && dead())) return Readiness::Ready;
    const Time now = Clock::now();
    if (now >= deadline) return Readiness::TimedOut;
    if (wait_for(socket_.native_handle(), 0, std::min(deadline, now + kLook), interrupted_) ==
        Readiness::Interrupted)
      return Readiness::Interrupted;
  }
}

void Transport::Socket::close() {
  attempt_.reset();
  error_code ignored;
  if (!socket_.is_open()) return;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  // What is left unread would turn the close into a reset, which could overtake our last bytes.
  constexpr int kMostReads = 64;
  for (int i = 0; i < kMostReads; ++i) {
    error_code error;
    socket_.receive(asio::buffer(buffer_), 0, error);
    if (error) break;
  }
  socket_.close(ignored);
}

void Transport::Socket::reset() {
  attempt_.reset();
  error_code ignored;
  if (!socket_.is_open()) return;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

Transport::Transport(InterruptCheck interrupted, std::chrono::microseconds send_timeout)
    : socket_(std::make_unique<Socket>(std::move(interrupted), send_timeout)) {}
Transport::~Transport() = default;

Error Transport::connect(const std::string& host, std::uint16_t port, Time deadline) {
  bool unfinished = false;
  socket_->close();
  return socket_->connect(host, port, deadline, Time::max(), unfinished);
}
Error Transport::connect(const std::string& host, std::uint16_t port, Time deadline, Time until,
                         bool& unfinished) {
  return socket_->connect(host, port, deadline, until, unfinished);
}

std::string Transport::peer() const { return socket_->peer(); }
Error Transport::send(std::span<const Bytes> parts, std::size_t& count, Time now) {
  return socket_->send(parts, count, now);
}
Error Transport::receive(Bytes& received, bool& closed) {
  return socket_->receive(received, closed);
}
Transport::Readiness Transport::wait(bool to_send, Time deadline) {
  return socket_->wait(to_send, deadline);
}
std::size_t Transport::unacknowledged() const { return socket_->unacknowledged(); }
Transport::Readiness Transport::settle(Time deadline, Error& lost) {
  return socket_->settle(deadline, lost);
}
std::size_t Transport::unread_limit() const { return socket_->unread_limit(); }
std::size_t Transport::surely_unread() const { return socket_->surely_unread(); }
void Transport::ask_for_window() noexcept { socket_->ask_for_window(); }
void Transport::close() noexcept { socket_->close(); }
void Transport::reset() noexcept { socket_->reset(); }
Transport::Readiness Transport::pause(Time until) {
  constexpr int kNoDescriptor = -1;
  return wait_for(kNoDescriptor, 0, until, socket_->interrupted());
}

}  // namespace wmpush::net
