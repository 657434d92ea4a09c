// A push session that never blocks: the place where engine, connection, input and options meet.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.hpp"
#include "net/connection.hpp"
#include "net/task.hpp"
#include "sink/credentials.hpp"
#include "sink/media_input.hpp"
#include "sink/options.hpp"
#include "sink/proxy.hpp"
#include "sink/session_log.hpp"
#include "wmhttp/push_engine.hpp"
#include "wmhttp/url.hpp"
#include "wmpush/push_session.hpp"

namespace wmpush {

/// What PushSession hides, and what PushSink loops over. One object is one sink; each start()
/// begins a new session.
///
/// No call lets an exception out: one that comes up inside ends the session for good, and no later
/// call returns S_OK before the next start().
class Session {
 public:
  explicit Session(const wmpush_options* options);
  ~Session() { static_cast<void>(disconnect()); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // See push_session.hpp, but that perform() does not say E_PENDING: pending() does.

  Result start(std::string_view url, std::string_view template_url, bool auto_destroy) noexcept;
  Result perform() noexcept;
  Result on_header(Bytes header) noexcept;
  Result on_data_unit(Bytes packet) noexcept;
  Result on_end_writing() noexcept;
  Result write(Bytes asf) noexcept;
  Result end_start(Result reason) noexcept;
  Result disconnect() noexcept;
  Result cancel() noexcept;
  /// An exception has come up in a callback of the program, and is being handled.
  Result collapse() noexcept;

  /// Something is under way: a connection, a setup, bytes that the kernel does not have, an end.
  bool pending() const;
  /// No more can be sent: it has ended, has failed, or was never started.
  bool over() const;
  /// Packets are left out rather than waited for, once the stream has begun.
  bool queues() const { return input_ && input_->queues(); }
  net::Wait wait();
  const wmpush_options& options() const { return options_.get(); }

  const Error& last_error() const { return error_; }
  wmpush_stats stats() const;
  const PublishingPointInfo& publishing_point() const { return info_; }

 private:
  using Engine = wmhttp::PushEngine;

  template <typename Call>
  Result guarded(Call call) noexcept;
  Result collapse(Error error) noexcept;
  Result conclude(Error error) noexcept;

  // To a session.
  Error begin(std::string_view url, std::string_view template_url, bool auto_destroy);
  Error open(std::string_view url, std::string_view template_url, bool auto_destroy);
  Error read_authentication();
  Error read_proxy();
  Error follow_engine();
  wmhttp::EngineConfig engine_config(std::string setup_body, wmhttp::Resume resume) const;
  void tell_of_acceptance();

  // The program's data.
  template <typename Call>
  Result take(Call call) noexcept;
  bool has_room();
  Error begin_end(Result reason);
  Error outcome();
  void tell_of_end(bool aborted) const noexcept;

  // Between the engine's wishes and the connection (session_loop.cpp).
  Error advance();
  bool step(net::Time now);
  bool make_connection(net::Time now);
  bool consult(net::Time now);
  bool send_outgoing(net::Time now);
  bool receive_waiting(net::Time now);
  bool take_silence(net::Time now);
  void look();
  bool settled(net::Time until, Error& lost);
  bool loss_settled();
  void end_stall(net::Time now);
  wmhttp::Delivery delivery();
  void report_notes();

  bool engine_is(Engine::State state) const { return engine_ && engine_->state() == state; }

  OwnedOptions options_;                     // as the program gave them
  std::unique_ptr<OwnedOptions> effective_;  // with the URL's of this session
  SessionLog log_;
  std::unique_ptr<net::Connection> connection_;

  // Shared with whoever is being asked in another thread.
  std::shared_ptr<SessionAuthenticator> authenticator_;
  std::shared_ptr<SessionAuthenticator> proxy_authenticator_;
  std::shared_ptr<net::Task> asking_;

  wmhttp::PushUrl url_;
  wmhttp::Destination home_;  // the server that the program named
  std::optional<Proxy> proxy_;
  std::string authentication_schemes_;  // X-Accept-Authentication
  std::unique_ptr<Engine> engine_;      // borrows the authenticators
  std::unique_ptr<MediaInput> input_;   // borrows the engine
  net::Time started_{};
  bool accepted_ = false;  // the session was set up once

  /// An end that was asked for.
  struct End {
    Result sent;   // the Reason
    Result asked;  // by the program
    bool told = false;
  };
  std::optional<End> end_;

  Error error_;  // the first failure
  bool error_is_final_ = false;
  Result last_result_ = Result::S_OK;
  Result collapsed_ = Result::S_OK;  // an exception ended the session
  PublishingPointInfo info_;

  // What is waited for.
  bool more_to_do_ = false;                  // the last perform() stopped for its time
  std::optional<net::Time> settling_until_;  // a connection that has ended may confirm what it got
  std::optional<net::Time> silence_until_;   // a silent peer is waited for behind the $E
  std::optional<net::Time> stalled_since_;   // the kernel takes nothing
  net::Time last_look_{};                    // at what the peer says

  std::uint64_t bytes_sent_ = 0;
  std::chrono::microseconds stall_time_{0};
};

}  // namespace wmpush
