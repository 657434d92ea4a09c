#include "pubpoint/record/recording.hpp"

#include <algorithm>
#include <system_error>

#include "asf/payload.hpp"

namespace wmpush::pubpoint {
namespace {

/// A push whose clock has run for longer than this when it begins is recorded from zero on: players
/// take times in an ASF file as counted from its start.
constexpr std::uint32_t kLateStart = 10'000;   // ms
constexpr std::uint64_t kTicksPerMs = 10'000;  // of 100 ns
/// What a push of few packets may have in its indexes: an hour of silence, and a minute for each
/// packet. More comes of times that no encoder means, and the entries are set further apart.
constexpr std::uint64_t kEntriesAtFirst = 3600;
constexpr std::uint64_t kEntriesPerPacket = 60;

// Positions in File Properties (ASF 3.2) and in the Data Object (ASF 5.1).
constexpr std::size_t kFileSizeAt = 40;
constexpr std::size_t kPacketCountAt = 56;
constexpr std::size_t kPlayDurationAt = 64;
constexpr std::size_t kSendDurationAt = 72;
constexpr std::size_t kFlagsAt = 88;
constexpr std::size_t kDataSizeAt = 16;
constexpr std::size_t kDataPacketsAt = 40;

}  // namespace

bool may_begin_file(const asf::Header& header, Bytes packet) {
  const auto is_video = [](const asf::Stream& stream) { return stream.type == asf::kVideoMedia; };
  if (std::ranges::none_of(header.streams, is_video)) return true;
  asf::DataPacket head;
  if (!asf::DataPacket::parse(packet, head)) return false;
  asf::PayloadReader payloads(packet, head);
  for (asf::Payload payload; payloads.next(payload);)
    if (payload.key_frame && payload.offset == 0 &&
        std::ranges::any_of(header.streams, [&](const asf::Stream& stream) {
          return is_video(stream) && stream.number == payload.stream;
        }))
      return true;
  return false;
}

Recording::Recording(const std::filesystem::path& path, Bytes header, Begins begins)
    : path_(path), begins_(begins) {
  if (const Error error = asf::parse_header(header, header_)) {
    error_ = "cannot record: " + error.message;
    return;
  }
  if (!file_.create(path)) {
    check_file("make");
    return;
  }
  file_.append(header);
  file_.flush();
  check_file("write");
  packet_.reserve(header_.packet_size);
  for (const asf::Stream& stream : header_.streams)
    if (stream.type == asf::kVideoMedia) indexes_.try_emplace(stream.number);
}

void Recording::check_file(const char* doing) {
  if (file_.error() == 0 || !error_.empty()) return;
  error_ = std::string("cannot ") + doing + " " + path_.string() + ": " +
           std::system_category().message(file_.error());
}

void Recording::add(Bytes packet) {
  if (!error_.empty()) return;
  asf::pad_packet(packet, header_.packet_size, packet_);
  asf::DataPacket head;
  if (asf::DataPacket::parse(packet_, head)) take_times(head);
  file_.append(packet_);
  ++packets_;
  note_extent();
  check_file("write");
}

Recording::Extent Recording::extent() const {
  Extent extent{last_send_, 0};
  for (const StreamTime& stream : times_)
    if (stream.seen) extent.end = std::max(extent.end, stream.latest + stream.step);
  return extent;
}

void Recording::note_extent() {
  extents_.push_back(extent());
  const std::uint64_t in_file = std::min(packets_in_file(), packets_);
  if (in_file == extents_from_) return;
  extents_.erase(extents_.begin(),
                 extents_.begin() + static_cast<std::ptrdiff_t>(in_file - extents_from_));
  extents_from_ = in_file;
}

std::uint64_t Recording::packets_in_file() const {
  const std::uint64_t head = header_.data_object + asf::kDataObjectHeadSize;
  return file_.flushed() <= head ? 0 : (file_.flushed() - head) / header_.packet_size;
}

void Recording::flush() {
  if (!error_.empty()) return;
  file_.flush();
  check_file("write");
  check_place();
}

void Recording::check_place() {
  if (path_.empty() || !file_.open()) return;
  std::filesystem::path now = file_.whereabouts(path_);
  if (now.empty() && error_.empty())
    error_ = "cannot record into " + path_.string() + ": it was removed while it was written";
  path_ = std::move(now);
}

std::chrono::milliseconds Recording::duration() const {
  return std::chrono::milliseconds(last_send_ - first_send_.value_or(last_send_));
}

std::size_t Recording::entries_allowed() const {
  const std::uint64_t all =
      std::min<std::uint64_t>(kEntriesAtFirst + kEntriesPerPacket * packets_, kMaxIndexEntries);
  return static_cast<std::size_t>(all) / std::max<std::size_t>(indexes_.size(), 1);
}

void Recording::take_times(const asf::DataPacket& head) {
  if (!time_) {
    const bool from_zero = begins_ == Begins::InTheMiddle || head.send_time >= kLateStart;
    time_.emplace(head.send_time, from_zero ? 0 : head.send_time);
  }
  time_->advance(head.send_time);
  // Nothing is before the file: a time that says so becomes its beginning.
  const auto moved = [&](std::uint32_t time) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(time_->at(time), 0));
  };
  const auto store = [&](std::size_t at, std::uint32_t old, std::uint64_t time) {
    if (static_cast<std::uint32_t>(time) != old)
      store_le(packet_, at, static_cast<std::uint32_t>(time));
  };
  note_send_time(moved(head.send_time), head.duration);

  const auto number = static_cast<std::uint32_t>(packets_);
  asf::PayloadReader payloads(packet_, head);
  std::size_t moved_at = 0;
  for (asf::Payload payload; payloads.next(payload);) {
    const std::uint64_t time = moved(payload.presentation_time);
    const std::size_t at = payload.presentation_time_at;
    if (at != 0 && at != moved_at) {
      store(at, payload.presentation_time, time);
      moved_at = at;  // the objects that share a payload have one field
    }
    const auto index = indexes_.find(payload.stream);
    if (payload.offset != 0) {
      if (index != indexes_.end()) index->second.note_part(number, payload.media_object);
      continue;
    }
    note_object(payload.stream, time);
    if (index == indexes_.end()) continue;
    if (payload.key_frame) {
      index->second.allow(entries_allowed());
      index->second.begin_key_frame(time, number, payload.media_object);
    }
    index->second.advance(time);
  }
  store(head.padding_length_at + head.padding_length_size, head.send_time, moved(head.send_time));
}

void Recording::note_send_time(std::uint64_t time, std::uint32_t duration) {
  if (!first_send_) first_send_ = time;
  last_send_ = std::max(last_send_, time + duration);
}

void Recording::note_object(std::uint8_t number, std::uint64_t time) {
  earliest_ = std::min(earliest_.value_or(time), time);
  StreamTime& stream = times_[number];
  if (stream.seen && time <= stream.latest) return;
  stream.step = stream.seen ? time - stream.latest : 0;
  stream.latest = time;
  stream.seen = true;
}

void Recording::finish() {
  const std::uint64_t header_size = header_.data_object + asf::kDataObjectHeadSize;
  file_.flush();
  check_file("write");
  check_place();
  if (!error_.empty()) {
    // The file ends with its last whole packet then; one without a whole header is left as it is.
    if (file_.flushed() >= header_size) {
      packets_ = packets_in_file();
      file_.truncate(header_size + packets_ * header_.packet_size);
      patch_header(extents_.at(packets_ - extents_from_), packets_, file_.flushed());
    }
    file_.close();
    return;
  }
  std::uint64_t size = file_.flushed();
  for (auto& [stream, index] : indexes_) {
    if (index.empty()) continue;
    index.allow(entries_allowed());
    file_.append(index.take(header_.file_id));
  }
  file_.flush();
  if (file_.error() != 0)
    file_.truncate(size);
  else
    size = file_.flushed();
  patch_header(extent(), packets_, size);
  file_.close();
  check_file("finish");
}

void Recording::patch_header(const Extent& extent, std::uint64_t packets, std::uint64_t file_size) {
  const std::uint64_t end = std::max(extent.end, earliest_.value_or(0));
  const std::uint64_t play = earliest_ ? end - *earliest_ + header_.preroll : 0;
  const std::uint64_t send =
      extent.last_send - std::min(extent.last_send, first_send_.value_or(extent.last_send));
  const auto put = [&](std::uint64_t at, auto value) {
    std::array<std::byte, sizeof value> bytes{};
    store_le(MutableBytes(bytes), 0, value);
    file_.patch(at, bytes);
  };
  const std::uint64_t properties = header_.file_properties;
  put(properties + kFileSizeAt, file_size);
  put(properties + kPacketCountAt, packets);
  put(properties + kPlayDurationAt, play * kTicksPerMs);
  put(properties + kSendDurationAt, send * kTicksPerMs);
  put(properties + kFlagsAt, (header_.flags & ~asf::Header::kBroadcast) | asf::Header::kSeekable);
  put(header_.data_object + kDataSizeAt,
      std::uint64_t{asf::kDataObjectHeadSize} + packets * header_.packet_size);
  put(header_.data_object + kDataPacketsAt, packets);
}

}  // namespace wmpush::pubpoint
