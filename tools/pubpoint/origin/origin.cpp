#include "pubpoint/origin/origin.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "pubpoint/origin/origin_pull.hpp"
#include "pubpoint/point/stream_item.hpp"

namespace wmpush::pubpoint {
namespace {

Error parse(std::string_view text, wmhttp::PushUrl& url) {
  return wmhttp::parse_url(
      text, [](std::string_view) { return false; }, url);
}

}  // namespace

std::string check_origin(std::string_view text) {
  wmhttp::PushUrl url;
  if (!text.starts_with("http://") && !text.starts_with("https://"))
    return "an origin is a URL that begins with http:// or https://";
  if (Error error = parse(text, url)) return error.message;
  if (!url.user.empty() || url.password)
    return "the URL of an origin takes no user and no password: let it ask for a token, in the "
           "query, or admit the address";
  return {};
}

Origin::Origin(OriginSettings settings, ClientThread& thread, Surroundings around)
    : settings_(std::move(settings)),
      thread_(thread),
      around_(std::move(around)),
      delay_(settings_.first_delay, settings_.longest_delay) {
  static_cast<void>(parse(settings_.url, url_));
  numbers_.url = settings_.url.substr(0, settings_.url.find('?'));
}

Origin::~Origin() {
  if (pull_) pull_->abandon();
}

void Origin::want(bool wanted) {
  if (wanted) {
    unwatched_since_.reset();
    if (!pull_ && around_.now() >= try_at_) start();
    return;
  }
  if (!pull_) return;
  if (!unwatched_since_) unwatched_since_ = around_.now();
  if (around_.now() - *unwatched_since_ >= settings_.linger) stop();
}

void Origin::start() {
  const std::uint64_t number = ++numbers_.pulls;
  reader_ = {};
  // Of what comes when it has been given up, or we have gone, nobody hears.
  const auto current = [this, number, there = std::weak_ptr<void>(there_)] {
    return !there.expired() && pull_ && numbers_.pulls == number;
  };
  OriginPull::Events events;
  events.bytes = [this, post = around_.post, current, number](std::vector<std::byte> bytes) {
    post([this, current, number, bytes = std::move(bytes)] {
      if (current()) take(number, bytes);
    });
  };
  events.over = [this, post = around_.post, current](const std::string& why) {
    post([this, current, why] {
      if (current()) lose(why);
    });
  };
  pull_ = OriginPull::start(thread_, url_, std::move(events));
}

void Origin::take(std::uint64_t pull, const std::vector<std::byte>& bytes) {
  PulledFrame frame;
  for (Bytes input = bytes;;) {
    switch (reader_.next(input, frame)) {
      case PulledFrameReader::Status::Broken:
        return lose(reader_.fault());
      case PulledFrameReader::Status::NeedMore:
        if (pull_ && numbers_.pulls == pull) pull_->go_on();
        return;
      case PulledFrameReader::Status::Frame:
        break;
    }
    switch (frame.what) {
      case PulledFrame::What::Header:
        if (!EntryHeader::parse(frame.payload)) return lose("its header is none of ASF");
        if (!feed_) feed_ = around_.feed();
        numbers_.streaming = true;
        feed_->on_header(frame.payload);
        break;
      case PulledFrame::What::Packet:
        if (!feed_) break;
        delay_.reset();
        feed_->on_packet(frame.payload);
        break;
      case PulledFrame::What::End:
        return end(frame.reason);
    }
  }
}

/// The origin's stream is over. One that broke off may go on there.
void Origin::end(std::uint32_t reason) {
  if ((reason & 0x80000000u) != 0) {
    char text[48];
    std::snprintf(text, sizeof text, "its stream broke off: 0x%08X", static_cast<unsigned>(reason));
    return lose(text);
  }
  over(true, reason);
  try_at_ = around_.now() + settings_.first_delay;
}

void Origin::lose(const std::string& why) {
  around_.log(why);
  over(false, 0);
  try_at_ = around_.now() + delay_.next();
}

/// Nobody watches any more.
void Origin::stop() {
  over(true, 0);
  try_at_ = {};
}

void Origin::over(bool end_of_stream, std::uint32_t reason) {
  std::exchange(pull_, nullptr)->abandon();
  unwatched_since_.reset();
  numbers_.streaming = false;
  if (!feed_) return;
  SessionReport report;
  report.end_of_stream = end_of_stream;
  report.end_reason = reason;
  std::exchange(feed_, nullptr)->on_end(report);
}

}  // namespace wmpush::pubpoint
