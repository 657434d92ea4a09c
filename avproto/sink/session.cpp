#include "sink/session.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <random>

#include "core/failure.hpp"

namespace wmpush {
namespace {

using wmhttp::Clock;
using wmhttp::PushEngine;
using State = PushEngine::State;

/// Bytes that may wait for the network when nothing is left out: one send's worth.
constexpr std::size_t kBlockingQueue = wmhttp::kQueuedAtOnce;

Error misuse(std::string message) {
  return {Result::NS_E_INVALID_REQUEST, 0, 0, std::move(message)};
}

Error not_connected() {
  return {Result::NS_E_NOCONNECTION, 0, 0, "there is no connection to the publishing point"};
}

wmpush_state state_of(const PushEngine& engine) {
  switch (engine.state()) {
    case State::Ended:
      return WMPUSH_STATE_ENDED;
    case State::Failed:
      return WMPUSH_STATE_FAILED;
    default:
      break;
  }
  if (engine.recovering()) return WMPUSH_STATE_RECONNECTING;
  switch (engine.state()) {
    case State::Idle:
    case State::Connecting:
    case State::SettingUp:
      return WMPUSH_STATE_SETUP;
    case State::Ready:
      return WMPUSH_STATE_READY;
    default:
      return WMPUSH_STATE_STREAMING;
  }
}

Error parse_resume_option(std::string_view text, wmhttp::Resume& resume) {
  resume = wmhttp::Resume::Auto;
  if (text.empty() || text == "auto") return {};
  resume = wmhttp::Resume::Always;
  if (text == "always") return {};
  resume = wmhttp::Resume::Never;
  if (text == "never") return {};
  return {
      Result::E_INVALIDARG, 0, 0,
      "'" + std::string(text) + "' is not a value for resume: auto, always or never can be given"};
}

Error parse_congestion_option(std::string_view text, bool& drops) {
  drops = text == "drop";
  if (text.empty() || text == "block" || drops) return {};
  return {Result::E_INVALIDARG, 0, 0,
          "'" + std::string(text) + "' is not a value for congestion: block or drop can be given"};
}

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

MediaInput::Settings input_settings(const wmpush_options& options, bool drops) {
  MediaInput::Settings settings;
  settings.fix_header = options.fix_header != 0;
  settings.strip_padding = options.strip_padding != 0;
  settings.max_header = static_cast<std::size_t>(options.max_header);
  settings.max_bitrate = static_cast<std::uint32_t>(options.max_bitrate);
  const auto queue = static_cast<std::size_t>(options.queue_size);
  if (drops) settings.queue = queue > 0 ? queue : kDefaultQueue;
  return settings;
}

}  // namespace

Session::Session(const wmpush_options* options)
    : options_(options == nullptr ? OwnedOptions().get() : *options),
      log_(Log(options_->log, options_->log_opaque)) {}

bool Session::over() const {
  return !engine_ || engine_is(State::Ended) || engine_is(State::Failed);
}

bool Session::pending() const { return engine_ && engine_->wants() != PushEngine::Want::Nothing; }

// ---------------------------------------------------------------------------------------------
// The calls

/// Every call of the program runs within this one.
template <typename Call>
Result Session::guarded(Call call) noexcept {
  try {
    Error error = call();
    if (error.result == Result::E_OUTOFMEMORY) return collapse(std::move(error));
    if (engine_ && engine_->collapsed()) verdict_.collapsed = engine_->error().result;
    if (error.result != Result::S_OK || verdict_.collapsed == Result::S_OK)
      return conclude(std::move(error));
    return conclude({verdict_.collapsed, 0, 0, kOutOfMemory});
  } catch (...) {
    return collapse();
  }
}

Result Session::collapse() noexcept { return collapse(current_failure()); }

/// What was done when the exception came is not known, so that nothing more is sent.
Result Session::collapse(Error error) noexcept {
  verdict_.collapsed = error.result;
  if (engine_) {
    engine_->collapse(copy_of(error));
    connection_->close();
    engine_->closed();
  }
  return conclude(std::move(error));
}

/// Every call of the program ends here: the result is kept, and a failure becomes the one line that
/// a person reads.
Result Session::conclude(Error error) noexcept {
  verdict_.last = error.result;
  if (!error) return error.result;
  // The first failure of the session is the one to know; a wrong call that changed nothing is not
  // it.
  if (verdict_.is_final) return error.result;
  const Result result = error.result;
  try {
    error.message = log_.line(error.message);
  } catch (const std::exception&) {
    error.message = kOutOfMemory;  // the text, not the result
  }
  verdict_.error = std::move(error);
  const bool splitting = input_ && input_->splitting();
  verdict_.is_final = over() || (result == Result::NS_E_INVALID_DATA && splitting);
  log_.write_bare(WMPUSH_LOG_ERROR, verdict_.error.message);
  return result;
}

Result Session::start(std::string_view url, std::string_view template_url,
                      bool auto_destroy) noexcept {
  return guarded([&] { return begin(url, template_url, auto_destroy); });
}

Error Session::begin(std::string_view url, std::string_view template_url, bool auto_destroy) {
  if (!over()) return misuse("Connect: there is a session already: end it, or disconnect, first");
  input_.reset();
  engine_.reset();
  asking_.reset();
  dialer_.reset();
  connection_.reset();
  end_.reset();
  accepted_ = more_to_do_ = false;
  verdict_ = {};
  waits_ = {};
  counters_ = {};
  info_ = {};
  log_.set_place({});
  return open(url, template_url, auto_destroy);
}

Error Session::open(std::string_view url, std::string_view template_url, bool auto_destroy) {
  const auto is_option = [](std::string_view name) { return find_option(name) != nullptr; };
  wmhttp::PushUrl parsed;
  if (Error error = wmhttp::parse_url(url, is_option, parsed)) return error;
  log_.set_place(parsed.display());

  effective_ = std::make_unique<OwnedOptions>(options_.get());
  OwnedOptions& options = *effective_;
  for (const auto& [name, value] : parsed.options)
    if (Error error = options.set_from_url(name, value)) return error;
  if (!template_url.empty()) {
    if (Error error = options.set("template_url", template_url)) return error;
    options->auto_destroy = auto_destroy ? 1 : 0;
  }
  if (Error error = options.check()) return error;
  if (Error error = read_password(options, parsed.user, parsed.password, log_)) return error;
  wmhttp::Resume resume = wmhttp::Resume::Auto;
  if (Error error = parse_resume_option(text_or_empty(options->resume), resume)) return error;
  bool drops = false;
  if (Error error = parse_congestion_option(text_or_empty(options->congestion), drops))
    return error;
  if (Error error = route_.begin(std::move(parsed), options, log_)) return error;
  info_.through_proxy = route_.proxy().has_value();

  const std::string product = text_or_empty(options->user_agent);
  if (Error error = check_field(product, "user_agent")) return error;
  std::string body;
  if (Error error = wmhttp::push_setup_body(text_or_empty(options->template_url),
                                            options->auto_destroy != 0, body))
    return error;

  auto connection =
      std::make_unique<net::Connection>(std::chrono::microseconds(options->send_timeout));
  auto engine = std::make_unique<PushEngine>(engine_config(std::move(body), resume));
  auto input = std::make_unique<MediaInput>(input_settings(options.get(), drops), *engine, log_);
  // All of them or, where there is no memory, none.
  connection_ = std::move(connection);
  engine_ = std::move(engine);
  input_ = std::move(input);
  started_ = Clock::now();
  if (Error error = engine_->start(started_)) return error;
  return advance();
}

std::string Session::product() const {
  const char* const given = effective_->get().user_agent;
  return given == nullptr ? kProduct : given;
}

wmhttp::EngineConfig Session::engine_config(std::string setup_body, wmhttp::Resume resume) const {
  const OwnedOptions& options = *effective_;
  wmhttp::EngineConfig config;
  config.target = route_.url().target;
  config.server = route_.url().server;
  if (route_.proxy()) config.proxy = route_.proxy()->address;
  config.user_agent = std::string(wmhttp::kEncoderToken) + " " + product();
  config.setup_body = std::move(setup_body);
  config.authentication_schemes = route_.authentication_schemes();
  config.server_authenticator = route_.authenticator().get();
  config.proxy_authenticator = route_.engine_proxy_authenticator();
  config.allow_305 = options->allow_305 != 0;
  config.strict_server = options->strict_server != 0;
  config.content_length = options->content_length;
  config.response_timeout = wmhttp::Duration(options->response_timeout);
  config.send_timeout = wmhttp::Duration(options->send_timeout);
  config.end_timeout = wmhttp::Duration(options->end_timeout);
  config.rollover_timeout = wmhttp::Duration(options->rollover_timeout);
  config.strict_end = options->strict_end != 0;
  config.reconnect = options->reconnect != 0;
  config.resume = resume;
  config.reconnect_delay_max = wmhttp::Duration(options->reconnect_delay_max);
  config.reconnect_max_retries = options->reconnect_max_retries;
  config.jitter_seed = std::random_device()();
  return config;
}

/// What the server says of itself, and that it takes the stream.
void Session::tell_of_acceptance() {
  accepted_ = true;
  const wmhttp::Response& response = engine_->setup_response();
  info_.server = response.server;
  info_.push_id = response.push_id.value_or("");
  info_.supported = response.supported;
  info_.idle_timeout_given = response.timeout.has_value();
  info_.idle_timeout = response.timeout.value_or(info_.idle_timeout);
  info_.setup_time = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_);
  log_.write(WMPUSH_LOG_INFO, "session accepted by " + (info_.server.empty() ? "?" : info_.server));
}

Result Session::perform() noexcept {
  return guarded([&]() -> Error {
    if (!engine_) return not_connected();
    last_look_ = {};  // looks at what the server says, however short ago that was
    return advance();
  });
}

// ---------------------------------------------------------------------------------------------
// The program's data

/// Whether another call's worth of data can be taken.
bool Session::has_room() {
  if (over()) return true;  // the engine says what is wrong
  if (!accepted_) return false;
  const auto configured = static_cast<std::size_t>(effective_->get().queue_size);
  const std::size_t limit = configured > 0 ? configured : kBlockingQueue;
  return queues() || engine_->unsent_bytes() < limit;
}

template <typename Call>
Result Session::take(Call call) noexcept {
  bool must_wait = false;
  const Result result = guarded([&]() -> Error {
    if (!engine_) return not_connected();
    // Room may have been made since the last look, and a connection on which nothing was under way
    // may have been closed.
    if (!has_room() || engine_is(State::Ready)) static_cast<void>(advance());
    must_wait = !has_room();
    if (must_wait) return {};
    Error error = call(*input_);
    if (over()) return error;
    // What was accepted goes out, whatever is wrong with what comes behind it.
    if (Error failure = advance()) return failure;
    return error;
  });
  return must_wait && result == Result::S_OK ? Result::E_PENDING : result;
}

Result Session::on_header(Bytes header) noexcept {
  if (!engine_) return guarded([] { return misuse("OnHeader before Connect"); });
  return take([&](MediaInput& input) { return input.header(header); });
}

Result Session::on_data_unit(Bytes packet) noexcept {
  return take([&](MediaInput& input) { return input.packet(packet); });
}

Result Session::on_data_units(std::span<const Bytes> packets) noexcept {
  return take([&](MediaInput& input) -> Error {
    for (const Bytes packet : packets)
      if (Error error = input.packet(packet)) return error;
    return {};
  });
}

Result Session::write(Bytes asf) noexcept {
  if (asf.empty()) return perform();
  return take([&](MediaInput& input) { return input.write(asf); });
}

Result Session::on_end_writing() noexcept {
  return guarded([&]() -> Error {
    if (!engine_) return not_connected();
    return input_->end_writing();
  });
}

// ---------------------------------------------------------------------------------------------
// The end

Result Session::end_start(Result reason) noexcept {
  return guarded([&] { return begin_end(reason); });
}

Error Session::begin_end(Result reason) {
  if (!engine_) return not_connected();
  if (reason != Result::S_OK && succeeded(reason))
    return {Result::E_INVALIDARG, 0, 0, "the reason to abort a session must be a failure"};
  Result sent = reason;
  // A stream whose input broke off has no proper end, whatever the caller makes of it.
  if (reason == Result::S_OK) sent = input_->check_whole().result;
  last_look_ = {};
  static_cast<void>(advance());  // a failure shows in what end() says
  if (Error error = engine_->end(static_cast<std::uint32_t>(sent), Clock::now())) return error;
  end_ = End{sent, reason};
  static_cast<void>(input_->end_writing());
  return advance();
}

/// What became of the session, as far as that is known.
Error Session::outcome() {
  if (engine_is(State::Failed)) {
    Error error = copy_of(engine_->error());
    // EndSession has few results; what lies behind a failure is in the text, status and errno.
    const bool is_special =
        error.result == Result::NS_E_SHUTDOWN || error.result == Result::E_OUTOFMEMORY;
    if (end_ && !is_special) error.result = Result::NS_E_CONNECTION_FAILURE;
    return error;
  }
  if (!end_ || !engine_is(State::Ended)) return {};
  const bool aborted = end_->sent != Result::S_OK;
  if (!std::exchange(end_->told, true)) tell_of_end(aborted);
  return end_->sent != end_->asked ? copy_of(input_->check_whole()) : Error{};
}

/// What has gone well stays so, even where there is no memory to say it.
void Session::tell_of_end(bool aborted) const noexcept {
  try {
    if (engine_->packets_sent() == 0)
      log_.write(WMPUSH_LOG_WARNING,
                 "the ASF header was pushed and nothing else: no data packet came");
    log_.write(WMPUSH_LOG_INFO, (aborted ? "session aborted, " : "session ended, ") +
                                    std::to_string(engine_->packets_sent()) + " packets delivered");
  } catch (const std::bad_alloc&) {
    log_.write_bare(WMPUSH_LOG_INFO, aborted ? "session aborted" : "session ended");
  }
}

Result Session::disconnect() noexcept {
  return guarded([&]() -> Error {
    Error nothing_to_do{Result::S_FALSE, 0, 0, {}};
    if (!engine_) return nothing_to_do;
    nothing_to_do = engine_->disconnect();
    if (Error error = advance()) return error;
    return nothing_to_do;
  });
}

Result Session::cancel() noexcept {
  return guarded([&]() -> Error {
    if (!engine_) return not_connected();
    // What is confirmed is asked for before the peer is heard: an answer may bring both, and an
    // objection must not be missed behind its own confirmation.
    const wmhttp::Delivery delivered = delivery();
    look();
    engine_->abandon({Result::NS_E_SHUTDOWN, 0, 0, "interrupted: what was not sent yet is lost"},
                     delivered);
    return advance();
  });
}

wmpush_stats Session::stats() const {
  wmpush_stats stats{};
  stats.size = sizeof stats;
  stats.state = WMPUSH_STATE_SETUP;
  if (engine_) {
    stats.state = state_of(*engine_);
    stats.connected = engine_->connected_now() ? 1 : 0;
    stats.packets_sent = engine_->packets_sent();
    stats.reconnects = engine_->reconnects();
    stats.packets_resent = engine_->packets_resent();
    stats.packets_at_risk = engine_->packets_at_risk();
    stats.end_confirmed = engine_->end_confirmed() ? 1 : 0;
  }
  if (input_) input_->add_to(stats);
  stats.bytes_sent = counters_.bytes_sent;
  auto stalled = counters_.stall_time;
  if (waits_.stalled_since)
    stalled +=
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - *waits_.stalled_since);
  stats.stall_time = stalled.count();
  stats.last_result = static_cast<wmpush_result>(verdict_.last);
  return stats;
}

}  // namespace wmpush
