#include "sink/media_input.hpp"

#include <algorithm>
#include <random>
#include <string>

#include "asf/data_packet.hpp"
#include "asf/header.hpp"
#include "asf/header_trim.hpp"
#include "core/failure.hpp"

namespace wmpush {
namespace {

using wmhttp::Clock;
using State = wmhttp::PushEngine::State;

asf::Guid random_id() {
  std::random_device device;
  asf::Guid id;
  for (std::byte& each : id) each = static_cast<std::byte>(device() & 0xFF);
  id.back() |= std::byte{1};  // a receiver may take an id that ends in zero for none
  return id;
}

}  // namespace

Error MediaInput::write(Bytes asf) {
  if (writing_ended_) return {Result::NS_E_INVALID_REQUEST, 0, 0, "data after OnEndWriting"};
  bytes_accepted_ += asf.size();
  splitting_ = true;
  asf::Splitter::Unit unit;
  Error error;
  do {
    error = splitter_.next(asf, unit);
    if (error) input_error_ = copy_of(error);
    if (!error) error = accept(unit);
  } while (!error && unit.kind != asf::Splitter::Kind::None);
  return error;
}

Error MediaInput::accept(const asf::Splitter::Unit& unit) {
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
  return copy_of(engine_.error());
}

Error MediaInput::header(Bytes header) {
  if (writing_ended_) return {Result::NS_E_INVALID_REQUEST, 0, 0, "OnHeader after OnEndWriting"};
  bytes_accepted_ += header.size();
  return send_header(header);
}

Error MediaInput::packet(Bytes packet) {
  if (writing_ended_) return {Result::NS_E_INVALID_REQUEST, 0, 0, "OnDataUnit after OnEndWriting"};
  bytes_accepted_ += packet.size();
  return send_packet(packet);
}

Error MediaInput::end_writing() {
  writing_ended_ = true;
  if (splitting_) input_error_ = splitter_.finish();
  return copy_of(input_error_);
}

const Error& MediaInput::check_whole() {
  if (splitting_ && !input_error_) input_error_ = splitter_.finish();
  return input_error_;
}

/// What a receiver takes, and no more than the protocol allows.
std::size_t MediaInput::header_room() const {
  const std::size_t most = engine_.header_limit();
  return settings_.max_header > 0 ? std::min(most, settings_.max_header) : most;
}

/// Makes a header fit for a live push, and for its receiver.
Error MediaInput::fix_header(Bytes header, std::vector<std::byte>& fixed) const {
  const std::size_t room = header_room();
  asf::HeaderFixup fixup;
  fixup.fresh_id = random_id();
  fixup.configured_bitrate = settings_.max_bitrate;
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
    log_.write(WMPUSH_LOG_WARNING, "left out of the ASF header, so that it has no more than " +
                                       std::to_string(room) + " bytes: " + asf::text_of(left_out));
  return {};
}

Error MediaInput::send_header(Bytes header) {
  std::vector<std::byte> fixed;
  if (settings_.fix_header) {
    if (Error error = fix_header(header, fixed)) return error;
    header = fixed;
  }
  if (header.size() > header_room())
    return {
        Result::NS_E_INVALID_DATA, 0, 0,
        "the ASF header has " + std::to_string(header.size()) + " bytes where " +
            std::to_string(header_room()) + " are the most" +
            (settings_.fix_header ? ", even without pictures and other metadata: leave out streams"
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
  if (Error error = engine_.header(header, {parsed.packet_size, bitrate}, Clock::now()))
    return error;
  if (congestion_) congestion_->take_header(parsed);
  tell_of_limits(header.size(), parsed.packet_size);
  last_send_time_.reset();  // an entry of a playlist counts its times for itself
  return {};
}

/// What the protocol allows is more than some relays and players can take, who then say nothing.
void MediaInput::tell_of_limits(std::size_t header, std::uint32_t packet) const {
  constexpr std::size_t kSomePlayers = 16384;
  if (header > wmhttp::kCommonPayload)
    log_.write(header > kSomePlayers ? WMPUSH_LOG_WARNING : WMPUSH_LOG_INFO,
               "an ASF header of " + std::to_string(header) +
                   " bytes: some receivers take 8192 and some players 16384 at the most; if yours "
                   "plays nothing, leave out metadata or streams");
  if (packet > wmhttp::kCommonPayload)
    log_.write(WMPUSH_LOG_INFO, "data packets of " + std::to_string(packet) +
                                    " bytes: some receivers take 8192 at the most; if yours plays "
                                    "nothing, use a smaller -packet_size");
}

Error MediaInput::send_packet(Bytes packet) {
  ++packets_accepted_;
  if (congestion_) {
    packet = congestion_->admit(packet, engine_.unsent_bytes());
    if (std::string text = congestion_->take_note(); !text.empty())
      log_.write(WMPUSH_LOG_WARNING, text);
    if (packet.empty()) return {};
  }
  asf::StrippedPacket out = asf::strip_padding(packet);
  if (!settings_.strip_padding) {
    out.head_size = out.removed = 0;
    out.rest = packet;
  }
  if (Error error = engine_.packet(out.head(), out.rest, Clock::now())) return error;
  padding_bytes_ += out.removed;
  if (out.malformed) {
    if (packets_malformed_++ == 0)
      log_.write(WMPUSH_LOG_WARNING,
                 "data packet " + std::to_string(packets_accepted_) +
                     " is damaged: it and others like it are sent as they came");
  } else {
    // Send times wrap after 49 days.
    const auto step =
        static_cast<std::int32_t>(out.send_time - last_send_time_.value_or(out.send_time));
    if (step > 0) duration_ += std::int64_t{1000} * step;
    last_send_time_ = out.send_time;
  }
  return {};
}

void MediaInput::add_to(wmpush_stats& stats) const {
  stats.bytes_accepted = bytes_accepted_;
  stats.packets_accepted = packets_accepted_;
  stats.packets_malformed = packets_malformed_;
  stats.padding_bytes = padding_bytes_;
  stats.duration = duration_;
  stats.packets_dropped = congestion_ ? congestion_->dropped() : 0;
  stats.input_ended = splitting_ && splitter_.ended() ? 1 : 0;
}

}  // namespace wmpush
