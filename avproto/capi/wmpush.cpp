// The C interface over PushSink and PushSession: catches every exception, maps every result.
#include "wmpush/wmpush.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "core/printable.hpp"
#include "sink/credentials.hpp"
#include "sink/options.hpp"
#include "wmpush/push_session.hpp"
#include "wmpush/push_sink.hpp"

using wmpush::Error;
using wmpush::PushSession;
using wmpush::PushSink;
using wmpush::Result;

/// Which of the two it is was decided by wmpush_open() or wmpush_start().
struct wmpush_session {
  std::variant<PushSink, PushSession> face;
};

namespace {

wmpush_result code(Result result) { return static_cast<wmpush_result>(result); }

/// Fills in as much of the structure as the program's version of it has.
void give(wmpush_error* to, Result result, int http_status, int system_error,
          std::string_view message) {
  if (to == nullptr) return;
  wmpush_error filled{};
  filled.size = std::min(to->size, sizeof filled);
  filled.result = code(result);
  filled.http_status = http_status;
  filled.system_error = system_error;
  // A text that is cut short is a text nevertheless.
  constexpr std::size_t kBefore = offsetof(wmpush_error, message);
  const std::size_t room = std::max(filled.size, kBefore + 1) - kBefore - 1;
  const std::size_t length = std::min(message.size(), room);
  std::memcpy(filled.message, message.data(), length);
  std::memcpy(to, &filled, filled.size);
}

void give(wmpush_error* to, const Error& error) {
  give(to, error.result, error.http_status, error.system_error, error.message);
}

/// Runs `call` and turns an exception into a result; `error` may be null.
template <typename Call>
wmpush_result guarded(wmpush_error* error, Call call) noexcept {
  try {
    return code(call());
  } catch (const std::bad_alloc&) {
    give(error, Result::E_OUTOFMEMORY, 0, 0, "out of memory");
    return code(Result::E_OUTOFMEMORY);
  } catch (const std::exception& exception) {
    give(error, Result::E_FAIL, 0, 0, exception.what());
    return code(Result::E_FAIL);
  } catch (...) {
    give(error, Result::E_FAIL, 0, 0, "an unknown exception");
    return code(Result::E_FAIL);
  }
}

/// `call` with the session, of whichever kind it is.
template <typename Call>
wmpush_result with_session(wmpush_session* session, Call call) noexcept {
  if (session == nullptr) return code(Result::E_INVALIDARG);
  return guarded(nullptr, [&] { return std::visit(call, session->face); });
}

/// The same where the call is only for one of the kinds.
template <typename Face, typename Call>
wmpush_result with(wmpush_session* session, Call call) noexcept {
  if (session == nullptr) return code(Result::E_INVALIDARG);
  return guarded(nullptr, [&] {
    Face* const face = std::get_if<Face>(&session->face);
    return face == nullptr ? Result::NS_E_INVALID_REQUEST : call(*face);
  });
}

/// The same with the bytes of the program, for a session of whichever kind it is.
template <typename Call>
wmpush_result with_bytes(wmpush_session* session, const void* data, std::size_t size,
                         Call call) noexcept {
  if (data == nullptr && size > 0) return code(Result::E_INVALIDARG);
  return with_session(session, [&](auto& face) {
    return call(face, std::span(static_cast<const std::byte*>(data), size));
  });
}

// What the two kinds call by different names.

using ProgramBytes = std::span<const std::byte>;

Result on_header(PushSink& sink, ProgramBytes header) { return sink.OnHeader(header); }
Result on_header(PushSession& session, ProgramBytes header) { return session.on_header(header); }
Result on_data_unit(PushSink& sink, ProgramBytes packet) { return sink.OnDataUnit(packet); }
Result on_data_unit(PushSession& session, ProgramBytes packet) {
  return session.on_data_unit(packet);
}
Result on_end_writing(PushSink& sink) { return sink.OnEndWriting(); }
Result on_end_writing(PushSession& session) { return session.on_end_writing(); }
Result disconnect(PushSink& sink) { return sink.Disconnect(); }
Result disconnect(PushSession& session) { return session.disconnect(); }

/// Makes a session and has it begin; what both ways to one have in common.
template <typename Face, typename Begin>
wmpush_result begin(wmpush_session** session, const char* url, const wmpush_options* options,
                    wmpush_error* error, std::string_view call, Begin begin_session) {
  if (session != nullptr) *session = nullptr;
  return guarded(error, [&] {
    if (session == nullptr || url == nullptr) {
      give(error, Result::E_INVALIDARG, 0, 0,
           std::string(call) + " needs a session pointer and a URL");
      return Result::E_INVALIDARG;
    }
    if (options != nullptr && options->size < sizeof options->size) {
      give(error, Result::E_INVALIDARG, 0, 0,
           std::string(call) +
               ": the size of the options is not set: call wmpush_options_init() first");
      return Result::E_INVALIDARG;
    }
    auto made = std::make_unique<wmpush_session>(
        wmpush_session{options == nullptr ? Face() : Face(*options)});
    Face& face = std::get<Face>(made->face);
    const Result result = begin_session(face);
    give(error, face.last_error());
    if (wmpush::succeeded(result)) *session = made.release();
    return result;
  });
}

/// poll()'s timeout: whole milliseconds, rounded up, -1 for none.
int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  using namespace std::chrono;
  if (deadline == steady_clock::time_point::max()) return -1;
  const auto now = steady_clock::now();
  if (deadline <= now) return 0;
  const auto left = ceil<milliseconds>(deadline - now).count();
  return static_cast<int>(std::min<std::int64_t>(left, std::numeric_limits<int>::max()));
}

}  // namespace

extern "C" {

const char* wmpush_result_name(wmpush_result result) {
  return wmpush::name(static_cast<Result>(result)).data();
}

const char* wmpush_version(void) { return WMPUSH_VERSION; }

const char* wmpush_authentication_schemes(void) {
  try {
    return wmpush::authentication_schemes().c_str();
  } catch (const std::exception&) {
    return "";
  }
}

void wmpush_options_init_sized(wmpush_options* options, size_t size) {
  if (options == nullptr || size < sizeof options->size) return;
  wmpush_options defaults = wmpush::default_options();
  defaults.size = size;
  const size_t known = std::min(size, sizeof defaults);
  // Not through the type: the program's is another one.
  auto* const to = reinterpret_cast<unsigned char*>(options);
  std::memcpy(to, &defaults, known);
  std::memset(to + known, 0, size - known);
}

wmpush_result wmpush_options_set(wmpush_options* options, const char* name, const char* value,
                                 wmpush_error* error) {
  return guarded(error, [&] {
    Error failure =
        options == nullptr || name == nullptr
            ? Error{Result::E_INVALIDARG, 0, 0, "wmpush_options_set needs options and a name"}
            : wmpush::set_option(*options, name, value);
    failure.message = wmpush::printable(failure.message);
    give(error, failure);
    return failure.result;
  });
}

const wmpush_option_info* wmpush_option_at(size_t index) {
  const auto table = wmpush::option_table();
  return index < table.size() ? &table[index] : nullptr;
}

wmpush_result wmpush_open(wmpush_session** session, const char* url, const wmpush_options* options,
                          wmpush_error* error) {
  return begin<PushSink>(session, url, options, error, "wmpush_open",
                         [&](PushSink& sink) { return sink.Connect(url); });
}

wmpush_result wmpush_start(wmpush_session** session, const char* url, const wmpush_options* options,
                           wmpush_error* error) {
  return begin<PushSession>(session, url, options, error, "wmpush_start",
                            [&](PushSession& face) { return face.start(url); });
}

void wmpush_wants(const wmpush_session* session, wmpush_wait* wait) {
  if (wait == nullptr) return;
  wmpush_wait filled{};
  filled.size = std::min(wait->size, sizeof filled);
  filled.descriptor = -1;
  filled.timeout = -1;
  if (const auto* face = session != nullptr ? std::get_if<PushSession>(&session->face) : nullptr) {
    const PushSession::Wants wants = face->wants();
    filled.descriptor = wants.descriptor;
    filled.events = wants.events;
    filled.timeout = milliseconds_until(wants.deadline);
  }
  std::memcpy(wait, &filled, filled.size);
}

wmpush_result wmpush_perform(wmpush_session* session) {
  return with<PushSession>(session, [](PushSession& face) { return face.perform(); });
}

wmpush_result wmpush_write(wmpush_session* session, const void* data, size_t size) {
  return with_bytes(session, data, size,
                    [](auto& face, ProgramBytes bytes) { return face.write(bytes); });
}

wmpush_result wmpush_on_header(wmpush_session* session, const void* header, size_t size) {
  return with_bytes(session, header, size,
                    [](auto& face, ProgramBytes bytes) { return on_header(face, bytes); });
}

wmpush_result wmpush_on_data_unit(wmpush_session* session, const void* packet, size_t size) {
  return with_bytes(session, packet, size,
                    [](auto& face, ProgramBytes bytes) { return on_data_unit(face, bytes); });
}

wmpush_result wmpush_on_end_writing(wmpush_session* session) {
  return with_session(session, [](auto& face) { return on_end_writing(face); });
}

wmpush_result wmpush_end_start(wmpush_session* session, wmpush_result reason) {
  return with<PushSession>(
      session, [&](PushSession& face) { return face.end_start(static_cast<Result>(reason)); });
}

wmpush_result wmpush_end_session(wmpush_session* session) {
  return with<PushSink>(session, [](PushSink& sink) { return sink.EndSession(); });
}

wmpush_result wmpush_abort_session(wmpush_session* session, wmpush_result reason) {
  return with<PushSink>(
      session, [&](PushSink& sink) { return sink.AbortSession(static_cast<Result>(reason)); });
}

wmpush_result wmpush_disconnect(wmpush_session* session) {
  return with_session(session, [](auto& face) { return disconnect(face); });
}

void wmpush_last_error(const wmpush_session* session, wmpush_error* error) {
  if (session == nullptr) return give(error, Result::E_INVALIDARG, 0, 0, "there is no session");
  std::visit([&](const auto& face) { give(error, face.last_error()); }, session->face);
}

void wmpush_get_stats(const wmpush_session* session, wmpush_stats* stats) {
  if (stats == nullptr) return;
  const size_t room = std::min(stats->size, sizeof *stats);
  wmpush_stats filled{};
  if (session != nullptr)
    filled = std::visit([](const auto& face) { return face.stats(); }, session->face);
  else
    filled.last_result = code(Result::E_INVALIDARG);
  filled.size = room;
  std::memcpy(stats, &filled, room);
}

void wmpush_close(wmpush_session** session) {
  if (session == nullptr) return;
  delete *session;
  *session = nullptr;
}

}  // extern "C"
