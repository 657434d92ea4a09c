#include "pubpoint/recorder.hpp"

#include <algorithm>

namespace wmpush::pubpoint {
namespace {

constexpr std::size_t kLongestPart = 100;

std::string safe(const std::string& text) {
  std::string name;
  for (const char c : text.substr(0, kLongestPart)) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || (c == '.' && !name.empty());
    if (good)
      name += c;
    else if (!name.empty())
      name += '_';
  }
  return name.empty() ? "push" : name;
}

}  // namespace

std::string recording_name(const std::string& point, const std::string& push_id) {
  return safe(point) + "-" + safe(push_id);
}

Recorder::Recorder(std::filesystem::path directory, std::string name,
                   std::function<void(const std::string&)> log)
    : directory_(std::move(directory)), name_(std::move(name)), log_(std::move(log)) {}

void Recorder::on_header(Bytes header) {
  finish();
  ++entry_;
  // A file that exists is never touched: the next number is tried.
  for (unsigned number = entry_;; ++number) {
    path_ = directory_ / (name_ + (number > 1 ? "-" + std::to_string(number) : "") + ".asf");
    std::error_code ignored;
    if (!std::filesystem::exists(std::filesystem::symlink_status(path_, ignored))) {
      entry_ = number;
      break;
    }
  }
  recording_ = std::make_unique<Recording>(path_, header);
  if (recording_->error().empty()) return;
  report_error();
  recording_.reset();
}

void Recorder::report_error() {
  if (error_.empty()) error_ = recording_->error();
  log_(recording_->error());
}

void Recorder::on_packet(Bytes packet) {
  if (!recording_) return;
  const bool good = recording_->error().empty();
  recording_->add(packet);
  if (good && !recording_->error().empty()) report_error();
}

void Recorder::flush() {
  if (!recording_) return;
  const bool good = recording_->error().empty();
  recording_->flush();
  if (good && !recording_->error().empty()) report_error();
}

void Recorder::finish() {
  if (!recording_) return;
  const bool good = recording_->error().empty();
  recording_->finish();
  if (good && !recording_->error().empty()) report_error();
  recording_.reset();
  finished_.push_back(path_);
}

void Recorder::on_end(SessionReport& report) {
  finish();
  if (!finished_.empty()) report.recording = finished_.front();
  report.recordings = finished_;
  report.recording_error = error_;
}

}  // namespace wmpush::pubpoint
