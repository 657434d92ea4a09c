#include "sink/dialer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace wmpush {
namespace {

using net::Time;
using Want = wmhttp::Tunnel::Want;

/// Of a proxy's answer; more comes with the next look.
constexpr std::size_t kReceived = 4096;
/// Of one call: behind them there is time for the deadline, and for the program.
constexpr int kSteps = 16;

}  // namespace

Dialer::Dialer(Plan plan, net::Connection& connection, Time deadline)
    : plan_(std::move(plan)), connection_(connection), deadline_(deadline) {
  if (plan_.proxy && plan_.server.tls)
    tunnel_.emplace(plan_.server, plan_.proxy->display(), plan_.user_agent,
                    plan_.proxy_authenticator.get());
}

std::vector<wmhttp::Authenticator::Note> Dialer::take_notes() {
  return tunnel_ ? tunnel_->take_notes() : std::vector<wmhttp::Authenticator::Note>();
}

Error Dialer::perform(Time now) {
  while (true) {
    const Stage before = stage_;
    if (Error error = go_on(now)) return error;
    if (stage_ == before || done()) return {};
  }
}

/// Goes on with one stage.
Error Dialer::go_on(Time now) {
  const wmhttp::Destination& hop = plan_.proxy ? plan_.proxy->address : plan_.server;
  switch (stage_) {
    case Stage::Begin:
      stage_ = Stage::Tcp;
      return connection_.connect(hop.host, hop.port, deadline_);
    case Stage::Tcp:
      if (Error error = connection_.perform(now))
        return plan_.proxy ? unreachable(*plan_.proxy, std::move(error)) : std::move(error);
      if (!connection_.open()) return {};
      if (!plan_.server.tls) {
        stage_ = Stage::Done;
        return {};
      }
      if (tunnel_) {
        stage_ = Stage::Tunnel;
        return tunnel_->connected();
      }
      break;
    case Stage::Tunnel:
      if (Error error = make_tunnel(now)) return error;
      if (stage_ != Stage::Tunnel || tunnel_->wants() != Want::Nothing) return {};
      break;
    case Stage::Tls:
      if (Error error = connection_.perform(now)) return error;
      if (connection_.open()) stage_ = Stage::Done;
      return {};
    case Stage::Done:
      return {};
  }
  stage_ = Stage::Tls;
  connection_.secure(*plan_.tls, plan_.server.host, deadline_);
  return {};
}

Error Dialer::make_tunnel(Time now) {
  bool goes_on = true;
  for (int steps = 0; goes_on && steps < kSteps; ++steps) {
    goes_on = false;
    switch (tunnel_->wants()) {
      case Want::Connect:
        stage_ = Stage::Begin;
        return {};
      case Want::Send: {
        std::size_t count = 0;
        const std::array parts{tunnel_->outgoing()};
        if (Error lost = connection_.send(parts, count, now)) return tunnel_->lost(lost.message);
        tunnel_->sent(count);
        goes_on = count > 0;
        break;
      }
      case Want::Receive: {
        std::array<std::byte, kReceived> buffer;
        Bytes received;
        bool closed = false;
        if (Error lost = connection_.receive(buffer, received, closed)) {
          if (Error error = tunnel_->lost(lost.message)) return error;
        } else if (closed) {
          if (Error error = tunnel_->lost({})) return error;
        } else if (Error error = tunnel_->received(received)) {
          return error;
        }
        goes_on = closed || !received.empty() || tunnel_->wants() != Want::Receive;
        break;
      }
      case Want::Consult:
        if (Error error = consult(now, goes_on)) return error;
        break;
      case Want::Nothing:
        return {};
    }
  }
  if (asking_ || now < deadline_) return {};
  return {Result::NS_E_PUSH_CANNOTCONNECT, 0, ETIMEDOUT,
          plan_.proxy->display() +
              ": no answer to CONNECT in time: see the proxy's log, or set connect_timeout higher"};
}

/// A ticket comes from somewhere else, which takes its time: who gets it does it in a thread.
Error Dialer::consult(Time now, bool& goes_on) {
  if (!asking_) {
    asking_since_ = now;
    // Where there is no thread, it is worth the wait.
    asking_ = net::Task::start_or_do(
        "authenticating",
        [question = tunnel_->question(), whose = plan_.proxy_authenticator] { question->ask(); });
  }
  if (asking_ && !asking_->done()) return {};
  asking_.reset();
  deadline_ += now - asking_since_;
  goes_on = true;
  return tunnel_->answered();
}

net::Wait Dialer::wait() {
  net::Wait wait;
  if (stage_ != Stage::Tunnel)
    wait = connection_.wait(false);
  else if (tunnel_->wants() == Want::Consult && asking_)
    return {asking_->descriptor(), net::kReadable, Time::max()};
  else
    wait = connection_.wait(tunnel_->wants() == Want::Send);
  wait.until = std::min(wait.until, deadline_);
  return wait;
}

}  // namespace wmpush
