#include "pubpoint/push/push_session.hpp"

#include <algorithm>
#include <utility>

#include "asf/data_packet.hpp"
#include "asf/header.hpp"

namespace wmpush::pubpoint {
namespace {

using wmhttp::Frame;
using wmhttp::FrameId;

/// Packet size that an ASF header declares, when it has the form that $H and $C must have: a whole
/// Header Object, then the first 50 bytes of the Data Object. Otherwise `why` says what is wrong.
std::optional<std::uint32_t> declared_packet_size(Bytes bytes, std::string& why) {
  asf::Header header;
  if (Error error = asf::parse_header(bytes, header)) {
    why = std::move(error.message);
    return std::nullopt;
  }
  if (header.data_object + asf::kDataObjectHeadSize != bytes.size() || header.data_object == 0) {
    why = "the ASF header does not end with the first 50 bytes of its Data Object";
    return std::nullopt;
  }
  return header.packet_size;
}

/// A live stream is never silent for so long.
constexpr std::chrono::seconds kSilence{1};
/// What an encoder may send at once at its beginning, or after a loss.
constexpr std::chrono::seconds kBurst{10};

}  // namespace

PushSession::PushSession(std::string id, std::string point, Clock::time_point now)
    : last_content_(now), last_request_(now) {
  report_.push_id = std::move(id);
  report_.point = std::move(point);
  report_.running = true;
}

void PushSession::set_up(const PushRequest& request, std::string peer, Clock::time_point now) {
  report_.user_agent = request.user_agent;
  report_.peer = std::move(peer);
  last_request_ = now;
}

void PushSession::start(const PushRequest& request, std::string peer, Clock::time_point now) {
  report_.peer = std::move(peer);
  report_.user_agent = request.user_agent;
  report_.receiving = true;
  if (++report_.push_starts == 1) started_ = now;
  reader_ = {};
  remaining_ = request.content_length;
  if (std::exchange(waits_for_resume_, false)) recent_.resume();
  last_content_ = now;
}

bool PushSession::silent(Clock::time_point now) const { return now - last_content_ >= kSilence; }

bool PushSession::ahead(Clock::time_point now) const {
  return report_.media > now - started_ + kBurst;
}

PushSession::Step PushSession::fail(std::string rule, std::string text) {
  refusal_.breach = {std::move(rule), std::move(text)};
  return Step::Breach;
}

PushSession::Step PushSession::fail(const std::string& sentence) {
  constexpr std::size_t kId = 3;  // "F01: ..."
  return fail(sentence.substr(0, kId), sentence.substr(std::min(kId + 2, sentence.size())));
}

PushSession::Step PushSession::next(Bytes& input, Frame& frame, Clock::time_point now) {
  const Bytes body =
      input.first(static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), remaining_)));
  Bytes rest = body;
  const auto status = reader_.next(rest, frame);
  const std::size_t taken = body.size() - rest.size();
  input = input.subspan(taken);
  remaining_ -= taken;

  if (status == wmhttp::FrameReader::Status::Breach) return fail(reader_.breach());
  if (status == wmhttp::FrameReader::Status::NeedMore) {
    if (remaining_ > 0) return Step::NeedMore;
    if (reader_.pending() > 0)
      return fail("F07", "Content-Length is used up in the middle of a frame");
    report_.receiving = false;
    last_request_ = now;
    return Step::LengthUsedUp;
  }
  if (const std::string breach = order_.accept(frame.id, frame.reason); !breach.empty())
    return fail(breach);
  switch (frame.id) {
    case FrameId::Header:
    case FrameId::StreamChange:
      if (!take_header(frame, now)) return Step::Breach;
      last_content_ = now;
      break;
    case FrameId::Data:
      if (!take_packet(frame)) return Step::Breach;
      last_content_ = now;
      break;
    case FrameId::End:
      if (frame.reason != wmhttp::kReasonNextEntry) {
        report_.end_of_stream = true;
        report_.end_reason = frame.reason;
      }
      break;
    case FrameId::Filler:
      break;
  }
  return Step::Frame;
}

bool PushSession::take_header(const Frame& frame, Clock::time_point now) {
  if (now - minute_ >= std::chrono::minutes(1)) {
    minute_ = now;
    entries_this_minute_ = 0;
  }
  if (++entries_this_minute_ > entries_per_minute_ && entries_per_minute_ > 0) {
    fail("F05", "more than " + std::to_string(entries_per_minute_) + " entries in a minute");
    refusal_.status = 503;
    refusal_.limit = Limit::EntriesPerMinute;
    return false;
  }
  std::string why;
  const auto packet_size = declared_packet_size(frame.payload, why);
  if (!packet_size) {
    fail(frame.id == FrameId::Header ? "F02" : "F05", std::move(why));
    return false;
  }
  if (send_time_) media_before_ = report_.media;  // an entry counts its times for itself
  send_time_.reset();
  packet_size_ = *packet_size;
  recent_.forget();
  ++report_.entries;
  report_.bytes += frame.payload.size();
  header_.assign(frame.payload.begin(), frame.payload.end());
  for (const auto& consumer : consumers_) consumer->on_header(frame.payload);
  return true;
}

bool PushSession::take_packet(const Frame& frame) {
  if (frame.payload.empty() || frame.payload.size() > packet_size_) {
    fail("F03", "a $D with " + std::to_string(frame.payload.size()) +
                    " bytes where the header says packets of " + std::to_string(packet_size_));
    return false;
  }
  if (recent_.repeats(frame.payload)) {
    ++report_.packets_repeated;
    return true;
  }
  ++report_.packets;
  report_.bytes += frame.payload.size();
  asf::DataPacket head;
  if (asf::DataPacket::parse(frame.payload, head)) {
    if (!send_time_) send_time_.emplace(head.send_time, 0);
    const std::chrono::milliseconds since_first(send_time_->advance(head.send_time));
    if (since_first.count() > 0) report_.media = media_before_ + since_first;
  }
  for (const auto& consumer : consumers_) consumer->on_packet(frame.payload);
  return true;
}

void PushSession::connection_lost() {
  report_.receiving = false;
  waits_for_resume_ = true;
}

std::optional<PushSession::Expiry> PushSession::expired(
    Clock::time_point now, std::chrono::milliseconds idle,
    std::chrono::milliseconds inactivity) const {
  const auto text = [](std::chrono::milliseconds limit) {
    return std::to_string(limit.count()) + " ms";
  };
  if (report_.receiving && now - last_content_ >= idle)
    return Expiry{408, "no data for " + text(idle)};
  if (waits_for_resume_ && now - last_content_ >= idle)
    return Expiry{0, "the connection was lost, and not resumed within " + text(idle)};
  if (!report_.receiving && !waits_for_resume_ && now - last_request_ >= inactivity)
    return Expiry{0, "no request for " + text(inactivity)};
  return std::nullopt;
}

void PushSession::end(std::string because, bool ends_stream) {
  if (over()) return;
  over_ = true;
  report_.running = false;
  report_.receiving = false;
  report_.ended_because = std::move(because);
  report_.end_of_stream = report_.end_of_stream || ends_stream;
  for (const auto& consumer : consumers_) consumer->on_end(report_);
  consumers_.clear();
}

void PushSession::add_recordings(const std::vector<std::filesystem::path>& files,
                                 const std::string& recording_error) {
  report_.recordings.insert(report_.recordings.end(), files.begin(), files.end());
  if (!report_.recordings.empty()) report_.recording = report_.recordings.front();
  if (!recording_error.empty()) report_.recording_error = recording_error;
}

std::unique_ptr<StreamConsumer> PushSession::remove_consumer(const StreamConsumer* consumer) {
  const auto found = std::ranges::find(consumers_, consumer, &std::unique_ptr<StreamConsumer>::get);
  if (found == consumers_.end()) return nullptr;
  std::unique_ptr<StreamConsumer> removed = std::move(*found);
  consumers_.erase(found);
  return removed;
}

}  // namespace wmpush::pubpoint
