#include "net/race.hpp"

#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "net/tcp_state.hpp"

namespace wmpush::net {
namespace {

/// Who waits for one descriptor learns of the other sockets' luck by looking so often.
constexpr std::chrono::milliseconds kLook{10};

/// The errno of a connect() that has not begun; 0 where it is under way or done.
int connect_to(const Address& address, Descriptor& socket) {
  // Another thread may start a program at any time, which is not to inherit it.
  socket = Descriptor(
      ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!socket.is_open()) return errno;
  if (::connect(socket.get(), address.get(), address.size) == 0) return 0;
  return errno == EINPROGRESS || errno == EINTR ? 0 : errno;
}

}  // namespace

std::size_t Race::running() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(attempts_, [](const Attempt& each) { return each.socket.is_open(); }));
}

void Race::begin(Time now) {
  const Address& address = addresses_[attempts_.size()];
  Attempt& attempt = attempts_.emplace_back();
  attempt.address = address.text();
  attempt.failure = connect_to(address, attempt.socket);
  if (attempt.failure != 0) attempt.socket.close();

  // Those that are left get an equal share of the time that is left.
  const auto left = static_cast<int>(addresses_.size() - attempts_.size()) + 1;
  const Clock::duration share = (deadline_ - now) / left;
  const bool has_room = running() < kMostAtOnce;
  next_start_ = now + (has_room ? std::min<Clock::duration>(kHeadStart, share) : share);
}

/// True: one has won.
bool Race::look(Descriptor& winner) {
  for (Attempt& attempt : attempts_) {
    if (!attempt.socket.is_open()) continue;
    pollfd entry{attempt.socket.get(), POLLOUT, 0};
    if (::poll(&entry, 1, 0) <= 0) continue;
    attempt.failure = pending_error(attempt.socket.get());
    if (attempt.failure == 0) {
      winner = std::move(attempt.socket);
      return true;
    }
    attempt.socket.close();
  }
  return false;
}

Error Race::perform(Time now, Descriptor& winner) {
  last_look_ = now;
  if (look(winner)) {
    attempts_.clear();
    return {};
  }
  while (now < deadline_ && is_another_left() && (running() == 0 || now >= next_start_)) {
    if (running() == kMostAtOnce) {
      const auto oldest = std::ranges::find_if(
          attempts_, [](const Attempt& each) { return each.socket.is_open(); });
      oldest->socket.close();
      oldest->failure = ETIMEDOUT;
    }
    begin(now);
    if (look(winner)) {  // on this machine it may be done at once
      attempts_.clear();
      return {};
    }
  }
  if (now < deadline_ && (running() > 0 || is_another_left())) return {};
  for (Attempt& attempt : attempts_) {
    if (!attempt.socket.is_open()) continue;
    attempt.socket.close();
    attempt.failure = ETIMEDOUT;
  }
  return all_failed();
}

Wait Race::wait() const {
  Wait wait{kNoDescriptor, kWritable, deadline_};
  for (const Attempt& attempt : attempts_)
    if (attempt.socket.is_open()) wait.descriptor = attempt.socket.get();
  if (is_another_left()) wait.until = std::min(wait.until, next_start_);
  if (running() > 1) wait.until = std::min(wait.until, last_look_ + kLook);
  return wait;
}

Error Race::all_failed() const {
  int first_failure = ETIMEDOUT;
  std::string failures;
  for (const Attempt& attempt : attempts_) {
    if (failures.empty())
      first_failure = attempt.failure;
    else
      failures += "; ";
    failures += attempt.address + ": " + std::generic_category().message(attempt.failure);
  }
  return {Result::NS_E_PUSH_CANNOTCONNECT, 0, first_failure,
          "no connection to " + host_ + " port " + std::to_string(port_) + " (" + failures +
              "): check that the server is running and host and port are right"};
}

}  // namespace wmpush::net
