#include "sink/session.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <random>

#include "asf/data_packet.hpp"
#include "asf/header.hpp"
#include "asf/header_trim.hpp"
#include "core/failure.hpp"

namespace wmpush {
namespace {

using wmhttp::Clock;
using wmhttp::PushEngine;
using wmhttp::Time;
using State = PushEngine::State;

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

asf::Guid random_id() {
  std::random_device device;
  asf::Guid id;
  for (std::byte& each : id) each = static_cast<std::byte>(device() & 0xFF);
  id.back() |= std::byte{1};  // a receiver may take an id that ends in zero for none
  return id;
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

}  // namespace

PushSink::Session::Session(const wmpush_options* options)
    : options_(options == nullptr ? OwnedOptions().get() : *options),
      log_(options_->log, options_->log_opaque) {}

bool PushSink::Session::over() const {
  return !engine_ || engine_is(State::Ended) || engine_is(State::Failed);
}

// ---------------------------------------------------------------------------------------------
// The calls

/// Every call of the program runs within this one.
template <typename Call>
Result PushSink::Session::guarded(Call call) noexcept {
  try {
    Error error = call();
    if (error.result == Result::E_OUTOFMEMORY) return collapse(std::move(error));
    if (engine_ && engine_->collapsed()) collapsed_ = engine_->error().result;
    if (error.result != Result::S_OK || collapsed_ == Result::S_OK)
      return conclude(std::move(error));
    return conclude({collapsed_, 0, 0, kOutOfMemory});
  } catch (...) {
    return collapse(current_failure());
  }
}

/// What was done when the exception came is not known, so that nothing more is sent.
Result PushSink::Session::collapse(Error error) noexcept {
  collapsed_ = error.result;
  if (engine_) {
    engine_->collapse(copy_of(error));
    transport_->close();
    engine_->closed();
  }
  return conclude(std::move(error));
}

Result PushSink::Session::connect(std::string_view url, std::string_view template_url,
                                  bool auto_destroy) noexcept {
  return guarded([&] { return begin(url, template_url, auto_destroy); });
}

Error PushSink::Session::begin(std::string_view url, std::string_view template_url,
                               bool auto_destroy) {
  if (!over()) return misuse("Connect: there is a session already: end it, or disconnect, first");
  engine_.reset();
  transport_.reset();
  splitter_ = asf::Splitter({.header = asf::kMaxInputHeader});
  splitting_ = writing_ended_ = error_is_final_ = false;
  error_ = input_error_ = {};
  collapsed_ = Result::S_OK;
  info_ = {};
  counters_ = {};
  last_send_time_.reset();
  connecting_until_.reset();
  settling_until_.reset();
  silence_until_.reset();
  where_.clear();
  return open(url, template_url, auto_destroy);
}

Error PushSink::Session::open(std::string_view url, std::string_view template_url,
                              bool auto_destroy) {
  const auto is_option = [](std::string_view name) { return find_option(name) != nullptr; };
  if (Error error = wmhttp::parse_url(url, is_option, url_)) return error;
  where_ = url_.display();

  effective_ = std::make_unique<OwnedOptions>(options_.get());
  OwnedOptions& options = *effective_;
  for (const auto& [name, value] : url_.options)
    if (Error error = options.set_from_url(name, value)) return error;
  if (!template_url.empty()) {
    if (Error error = options.set("template_url", template_url)) return error;
    options->auto_destroy = auto_destroy ? 1 : 0;
  }
  if (Error error = options.check()) return error;
  if (Error error = read_password(options, url_.user, url_.password, log_)) return error;
  if (Error error = parse_resume_option(text_or_empty(options->resume), resume_)) return error;
  bool drops = false;
  if (Error error = parse_congestion_option(text_or_empty(options->congestion), drops))
    return error;
  const auto queue = static_cast<std::size_t>(options->queue_size);
  congestion_.reset();
  if (drops) congestion_.emplace(queue > 0 ? queue : kDefaultQueue);
  if (Error error = read_authentication()) return error;

  const std::string product = text_or_empty(options->user_agent);
  if (Error error = check_field(product, "user_agent")) return error;
  std::string body;
  if (Error error = wmhttp::push_setup_body(text_or_empty(options->template_url),
                                            options->auto_destroy != 0, body))
    return error;

  net::InterruptCheck check;
  if (options->interrupt != nullptr)
    check = [callback = options->interrupt, opaque = options->interrupt_opaque] {
      return callback(opaque) != 0;
    };
  transport_ = std::make_unique<net::Transport>(std::move(check),
                                                std::chrono::microseconds(options->send_timeout));
  engine_ = std::make_unique<PushEngine>(engine_config(url_, std::move(body)));

  const Time start = Clock::now();
  if (Error error = engine_->start(start)) return error;
  if (Error error = drive()) return error;
  const wmhttp::Response& response = engine_->setup_response();
  info_.server = response.server;
  info_.push_id = response.push_id.value_or("");
  info_.supported = response.supported;
  info_.idle_timeout_given = response.timeout.has_value();
  info_.idle_timeout = response.timeout.value_or(info_.idle_timeout);
  info_.setup_time = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  log_.write(WMPUSH_LOG_INFO,
             where_ + ": session accepted by " + (info_.server.empty() ? "?" : info_.server));
  return {};
}

wmhttp::EngineConfig PushSink::Session::engine_config(const wmhttp::PushUrl& url,
                                                      std::string setup_body) const {
  const OwnedOptions& options = *effective_;
  wmhttp::EngineConfig config;
  config.target = url.target;
  config.server = url.destination();
  if (proxy_) config.proxy = proxy_->address;
  config.user_agent =
      std::string(wmhttp::kEncoderToken) + " " +
      (options->user_agent == nullptr ? "libwmpush/" WMPUSH_VERSION : options->user_agent);
  config.setup_body = std::move(setup_body);
  config.authentication_schemes = authentication_schemes_;
  config.server_authenticator = authenticator_.get();
  config.proxy_authenticator = proxy_authenticator_.get();
  config.allow_305 = options->allow_305 != 0;
  config.strict_server = options->strict_server != 0;
  config.content_length = options->content_length;
  config.response_timeout = wmhttp::Duration(options->response_timeout);
  config.send_timeout = wmhttp::Duration(options->send_timeout);
  config.end_timeout = wmhttp::Duration(options->end_timeout);
  config.rollover_timeout = wmhttp::Duration(options->rollover_timeout);
  config.queues = congestion_.has_value();
  config.strict_end = options->strict_end != 0;
  config.reconnect = options->reconnect != 0;
  config.resume = resume_;
  config.reconnect_delay_max = wmhttp::Duration(options->reconnect_delay_max);
  config.reconnect_max_retries = options->reconnect_max_retries;
  config.jitter_seed = std::random_device()();
  return config;
}

Result PushSink::Session::on_header(Bytes header) noexcept {
  return guarded([&]() -> Error {
    if (!engine_) return misuse("OnHeader before Connect");
    if (writing_ended_) return misuse("OnHeader after OnEndWriting");
    counters_.bytes_accepted += header.size();
    return send_header(header);
  });
}

Result PushSink::Session::on_data_unit(Bytes packet) noexcept {
  return guarded([&]() -> Error {
    if (!engine_) return not_connected();
    if (writing_ended_) return misuse("OnDataUnit after OnEndWriting");
    counters_.bytes_accepted += packet.size();
    if (Error error = send_packet(packet)) return error;
    return move_on();
  });
}

Result PushSink::Session::write(Bytes asf) noexcept {
  return guarded([&]() -> Error {
    if (!engine_) return not_connected();
    if (writing_ended_) return misuse("data after OnEndWriting");
    if (asf.empty()) return attend();
    counters_.bytes_accepted += asf.size();
    splitting_ = true;
    return split(asf);
  });
}

Error PushSink::Session::split(Bytes asf) {
  asf::Splitter::Unit unit;
  Error error;
  do {
    error = splitter_.next(asf, unit);
    if (error) input_error_ = copy_of(error);
    if (!error) error = accept(unit);
  } while (!error && unit.kind != asf::Splitter::Kind::None);
  // What was accepted goes out, whatever is wrong with what comes behind it.
  if (over()) return error;
  if (Error unsent = move_on()) return unsent;
  return error;
}

Error PushSink::Session::accept(const asf::Splitter::Unit& unit) {
  switch (unit.kind) {
    case asf::Splitter::Kind::Header:
      return send_header(unit.bytes);
    case asf::Splitter::Kind::Packet:
      return send_packet(unit.bytes);
    case asf::Splitter::Kind::End:
    case asf::Splitter::Kind::None:
      break;
  }
  // Even where nothing could be sent, the server's objection is looked for.
  if (over()) return copy_of(engine_->error());
  return {};
}

/// What a receiver takes, and no more than the protocol allows.
std::size_t PushSink::Session::header_room() const {
  const std::int64_t configured = effective_->get().max_header;
  const std::size_t most = engine_->header_limit();
  return configured > 0 ? std::min(most, static_cast<std::size_t>(configured)) : most;
}

/// Makes a header fit for a live push, and for its receiver.
Error PushSink::Session::fix_header(Bytes header, std::vector<std::byte>& fixed) const {
  const std::size_t room = header_room();
  asf::HeaderFixup fixup;
  fixup.fresh_id = random_id();
  fixup.configured_bitrate = static_cast<std::uint32_t>(effective_->get().max_bitrate);
  std::vector<asf::LeftOut> left_out;
  // Bit rates are worth more than metadata, which makes room for them; where nothing can, they are
  // not added.
  for (const std::size_t largest : {asf::kMaxInputHeader, room}) {
    fixup.largest = largest;
    if (Error error = fixup.apply(header, fixed)) return error;
    if (Error error = asf::trim_header(fixed, room, left_out)) return error;
    if (fixed.size() <= room) break;
  }
  if (!left_out.empty())
    log_.write(WMPUSH_LOG_WARNING,
               where_ + ": left out of the ASF header, so that it has no more than " +
                   std::to_string(room) + " bytes: " + asf::text_of(left_out));
  return {};
}

Error PushSink::Session::send_header(Bytes header) {
  std::vector<std::byte> fixed;
  if (effective_->get().fix_header != 0) {
    if (Error error = fix_header(header, fixed)) return error;
    header = fixed;
  }
  if (header.size() > header_room())
    return {Result::NS_E_INVALID_DATA, 0, 0,
            "the ASF header has " + std::to_string(header.size()) + " bytes where " +
                std::to_string(header_room()) + " are the most" +
                (effective_->get().fix_header != 0
                     ? ", even without pictures and other metadata: leave out streams"
                     : ": leave out metadata or streams, or let fix_header=1 do it")};
  asf::Header parsed;
  if (Error error = asf::parse_header(header, parsed)) return error;
  if (parsed.data_object == 0 || header.size() != parsed.data_object + asf::kDataObjectHeadSize)
    return {Result::NS_E_INVALID_DATA, 0, 0,
            "an ASF header of " + std::to_string(header.size()) +
                " bytes: the Header Object and the first 50 bytes of the Data Object are needed, "
                "and nothing else"};
  constexpr std::uint32_t kUnknownBitrate = 0xFFFFFFFF;
  const std::uint32_t bitrate = parsed.max_bitrate == kUnknownBitrate ? 0 : parsed.max_bitrate;
  const bool first = engine_is(State::Ready);
  if (!engine_->idle() && (!congestion_ || first))
    if (Error error = drive()) return error;
  if (Error error = engine_->header(header, {parsed.packet_size, bitrate}, Clock::now()))
    return error;
  if (congestion_) congestion_->take_header(parsed);
  tell_of_limits(header.size(), parsed.packet_size);
  last_send_time_.reset();  // an entry of a playlist counts its times for itself
  return first ? drive() : move_on();
}

/// What the protocol allows is more than some relays and players can take, who then say nothing.
void PushSink::Session::tell_of_limits(std::size_t header, std::uint32_t packet) const {
  constexpr std::size_t kSomePlayers = 16384;
  if (header > wmhttp::kCommonPayload)
    log_.write(header > kSomePlayers ? WMPUSH_LOG_WARNING : WMPUSH_LOG_INFO,
               where_ + ": an ASF header of " + std::to_string(header) +
                   " bytes: some receivers take 8192 and some players 16384 at the most; if yours "
                   "plays nothing, leave out metadata or streams");
  if (packet > wmhttp::kCommonPayload)
    log_.write(WMPUSH_LOG_INFO, where_ + ": data packets of " + std::to_string(packet) +
                                    " bytes: some receivers take 8192 at the most; if yours plays "
                                    "nothing, use a smaller -packet_size");
}

/// Hands a packet to the engine: it leaves with the next drive().
Error PushSink::Session::send_packet(Bytes packet) {
  ++counters_.packets_accepted;
  if (congestion_) {
    packet = congestion_->admit(packet, engine_->unsent_bytes());
    if (std::string text = congestion_->take_note(); !text.empty())
      log_.write(WMPUSH_LOG_WARNING, where_ + ": " + text);
    if (packet.empty()) return {};
  }
  asf::StrippedPacket out = asf::strip_padding(packet);
  if (effective_->get().strip_padding == 0) {
    out.head_size = out.removed = 0;
    out.rest = packet;
  }
  if (!congestion_ && !engine_->has_room() && !engine_->idle())
    if (Error error = drive()) return error;
  if (Error error = engine_->packet(out.head(), out.rest, Clock::now())) return error;
  counters_.padding_bytes += out.removed;
  if (out.malformed) {
    if (counters_.packets_malformed++ == 0)
      log_.write(WMPUSH_LOG_WARNING,
                 where_ + ": data packet " + std::to_string(counters_.packets_accepted) +
                     " is damaged: it and others like it are sent as they came");
  } else {
    // Send times wrap after 49 days.
    const auto step =
        static_cast<std::int32_t>(out.send_time - last_send_time_.value_or(out.send_time));
    if (step > 0) counters_.duration += std::int64_t{1000} * step;
    last_send_time_ = out.send_time;
  }
  return {};
}

Result PushSink::Session::on_end_writing() noexcept {
  return guarded([&]() -> Error {
    if (!engine_) return not_connected();
    writing_ended_ = true;
    if (splitting_) input_error_ = splitter_.finish();
    return copy_of(input_error_);
  });
}

Result PushSink::Session::end(Result reason) noexcept {
  return guarded([&] { return end_session(reason); });
}

Error PushSink::Session::end_session(Result reason) {
  if (!engine_) return not_connected();
  if (reason != Result::S_OK && succeeded(reason))
    return {Result::E_INVALIDARG, 0, 0, "the reason to abort a session must be a failure"};
  // A stream whose input broke off has no proper end, whatever the caller makes of it.
  if (reason == Result::S_OK && splitting_ && !input_error_) input_error_ = splitter_.finish();
  const Result sent = reason == Result::S_OK && input_error_ ? input_error_.result : reason;
  look();  // a failure shows in what end() says
  static_cast<void>(drive(Until::Waiting));
  Error error = engine_->end(static_cast<std::uint32_t>(sent), Clock::now());
  if (error) return error;
  writing_ended_ = true;
  error = drive();
  // EndSession has few results; what lies behind a failure is in the text, status and errno.
  if (error && error.result != Result::NS_E_SHUTDOWN && error.result != Result::E_OUTOFMEMORY)
    error.result = Result::NS_E_CONNECTION_FAILURE;
  if (error) return error;
  tell_of_end(sent != Result::S_OK);
  return sent != reason ? copy_of(input_error_) : Error{};
}

/// What has gone well stays so, even where there is no memory to say it.
void PushSink::Session::tell_of_end(bool aborted) const noexcept {
  try {
    if (engine_->packets_sent() == 0)
      log_.write(WMPUSH_LOG_WARNING,
                 where_ + ": the ASF header was pushed and nothing else: no data packet came");
    log_.write(WMPUSH_LOG_INFO, where_ + (aborted ? ": session aborted, " : ": session ended, ") +
                                    std::to_string(engine_->packets_sent()) + " packets delivered");
  } catch (const std::bad_alloc&) {
    log_.write(WMPUSH_LOG_INFO, aborted ? "session aborted" : "session ended");
  }
}

Result PushSink::Session::disconnect() noexcept {
  return guarded([&]() -> Error {
    Error nothing_to_do{Result::S_FALSE, 0, 0, {}};
    if (!engine_) return nothing_to_do;
    nothing_to_do = engine_->disconnect();
    if (Error error = drive()) return error;
    return nothing_to_do;
  });
}

Result PushSink::Session::wait_until(Time until) noexcept {
  return guarded([&]() -> Error {
    if (!engine_) return not_connected();
    return watch(until);
  });
}

// ---------------------------------------------------------------------------------------------

/// Every call of the program ends here: the result is kept, and a failure becomes the one line that
/// a person reads.
Result PushSink::Session::conclude(Error error) noexcept {
  last_result_ = error.result;
  if (!error) return error.result;
  // The first failure of the session is the one to know; a wrong call that changed nothing is not
  // it.
  if (error_is_final_) return error.result;
  const Result result = error.result;
  try {
    error.message = log_.line(where_.empty() ? error.message : where_ + ": " + error.message);
  } catch (const std::exception&) {
    error.message = kOutOfMemory;  // the text, not the result
  }
  error_ = std::move(error);
  error_is_final_ = over() || (result == Result::NS_E_INVALID_DATA && splitting_);
  log_.write(WMPUSH_LOG_ERROR, error_.message);
  return result;
}

wmpush_stats PushSink::Session::stats() const {
  wmpush_stats stats = counters_;
  stats.size = sizeof stats;
  stats.state = WMPUSH_STATE_SETUP;
  if (engine_) {
    stats.state = state_of(*engine_);
    stats.connected = engine_->connected_now() ? 1 : 0;
    stats.packets_sent = engine_->packets_sent();
    stats.packets_dropped = congestion_ ? congestion_->dropped() : 0;
    stats.reconnects = engine_->reconnects();
    stats.packets_resent = engine_->packets_resent();
    stats.packets_at_risk = engine_->packets_at_risk();
    stats.end_confirmed = engine_->end_confirmed() ? 1 : 0;
  }
  stats.input_ended = splitting_ && splitter_.ended() ? 1 : 0;
  stats.last_result = static_cast<wmpush_result>(last_result_);
  return stats;
}

}  // namespace wmpush
