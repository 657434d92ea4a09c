#include "net/connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <system_error>

#include "core/host_port.hpp"
#include "core/would_block.hpp"

namespace wmpush::net {
namespace {

constexpr std::size_t kMostParts = 64;

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

/// Where one of these cannot be set, the connection is no worse than without it.
void set_option(int descriptor, int level, int name, int value) noexcept {
  ::setsockopt(descriptor, level, name, &value, sizeof value);
}

}  // namespace

// ---------------------------------------------------------------------------------------------
// Making it

Error Connection::connect(const std::string& host, std::uint16_t port, Time deadline) {
  close();
  begin_anew();
  host_ = host;
  port_ = port;
  deadline_ = deadline;
  if (Error error = lookup_.start(host, port)) return error;
  state_ = State::Resolving;
  return {};
}

/// What belongs to the last connection is not for the next one.
void Connection::begin_anew() noexcept {
  first_error_ = 0;
  widest_window_ = 0;
  next_window_look_ = {};
  window_asked_at_.reset();
  full_ = false;
  crowd_ = 0;
  last_send_ = {};
}

void Connection::secure(const tls::Context& context, const std::string& host, Time deadline) {
  tls_ = tls::Stream::client(context, socket_.get(), host);
  deadline_ = deadline;
  state_ = State::Securing;
}

Error Connection::perform(Time now) {
  Error error = advance(now);
  if (error) close();
  return error;
}

Error Connection::go_on_with_handshake(Time now) {
  const int failure = tls_->handshake();
  if (failure == 0) state_ = State::Open;
  if (failure == 0 || (failure == EAGAIN && now < deadline_)) return {};
  std::string why = tls_->fault();
  if (failure == EAGAIN)
    why =
        "no answer to the TLS handshake in time: does the server speak TLS on this port? Set "
        "connect_timeout higher, if it is only slow";
  else if (why.empty())
    why = "the connection was lost in the middle of the TLS handshake: " +
          std::generic_category().message(failure) + ": does the server speak TLS on this port?";
  const int system_error = failure == EAGAIN ? ETIMEDOUT : failure;
  const std::string address = peer();  // none, once it has reset the connection
  return {Result::NS_E_PUSH_CANNOTCONNECT, 0, system_error,
          (address.empty() ? host_and_port(host_, port_) : address) + ": " + why};
}

Error Connection::advance(Time now) {
  if (state_ == State::Resolving) {
    if (!lookup_.done()) {
      if (now < deadline_) return {};
      return {Result::NS_E_PUSH_CANNOTCONNECT, 0, ETIMEDOUT,
              "resolving '" + host_ +
                  "': no answer from the name server in time: check the network, or set "
                  "connect_timeout higher"};
    }
    Addresses addresses;
    if (Error error = lookup_.take(addresses)) return error;
    lookup_ = {};
    race_.emplace(host_, port_, addresses, deadline_);
    state_ = State::Connecting;
  }
  if (state_ == State::Connecting) {
    if (Error error = race_->perform(now, socket_)) return error;
    if (!socket_.is_open()) return {};
    race_.reset();
    tune();
    state_ = State::Open;
  }
  return state_ == State::Securing ? go_on_with_handshake(now) : Error{};
}

void Connection::tune() {
  // Packets are to leave at once, and a dead peer is to be noticed.
  gathering_ = true;
  gather(false);
  set_option(socket_.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_USER_TIMEOUT
  const auto limit = std::chrono::ceil<std::chrono::milliseconds>(send_timeout_).count();
  set_option(socket_.get(), IPPROTO_TCP, TCP_USER_TIMEOUT,
             static_cast<int>(std::min<std::int64_t>(limit, 1 << 30)));
#endif
}

Wait Connection::wait(bool to_send) {
  switch (state_) {
    case State::Closed:
      return {};
    case State::Resolving:
      return {lookup_.descriptor(), kReadable, lookup_.done() ? Time{} : deadline_};
    case State::Connecting:
      return race_->wait();
    case State::Securing:
      return {socket_.get(),
              static_cast<short>(tls_->wants_to_send() ? kReadable | kWritable : kReadable),
              deadline_};
    case State::Open:
      break;
  }
  if (tls_ && tls_->wants_to_send()) to_send = true;
  if (!to_send) gather(false);  // nothing follows that would push out what is held back
  return {socket_.get(), static_cast<short>(to_send ? kReadable | kWritable : kReadable),
          tls_ && tls_->has_received() ? Time{} : Time::max()};
}

std::string Connection::peer() const {
  Address address;
  if (::getpeername(socket_.get(), address.get(), &address.size) != 0) return {};
  return address.text();
}

// ---------------------------------------------------------------------------------------------
// Using it

void Connection::gather(bool bulk) {
  if (gathering_ == bulk) return;
  gathering_ = bulk;
  if (!bulk) crowd_ = 0;
  // Sends at once what was held back.
  set_option(socket_.get(), IPPROTO_TCP, TCP_NODELAY, bulk ? 0 : 1);
}

void Connection::look_at_pace(Time now) {
  const bool pause = !full_ && now - last_send_ >= kPause;
  last_send_ = now;
  crowd_ = pause ? std::max(crowd_ - kPauseWeight, 0) : std::min(crowd_ + 1, kBulk);
  if (crowd_ == kBulk) gather(true);
  if (crowd_ == 0) gather(false);
}

void Connection::keep_pending_error() {
  if (const int failure = pending_error(socket_.get()); failure != 0 && first_error_ == 0)
    first_error_ = failure;
}

Error Connection::broken(int system_error) {
  if (first_error_ == 0) first_error_ = system_error;
  return lost();
}

Error Connection::lost() const {
  const std::string why = tls_ && !tls_->fault().empty()
                              ? tls_->fault()
                              : std::generic_category().message(first_error_);
  return {Result::NS_E_CONNECTION_FAILURE, 0, first_error_,
          "the connection was lost: " + why + ": see the server's log"};
}

Error Connection::send(std::span<const Bytes> parts, std::size_t& count, Time now) {
  count = 0;
  if (first_error_ != 0) return lost();
  look_at_pace(now);
  if (now >= next_window_look_) {
    look_at_window();
    next_window_look_ = now + kWindowLook;
  }
  if (tls_) {
    const tls::Transfer sent = tls_->send(parts);
    count = sent.count;
    full_ = tls_->wants_to_send();
    return sent.error == 0 || sent.error == EAGAIN ? Error{} : broken(sent.error);
  }
  std::array<iovec, kMostParts> pieces;
  const std::size_t used = std::min(parts.size(), kMostParts);
  std::size_t size = 0;
  for (std::size_t i = 0; i < used; ++i) {
    pieces[i] = {const_cast<std::byte*>(parts[i].data()), parts[i].size()};
    size += parts[i].size();
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = used;
  const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) {
    count = static_cast<std::size_t>(sent);
    full_ = count < size;
    return {};
  }
  full_ = true;
  return is_would_block(errno) ? Error{} : broken(errno);
}

bool Connection::writable() const {
  pollfd entry{socket_.get(), kWritable, 0};
  return ::poll(&entry, 1, 0) > 0;
}

Error Connection::receive(MutableBytes buffer, Bytes& received, bool& closed) {
  received = {};
  closed = false;
  if (tls_) {
    const tls::Transfer came = tls_->receive(buffer);
    received = Bytes(buffer).first(came.count);
    closed = came.closed;
    return came.error == 0 || came.error == EAGAIN ? Error{} : broken(came.error);
  }
  const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count > 0) {
    received = Bytes(buffer).first(static_cast<std::size_t>(count));
    return {};
  }
  if (count < 0) return is_would_block(errno) ? Error{} : broken(errno);
  keep_pending_error();
  if (first_error_ != 0) return lost();
  closed = true;
  return {};
}

std::size_t Connection::unacknowledged() const {
  std::size_t on_the_wire = 0;
#ifdef SIOCOUTQ
  int bytes = 0;
  if (::ioctl(socket_.get(), SIOCOUTQ, &bytes) == 0 && bytes > 0)
    on_the_wire = static_cast<std::size_t>(bytes);
#endif
  return tls_ ? tls_->unacknowledged(on_the_wire) : on_the_wire;
}

std::size_t Connection::unread_limit() const {
  const auto state = tcp_state(socket_.get());
  if (!state) return std::numeric_limits<std::size_t>::max();
  // Where there is room, nothing waits to be read. How large the peer's buffer is now cannot be
  // told from the windows it has shown: a system may hold much more than it ever offered at once.
  return state->largest_window - std::min(state->window.value_or(0), state->largest_window);
}

std::optional<TcpState> Connection::look_at_window() {
  const auto state = tcp_state(socket_.get());
  if (state) widest_window_ = std::max(widest_window_, state->window.value_or(0));
  return state;
}

std::size_t Connection::surely_unread() {
  if (!window_asked_at_) return 0;
  const auto state = look_at_window();
  if (!state || !state->window) return 0;
  const Time told_at = Clock::now() - state->window_age;
  if (told_at < *window_asked_at_ + kWindowAsked * 9 / 10) return 0;
  const std::size_t less = widest_window_ - *state->window;
  return less < std::max(kTelling, 2 * state->window_step) ? 0 : less;
}

void Connection::ask_for_window() noexcept {
#if defined(TCP_KEEPIDLE) && defined(TCP_KEEPINTVL)
  constexpr int kSeconds = static_cast<int>(kWindowAsked / std::chrono::seconds(1));
  window_asked_at_ = Clock::now();
  set_option(socket_.get(), IPPROTO_TCP, TCP_KEEPIDLE, kSeconds);
  set_option(socket_.get(), IPPROTO_TCP, TCP_KEEPINTVL, kSeconds);
#endif
}

bool Connection::settled(Error& broken_by) {
  keep_pending_error();
  broken_by = first_error_ != 0 ? lost() : Error{};
  if (unacknowledged() == 0) return true;
  const auto state = tcp_state(socket_.get());
  return first_error_ != 0 && (!state || state->closed);
}

// ---------------------------------------------------------------------------------------------
// Ending it

void Connection::close() noexcept {
  if (socket_.is_open()) {
    if (tls_) tls_->close();
    ::shutdown(socket_.get(), SHUT_WR);
    // What is left unread would turn the close into a reset, which could overtake our last bytes.
    constexpr int kMostReads = 64;
    std::array<std::byte, 16384> unread;
    for (int i = 0; i < kMostReads; ++i)
      if (::recv(socket_.get(), unread.data(), unread.size(), MSG_DONTWAIT) <= 0) break;
  }
  tls_.reset();
  socket_.close();
  race_.reset();
  lookup_ = {};
  state_ = State::Closed;
}

void Connection::reset() noexcept {
  if (socket_.is_open()) {
    const linger at_once{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    tls_.reset();
    socket_.close();
  }
  close();
}

}  // namespace wmpush::net
