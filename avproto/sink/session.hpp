// A push session: the place where engine, transport, splitter and options meet.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "asf/splitter.hpp"
#include "core/bytes.hpp"
#include "core/log.hpp"
#include "net/transport.hpp"
#include "sink/congestion.hpp"
#include "sink/credentials.hpp"
#include "sink/options.hpp"
#include "sink/proxy.hpp"
#include "wmhttp/push_engine.hpp"
#include "wmhttp/url.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush {

/// What PushSink hides. One object is one sink; each Connect begins a new session.
class PushSink::Session {
 public:
  explicit Session(const wmpush_options* options);

  // The program's calls. None lets an exception out: the session is then over for good, and no
  // later call returns S_OK before the next connect().

  Result connect(std::string_view url, std::string_view template_url, bool auto_destroy) noexcept;
  Result on_header(Bytes header) noexcept;
  Result on_data_unit(Bytes packet) noexcept;
  Result on_end_writing() noexcept;
  Result end(Result reason) noexcept;
  Result disconnect() noexcept;
  Result write(Bytes asf) noexcept;
  Result wait_until(wmhttp::Time until) noexcept;

  const Error& last_error() const { return error_; }
  wmpush_stats stats() const;
  const PublishingPointInfo& publishing_point() const { return info_; }

 private:
  template <typename Call>
  Result guarded(Call call) noexcept;
  Result collapse(Error error) noexcept;
  Error begin(std::string_view url, std::string_view template_url, bool auto_destroy);
  Error end_session(Result reason);
  Error open(std::string_view url, std::string_view template_url, bool auto_destroy);
  Error read_authentication();
  Error read_proxy();
  Error follow_engine();
  wmhttp::EngineConfig engine_config(const wmhttp::PushUrl& url, std::string setup_body) const;
  Error accept(const asf::Splitter::Unit& unit);
  std::size_t header_room() const;
  Error fix_header(Bytes header, std::vector<std::byte>& fixed) const;
  Error send_header(Bytes header);
  void tell_of_limits(std::size_t header, std::uint32_t packet) const;
  Error send_packet(Bytes packet);
  Error split(Bytes asf);

  // The loop between the engine's wishes and the transport.
  enum class Until { Done, Waiting };
  Error drive(Until until = Until::Done);
  Error move_on();
  Error attend();
  Error watch(wmhttp::Time until);
  void make_connection();
  void send_outgoing();
  void receive_waiting();
  void take_silence();
  void wait_for_next_try(wmhttp::Time until);
  bool settle(wmhttp::Time until, Error& lost, net::Transport::Readiness& end);
  bool settle_loss();
  wmhttp::Delivery delivery() const;
  void look();
  bool time_is_up() const;
  void report_notes();

  bool engine_is(wmhttp::PushEngine::State state) const {
    return engine_ && engine_->state() == state;
  }
  bool over() const;
  Result conclude(Error error) noexcept;
  void tell_of_end(bool aborted) const noexcept;

  OwnedOptions options_;                     // as the program gave them
  std::unique_ptr<OwnedOptions> effective_;  // with the URL's of this session
  Log log_;
  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<SessionAuthenticator> authenticator_;
  wmhttp::Destination home_;  // the server that the program named
  std::optional<Proxy> proxy_;
  std::unique_ptr<SessionAuthenticator> proxy_authenticator_;
  std::string authentication_schemes_;          // X-Accept-Authentication
  std::unique_ptr<wmhttp::PushEngine> engine_;  // borrows the authenticators
  wmhttp::Resume resume_ = wmhttp::Resume::Auto;
  std::optional<Congestion> congestion_;  // none: the caller waits for the network
  wmhttp::PushUrl url_;
  std::string where_;  // the URL for people
  asf::Splitter splitter_;
  bool splitting_ = false;      // write() was used
  bool writing_ended_ = false;  // no more data may come
  Error input_error_;           // why what write() got is no whole ASF stream
  Error error_;                 // the first failure
  bool error_is_final_ = false;
  Result last_result_ = Result::S_OK;
  Result collapsed_ = Result::S_OK;  // an exception ended the session
  PublishingPointInfo info_;

  // When the call under way has to return, though what the engine wants may not be done: only
  // wait_until() has such a time.
  wmhttp::Time call_ends_ = wmhttp::Time::max();
  // Until when the connection that is being made may take; none: that has not begun.
  std::optional<wmhttp::Time> connecting_until_;
  // Until when a connection that has ended may confirm what it got; none: that has not begun.
  std::optional<wmhttp::Time> settling_until_;
  // Until when a silent peer is waited for behind the $E; none: that has not begun.
  std::optional<wmhttp::Time> silence_until_;

  wmhttp::Time last_look_{};  // at what the peer says

  wmpush_stats counters_{};
  std::optional<std::uint32_t> last_send_time_;  // ms, of the last well-formed packet
};

}  // namespace wmpush
