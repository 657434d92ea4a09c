#include "pubpoint/recording.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "asf/payload.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::size_t kBufferSize = 256 * 1024;
/// A push whose clock has run for longer than this when it begins is recorded from zero on: players
/// take times in an ASF file as counted from its start.
constexpr std::uint32_t kLateStart = 10'000;   // ms
constexpr std::uint64_t kTicksPerMs = 10'000;  // of 100 ns

// Positions in File Properties (ASF 3.2) and in the Data Object (ASF 5.1).
constexpr std::size_t kFileSizeAt = 40;
constexpr std::size_t kPacketCountAt = 56;
constexpr std::size_t kPlayDurationAt = 64;
constexpr std::size_t kSendDurationAt = 72;
constexpr std::size_t kFlagsAt = 88;
constexpr std::size_t kDataSizeAt = 16;
constexpr std::size_t kDataPacketsAt = 40;

}  // namespace

bool RecordingFile::create(const std::filesystem::path& path) {
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
  error_ = file_ < 0 ? errno : 0;
  if (file_ >= 0) buffer_.reserve(kBufferSize);
  return file_ >= 0;
}

bool RecordingFile::write_all(Bytes bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      error_ = written < 0 ? errno : ENOSPC;
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return true;
}

void RecordingFile::append(Bytes bytes) {
  if (error_ != 0) return;
  if (buffer_.size() + bytes.size() > kBufferSize) flush();
  if (error_ == 0) wmpush::append(buffer_, bytes);
}

void RecordingFile::flush() {
  if (error_ != 0 || buffer_.empty()) return;
  const std::size_t size = buffer_.size();
  if (write_all(buffer_, flushed_)) flushed_ += size;
  buffer_.clear();
}

void RecordingFile::truncate(std::uint64_t size) {
  buffer_.clear();
  flushed_ = size;
  if (::ftruncate(file_, static_cast<off_t>(size)) != 0 && error_ == 0) error_ = errno;
}

void RecordingFile::patch(std::uint64_t at, Bytes bytes) { write_all(bytes, at); }

void RecordingFile::close() {
  if (file_ >= 0 && ::close(file_) != 0 && error_ == 0) error_ = errno;
  file_ = -1;
}

Recording::Recording(const std::filesystem::path& path, Bytes header) : path_(path) {
  if (const Error error = asf::parse_header(header, header_)) {
    error_ = "cannot record: " + error.message;
    return;
  }
  if (!file_.create(path)) {
    check_file("make");
    return;
  }
  file_.append(header);
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
  check_file("write");
}

void Recording::flush() {
  if (!error_.empty()) return;
  file_.flush();
  check_file("write");
}

void Recording::take_times(const asf::DataPacket& head) {
  if (!base_) base_ = head.send_time >= kLateStart ? head.send_time : 0;
  const auto moved = [&](std::uint32_t time) { return time - std::min(time, *base_); };
  note_send_time(moved(head.send_time), head.duration);

  const auto number = static_cast<std::uint32_t>(packets_);
  asf::PayloadReader payloads(packet_, head);
  std::size_t moved_at = 0;
  for (asf::Payload payload; payloads.next(payload);) {
    const std::uint32_t time = moved(payload.presentation_time);
    const std::size_t at = payload.presentation_time_at;
    if (*base_ != 0 && at != 0 && at != moved_at) {
      store_le(packet_, at, time);
      moved_at = at;  // the objects that share a payload have one field
    }
    const auto index = indexes_.find(payload.stream);
    if (payload.offset != 0) {
      if (index != indexes_.end()) index->second.note_part(number, payload.media_object);
      continue;
    }
    note_object(payload.stream, time);
    if (index == indexes_.end()) continue;
    if (payload.key_frame) index->second.begin_key_frame(time, number, payload.media_object);
    index->second.advance(time);
  }
  if (*base_ != 0)
    store_le(packet_, head.padding_length_at + head.padding_length_size, moved(head.send_time));
}

void Recording::note_send_time(std::uint32_t time, std::uint32_t duration) {
  if (!first_send_) first_send_ = time;
  last_send_ = std::max(last_send_, time + duration);
}

void Recording::note_object(std::uint8_t number, std::uint32_t time) {
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
  if (!error_.empty()) {
    // The file ends with its last whole packet then; one without a whole header is left as it is.
    if (file_.flushed() >= header_size) {
      packets_ = (file_.flushed() - header_size) / header_.packet_size;
      file_.truncate(header_size + packets_ * header_.packet_size);
      patch_header(packets_, file_.flushed());
    }
    file_.close();
    return;
  }
  std::uint64_t size = file_.flushed();
  for (auto& [stream, index] : indexes_)
    if (!index.empty()) file_.append(index.take(header_.file_id));
  file_.flush();
  if (file_.error() != 0)
    file_.truncate(size);
  else
    size = file_.flushed();
  patch_header(packets_, size);
  file_.close();
  check_file("finish");
}

void Recording::patch_header(std::uint64_t packets, std::uint64_t file_size) {
  std::uint64_t end = 0;  // of the presentation, ms
  for (const StreamTime& stream : times_)
    if (stream.seen) end = std::max(end, std::uint64_t{stream.latest} + stream.step);
  const std::uint64_t play = earliest_ ? end - *earliest_ + header_.preroll : 0;
  const std::uint64_t send = last_send_ - first_send_.value_or(last_send_);
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
