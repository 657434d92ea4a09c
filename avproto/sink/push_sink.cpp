#include "wmpush/push_sink.hpp"

#include "sink/session.hpp"

namespace wmpush {

PushSink::PushSink(const wmpush_options& options) : session_(std::make_unique<Session>(&options)) {}
PushSink::PushSink() : session_(std::make_unique<Session>(nullptr)) {}
PushSink::~PushSink() {
  if (session_) static_cast<void>(session_->disconnect());
}
PushSink::PushSink(PushSink&&) noexcept = default;
PushSink& PushSink::operator=(PushSink&&) noexcept = default;

Result PushSink::Connect(std::string_view url, std::string_view template_url, bool auto_destroy) {
  return session_->connect(url, template_url, auto_destroy);
}
Result PushSink::OnHeader(std::span<const std::byte> header) { return session_->on_header(header); }
Result PushSink::OnDataUnit(std::span<const std::byte> packet) {
  return session_->on_data_unit(packet);
}
Result PushSink::OnEndWriting() { return session_->on_end_writing(); }
Result PushSink::EndSession() { return session_->end(Result::S_OK); }
Result PushSink::AbortSession(Result reason) { return session_->end(reason); }
Result PushSink::Disconnect() { return session_->disconnect(); }
Result PushSink::write(std::span<const std::byte> asf) { return session_->write(asf); }
Result PushSink::wait_until(std::chrono::steady_clock::time_point until) {
  return session_->wait_until(until);
}
const Error& PushSink::last_error() const { return session_->last_error(); }
wmpush_stats PushSink::stats() const { return session_->stats(); }
const PublishingPointInfo& PushSink::publishing_point() const {
  return session_->publishing_point();
}

}  // namespace wmpush
