// A push session that never blocks: the place where engine, connection, input and options meet.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/bytes.hpp"
#include "net/connection.hpp"
#include "net/task.hpp"
#include "sink/dialer.hpp"
#include "sink/media_input.hpp"
#include "sink/options.hpp"
#include "sink/session_log.hpp"
#include "sink/session_route.hpp"
#include "wmhttp/push_engine.hpp"
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
  Result on_data_units(std::span<const Bytes> packets) noexcept;
  Result on_end_writing() noexcept;
  Result write(Bytes asf) noexcept;
  Result end_start(Result reason) noexcept;
  Result disconnect() noexcept;
  Result cancel() noexcept;
  /// An exception has come up in a callback of the program, and is being handled.
  Result collapse() noexcept;

  /// Something is under way: a connection, a setup, bytes that the kernel does not have, an end.
  bool pending() const;
  /// The end-of-stream is out, and only what the peer makes of it is not known.
  bool awaits_confirmation() const {
    return engine_is(Engine::State::Ending) && engine_->wants() == Engine::Want::Receive;
  }
  /// No more can be sent: it has ended, has failed, or was never started.
  bool over() const;
  /// Packets are left out rather than waited for, once the stream has begun.
  bool queues() const { return input_ && input_->queues(); }
  net::Wait wait();
  const wmpush_options& options() const { return options_.get(); }

  const Error& last_error() const { return verdict_.error; }
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
  wmhttp::EngineConfig engine_config(std::string setup_body, wmhttp::Resume resume) const;
  std::string product() const;
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
  Error dial(net::Time now);
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

  /// An end that was asked for.
  struct End {
    Result sent;   // the Reason
    Result asked;  // by the program
    bool told = false;
  };
  /// What the program is told.
  struct Verdict {
    Error error;  // the first failure
    bool is_final = false;
    Result last = Result::S_OK;       // of the last call
    Result collapsed = Result::S_OK;  // an exception ended the session
  };
  /// What is waited for on a connection.
  struct Waits {
    std::optional<net::Time> settling_until;  // it has ended, and may confirm what it got
    std::optional<net::Time> silence_until;   // its peer is silent behind the $E
    std::optional<net::Time> stalled_since;   // the kernel takes nothing
  };
  struct Counters {
    std::uint64_t bytes_sent = 0;
    std::chrono::microseconds stall_time{0};
  };

  OwnedOptions options_;                     // as the program gave them
  std::unique_ptr<OwnedOptions> effective_;  // with the URL's of this session
  SessionLog log_;
  SessionRoute route_;                 // borrows the effective options
  std::shared_ptr<net::Task> asking_;  // an authenticator that takes its time
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<Dialer> dialer_;     // while a connection is made; borrows it
  std::unique_ptr<Engine> engine_;     // borrows the authenticators of the route
  std::unique_ptr<MediaInput> input_;  // borrows the engine
  net::Time started_{};
  bool accepted_ = false;    // the session was set up once
  bool more_to_do_ = false;  // the last perform() stopped for its time
  std::optional<End> end_;
  Waits waits_;
  net::Time last_look_{};  // at what the peer says
  Verdict verdict_;
  Counters counters_;
  PublishingPointInfo info_;
};

}  // namespace wmpush
