#include "wmpush/push_session.hpp"

#include "sink/session.hpp"

namespace wmpush {

PushSession::PushSession(const wmpush_options& options)
    : session_(std::make_unique<Session>(&options)) {}
PushSession::PushSession() : session_(std::make_unique<Session>(nullptr)) {}
PushSession::~PushSession() = default;
PushSession::PushSession(PushSession&&) noexcept = default;
PushSession& PushSession::operator=(PushSession&&) noexcept = default;

Result PushSession::start(std::string_view url, std::string_view template_url, bool auto_destroy) {
  return session_->start(url, template_url, auto_destroy);
}
PushSession::Wants PushSession::wants() const {
  const net::Wait wait = session_->wait();
  return {wait.descriptor, wait.events, wait.until};
}
Result PushSession::perform() {
  const Result result = session_->perform();
  return result == Result::S_OK && session_->pending() ? Result::E_PENDING : result;
}
Result PushSession::write(std::span<const std::byte> asf) { return session_->write(asf); }
Result PushSession::on_header(std::span<const std::byte> header) {
  return session_->on_header(header);
}
Result PushSession::on_data_unit(std::span<const std::byte> packet) {
  return session_->on_data_unit(packet);
}
Result PushSession::on_end_writing() { return session_->on_end_writing(); }
Result PushSession::end_start(Result reason) { return session_->end_start(reason); }
Result PushSession::disconnect() { return session_->disconnect(); }
Result PushSession::cancel() { return session_->cancel(); }
const Error& PushSession::last_error() const { return session_->last_error(); }
wmpush_stats PushSession::stats() const { return session_->stats(); }
const PublishingPointInfo& PushSession::publishing_point() const {
  return session_->publishing_point();
}

}  // namespace wmpush
