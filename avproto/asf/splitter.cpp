#include "asf/splitter.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include "asf/guid.hpp"
#include "asf/header.hpp"
#include "asf/unfinished_header.hpp"

namespace wmpush::asf {
namespace {

constexpr std::size_t kGuidSize = 16;
constexpr std::size_t kObjectHeadSize = 24;
constexpr std::size_t kChunkHeadSize = 12;
constexpr std::size_t kChunkLengthExtra = 8;  // of the chunk head, what its length counts
constexpr std::size_t kPacketCountAt = 40;    // in the Data Object

constexpr std::byte kDollar{'$'};
constexpr std::byte kHeaderChunk{'H'};
constexpr std::byte kDataChunk{'D'};
constexpr std::byte kEndChunk{'E'};
// What only the framing of a pull has (MS-WMHTTP 2.2.3), which a capture of one shows.
constexpr std::byte kMetadataChunk{'M'};
constexpr std::byte kChangeChunk{'C'};
constexpr std::size_t kShortChunkSize = 8;    // $E and $C there
constexpr std::size_t kShortChunkLength = 4;  // as their length says it

constexpr std::array kIndexes = {kSimpleIndex, kIndex, kMediaObjectIndex, kTimecodeIndex};

/// What the first bytes of an input belong to, for someone who named the wrong muxer.
std::string_view guess(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  if (text.size() >= 8 && text.substr(4, 4) == "ftyp") return "an MP4 or QuickTime file";
  if (text.starts_with("\x1A\x45\xDF\xA3")) return "Matroska or WebM";
  if (text.starts_with("FLV")) return "FLV";
  if (text.starts_with("RIFF")) return "a RIFF file (AVI, WAV)";
  if (text.starts_with("OggS")) return "Ogg";
  if (text.starts_with("ID3") || text.starts_with("\xFF\xFB")) return "MP3";
  if (text.starts_with("\x47")) return "perhaps MPEG-TS";
  if (text.starts_with(std::string_view("\0\0\1\xBA", 4))) return "MPEG-PS";
  if (text.starts_with("<")) return "HTML or XML";
  return "something unknown";
}

/// `bytes` begins like `marker` as far as there are bytes.
bool begins_like(Bytes bytes, Bytes marker) {
  const std::size_t size = std::min(bytes.size(), marker.size());
  return std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size),
                    marker.begin());
}

/// The chunk of 12 bytes that libavformat puts behind a file when the output cannot seek: "$E", a
/// length of 8, a sequence number, no flags, the length again.
bool begins_like_end_chunk(Bytes bytes) {
  constexpr std::array<int, kChunkHeadSize> kPattern = {'$', 'E', 8, 0, -1, -1, -1, -1, 0, 0, 8, 0};
  const std::size_t size = std::min(bytes.size(), kPattern.size());
  for (std::size_t i = 0; i < size; ++i)
    if (kPattern[i] >= 0 && std::to_integer<int>(bytes[i]) != kPattern[i]) return false;
  return true;
}

/// The head of a chunk with an ASF header, as each entry of the chunked layout begins.
bool is_header_chunk_head(Bytes bytes) {
  return bytes.size() >= kChunkHeadSize && bytes[0] == kDollar && bytes[1] == kHeaderChunk &&
         load_le<std::uint16_t>(bytes, 2) == load_le<std::uint16_t>(bytes, 10);
}

std::string not_asf(Bytes bytes) {
  return "the input is not ASF but " + std::string(guess(bytes)) +
         ": mux with `-f asf` or `-f asf_stream`";
}

std::string not_asf_behind_tag() {
  return "the input is not ASF but MP3, or something else behind an ID3 tag: mux with `-f asf` or "
         "`-f asf_stream`";
}

std::string count_text(std::uint64_t count, std::string_view unit) {
  return std::to_string(count) + " " + std::string(unit);
}

Error truncated(const std::string& message) {
  return {Result::NS_E_INVALID_DATA, 0, 0, "the ASF input is truncated: " + message};
}

}  // namespace

Error Splitter::next(Bytes& input, Unit& unit) {
  unit = {};
  if (std::exchange(given_, false)) buffer_.clear();
  bool more = !error_;
  while (more && unit.kind == Kind::None) {
    switch (stage_) {
      case Stage::Start:
        more = start(input);
        break;
      case Stage::Tag:
        more = tag(input);
        break;
      case Stage::Header:
        more = file_header(input, unit);
        break;
      case Stage::Packets:
        more = packets(input, unit);
        break;
      case Stage::ChunkHead:
        more = chunk_head(input);
        break;
      case Stage::Chunk:
        more = chunk(input, unit);
        break;
      case Stage::Behind:
        more = behind(input);
        break;
      case Stage::Skip:
        more = skip(input);
        break;
      case Stage::Junk:
        input = {};
        more = false;
        break;
    }
  }
  return error_;
}

Error Splitter::finish() const {
  if (error_) return error_;
  const std::size_t have = given_ ? 0 : buffer_.size();
  switch (stage_) {
    case Stage::Start:
      if (have > 0 && !begins_like(buffer_, kHeaderObject))
        return {Result::NS_E_INVALID_DATA, 0, 0, not_asf(buffer_)};
      return truncated("it ends before the ASF header");
    case Stage::Tag:
      return truncated("it ends inside the ID3 tag before the ASF header");
    case Stage::Header:
      return header_missing();
    case Stage::Packets:
      if (have > 0)
        return truncated("it ends inside a data packet, of which " + std::to_string(have) + " of " +
                         count_text(packet_size_, "bytes") + " have come and are not sent");
      if (counted_ && packets_left_ > 0)
        return truncated(count_text(packets_left_, "data packets") +
                         " that the Data Object declares are missing");
      break;
    case Stage::ChunkHead:
      if (have > 0) return truncated("it ends inside a chunk head");
      break;
    case Stage::Chunk:
      if (chunk_type_ == kHeaderChunk) return header_missing();
      return truncated("it ends inside a chunk, of which " + std::to_string(have) + " of " +
                       count_text(chunk_left_, "bytes") + " have come and are not sent");
    case Stage::Behind:
    case Stage::Skip:
    case Stage::Junk:
      break;
  }
  return {};
}

Error Splitter::header_missing() const {
  const std::size_t have = given_ ? 0 : buffer_.size();
  if (have < kObjectHeadSize)
    return truncated("it ends inside the ASF header, of which " + count_text(have, "bytes") +
                     " have come");
  if (load_le<std::uint64_t>(buffer_, kGuidSize) == kUnknownSize) return unfinished_header(buffer_);
  return truncated(
      "it ends inside the ASF header, of which " + std::to_string(have) + " of " +
      count_text(load_le<std::uint64_t>(buffer_, kGuidSize) + kDataObjectHeadSize, "bytes") +
      " have come");
}

bool Splitter::ended() const {
  const bool next_entry =
      stage_ == Stage::Header || (stage_ == Stage::Chunk && chunk_type_ == kHeaderChunk);
  return ended_ && !next_entry && !error_;
}

std::size_t Splitter::packet_size() const { return packet_size_; }

/// An ID3v2 tag, which some programs put before any kind of file: "ID3", version, flags, and the
/// size of what follows these ten bytes in four bytes of seven bits (ID3v2.4.0, 3.1).
bool Splitter::begin_tag(Bytes& input) {
  constexpr std::size_t kHeadSize = 10;
  constexpr std::size_t kFlagsAt = 5;
  constexpr std::byte kFooter{0x10};
  if (!fill_to(kHeadSize, input)) return false;
  skip_left_ = (buffer_[kFlagsAt] & kFooter) != std::byte{0} ? kHeadSize : 0;
  std::uint64_t size = 0;
  for (std::size_t i = kFlagsAt + 1; i < kHeadSize; ++i)
    size = size << 7 | (std::to_integer<unsigned>(buffer_[i]) & 0x7F);
  skip_left_ += size;
  behind_tag_ = true;
  enter(Stage::Tag);
  return true;
}

bool Splitter::tag(Bytes& input) {
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(skip_left_, input.size()));
  input = input.subspan(taken);
  skip_left_ -= taken;
  if (skip_left_ > 0) return false;
  enter(Stage::Start);
  return true;
}

bool Splitter::start(Bytes& input) {
  constexpr std::array kTag = {std::byte{'I'}, std::byte{'D'}, std::byte{'3'}};
  if (!fill_to(2, input)) return false;
  if (buffer_[0] == kDollar && (buffer_[1] == kHeaderChunk || buffer_[1] == kMetadataChunk)) {
    layout_ = Layout::Chunked;
    stage_ = Stage::ChunkHead;
    return true;
  }
  if (begins_like(buffer_, kTag) && !fill_to(kTag.size(), input)) return false;
  if (!behind_tag_ && begins_like(buffer_, kTag)) return begin_tag(input);
  // All that tells what it is instead is waited for, so that the message does not hang on how the
  // input was cut.
  if (!fill_to(kGuidSize, input)) return false;
  if (begins_like(buffer_, kHeaderObject)) {
    layout_ = Layout::File;
    stage_ = Stage::Header;
    return true;
  }
  return fail(behind_tag_ ? not_asf_behind_tag() : not_asf(buffer_));
}

// ---------------------------------------------------------------------------------------------
// The file layout

bool Splitter::file_header(Bytes& input, Unit& unit) {
  if (!fill_to(kObjectHeadSize, input)) return false;
  const auto size = load_le<std::uint64_t>(buffer_, kGuidSize);
  if (size == kUnknownSize) return unfinished(input);
  if (!check_header_size(size)) return false;
  if (!fill_to(static_cast<std::size_t>(size) + kDataObjectHeadSize, input)) return false;
  if (!open_entry(buffer_)) return false;
  unit = {Kind::Header, buffer_};
  given_ = true;
  stage_ = Stage::Packets;
  return true;
}

/// All that may come of the header is waited for: where it stops tells why it is unfinished.
bool Splitter::unfinished(Bytes& input) {
  if (fill_to(limits_.header, input)) error_ = unfinished_header(buffer_);
  return false;
}

bool Splitter::check_header_size(std::uint64_t size) {
  if (size < kHeaderObjectHeadSize)
    return fail("the ASF header claims to have " + count_text(size, "bytes") +
                ", which is too few");
  if (size > limits_.header - kDataObjectHeadSize)
    return fail("the ASF header has " +
                count_text(std::min(size, kUnknownSize - kDataObjectHeadSize) + kDataObjectHeadSize,
                           "bytes") +
                "; " + std::to_string(limits_.header) +
                " are the most: leave out metadata, pictures or streams");
  return true;
}

/// Learns from a Header unit how the packets of its entry are to be found.
bool Splitter::open_entry(Bytes header) {
  Header parsed;
  if (Error error = parse_header(header, parsed)) {
    error_ = std::move(error);
    return false;
  }
  if (parsed.packet_size > limits_.packet)
    return fail("the packets of the ASF input have " + count_text(parsed.packet_size, "bytes") +
                "; " + std::to_string(limits_.packet) +
                " can be pushed at the most: use a smaller -packet_size");
  const Bytes data = header.last(kDataObjectHeadSize);
  packet_size_ = parsed.packet_size;
  // The Data Object's size is believed when it is a whole number of packets and the number of
  // packets beside it says the same.
  const auto data_size = load_le<std::uint64_t>(data, kGuidSize);
  const auto packet_count = load_le<std::uint64_t>(data, kPacketCountAt);
  packets_left_ = data_size > kDataObjectHeadSize && data_size != kUnknownSize
                      ? (data_size - kDataObjectHeadSize) / packet_size_
                      : 0;
  counted_ = layout_ == Layout::File && !parsed.broadcast() && packets_left_ > 0 &&
             (data_size - kDataObjectHeadSize) % packet_size_ == 0 &&
             (packet_count == 0 || packet_count == packets_left_);
  // Once for the entry, so that packets which come in pieces take no memory later.
  buffer_.reserve(packet_size_ + kChunkHeadSize);
  in_entry_ = true;
  ended_ = false;
  return true;
}

bool Splitter::packets(Bytes& input, Unit& unit) {
  if (counted_ && packets_left_ == 0) {
    unit.kind = Kind::End;
    in_entry_ = false;
    ended_ = true;
    enter(Stage::Behind);
    return true;
  }
  if (input.empty() && buffer_.empty()) return false;
  if (!counted_ && buffer_.size() < kGuidSize) {
    // A marker may come in pieces: nothing is decided while all that is there could be one.
    const std::size_t enough = std::min(kGuidSize, packet_size_);
    if (!buffer_.empty()) fill_to(enough, input);
    switch (boundary(buffer_.empty() ? input : Bytes(buffer_))) {
      case Boundary::Packet:
        break;
      case Boundary::Undecided:
        fill_to(enough, input);
        return false;
      case Boundary::End:
      case Boundary::NextEntry:
        unit.kind = Kind::End;
        in_entry_ = false;
        ended_ = true;
        stage_ = Stage::Behind;
        return true;
    }
  }
  Bytes packet;
  if (!gather(packet_size_, input, packet)) return false;
  if (counted_) --packets_left_;
  unit = {Kind::Packet, packet};
  return true;
}

/// What begins at a packet boundary.
Splitter::Boundary Splitter::boundary(Bytes bytes) const {
  const bool end_chunk = begins_like_end_chunk(bytes);
  if (end_chunk && bytes.size() >= kChunkHeadSize) return Boundary::End;
  bool possible = end_chunk;
  for (const Guid& index : kIndexes) {
    if (!begins_like(bytes, index)) continue;
    if (bytes.size() >= kGuidSize) return Boundary::End;
    possible = true;
  }
  if (begins_like(bytes, kHeaderObject)) {
    if (bytes.size() >= kGuidSize) return Boundary::NextEntry;
    possible = true;
  }
  // A whole packet is never held back for the sake of a marker.
  return possible && bytes.size() < packet_size_ ? Boundary::Undecided : Boundary::Packet;
}

bool Splitter::behind(Bytes& input) {
  if (input.empty() && buffer_.empty()) return false;
  if (!fill_to(kChunkHeadSize, input)) return false;
  if (begins_like_end_chunk(buffer_)) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + kChunkHeadSize);
    return true;
  }
  if (is_header_chunk_head(buffer_)) {
    layout_ = Layout::Chunked;
    stage_ = Stage::ChunkHead;
    return true;
  }
  if (!fill_to(kObjectHeadSize, input)) return false;
  if (begins_like(buffer_, kHeaderObject)) {
    stage_ = Stage::Header;
    return true;
  }
  const auto size = load_le<std::uint64_t>(buffer_, kGuidSize);
  const bool index =
      std::find(kIndexes.begin(), kIndexes.end(), guid_at(buffer_)) != kIndexes.end();
  if (!index || size < kObjectHeadSize) {
    enter(Stage::Junk);
    return true;
  }
  skip_left_ = size - kObjectHeadSize;
  enter(Stage::Skip);
  return true;
}

bool Splitter::skip(Bytes& input) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(skip_left_, input.size()));
  input = input.subspan(count);
  skip_left_ -= count;
  if (skip_left_ > 0) return false;
  stage_ = Stage::Behind;
  return true;
}

// ---------------------------------------------------------------------------------------------
// The chunked layout

bool Splitter::chunk_head(Bytes& input) {
  if (input.empty() && buffer_.empty()) return false;
  if (!fill_to(kShortChunkSize, input)) return false;
  const auto length = load_le<std::uint16_t>(buffer_, 2);
  chunk_type_ = buffer_[1];
  // What a player gets has a Reason in these, and nothing else.
  if (buffer_[0] == kDollar && length == kShortChunkLength &&
      (chunk_type_ == kEndChunk || chunk_type_ == kChangeChunk)) {
    chunk_left_ = 0;
    enter(Stage::Chunk);
    return true;
  }
  if (!fill_to(kChunkHeadSize, input)) return false;
  const bool known = chunk_type_ == kHeaderChunk || chunk_type_ == kDataChunk ||
                     chunk_type_ == kEndChunk || chunk_type_ == kMetadataChunk;
  // The length of a header that is too large has wrapped around; the header itself says its size.
  const bool possible = length >= kChunkLengthExtra || chunk_type_ == kHeaderChunk;
  if (buffer_[0] != kDollar || !known || !possible ||
      load_le<std::uint16_t>(buffer_, 10) != length) {
    if (!in_entry_ && ended_ && begins_like(buffer_, kHeaderObject)) {
      layout_ = Layout::File;
      stage_ = Stage::Behind;
      return true;
    }
    if (!in_entry_ && ended_) {
      enter(Stage::Junk);
      return true;
    }
    return fail(
        "the asf_stream input is broken: no $H, $D or $E chunk begins where one must; "
        "nothing but the muxer may write to this output");
  }
  if (chunk_type_ == kDataChunk && !in_entry_)
    return fail("the asf_stream input is broken: a $D chunk without a header before it");
  chunk_length_ = length;
  chunk_left_ = chunk_type_ == kHeaderChunk ? 0 : length - kChunkLengthExtra;
  if (chunk_type_ == kDataChunk && chunk_left_ > packet_size_)
    return fail("the asf_stream input is broken: a $D chunk has " +
                count_text(chunk_left_, "bytes") + ", the ASF header declares packets of " +
                std::to_string(packet_size_));
  enter(Stage::Chunk);
  return true;
}

bool Splitter::chunk(Bytes& input, Unit& unit) {
  if (chunk_type_ == kHeaderChunk) {
    if (in_entry_) {
      unit.kind = Kind::End;
      in_entry_ = false;
      ended_ = true;
      return true;
    }
    if (!fill_to(kObjectHeadSize, input)) return false;
    if (guid_at(buffer_) != kHeaderObject)
      return fail("the asf_stream input is broken: a $H chunk without an ASF header");
    const auto size = load_le<std::uint64_t>(buffer_, kGuidSize);
    if (size == kUnknownSize) return unfinished(input);
    if (!check_header_size(size)) return false;
    chunk_left_ = static_cast<std::size_t>(size) + kDataObjectHeadSize;
    if (((chunk_left_ + kChunkLengthExtra) & 0xFFFF) != chunk_length_)
      return fail("the asf_stream input is broken: the header has " + count_text(size, "bytes") +
                  ", the $H chunk around it says " + std::to_string(chunk_length_));
    if (!fill_to(chunk_left_, input)) return false;
    if (!open_entry(buffer_)) return false;
    unit = {Kind::Header, buffer_};
    given_ = true;
    stage_ = Stage::ChunkHead;
    return true;
  }
  Bytes payload;
  if (!gather(chunk_left_, input, payload)) return false;
  stage_ = Stage::ChunkHead;
  if (chunk_type_ == kDataChunk && !payload.empty()) {
    unit = {Kind::Packet, payload};
    return true;
  }
  enter(stage_);  // nothing of it is given
  given_ = false;
  if (chunk_type_ == kDataChunk || chunk_type_ == kMetadataChunk) return true;
  if (in_entry_) unit.kind = Kind::End;
  in_entry_ = false;
  ended_ = true;
  return true;
}

// ---------------------------------------------------------------------------------------------

/// Collects input until the buffer holds `size` bytes.
bool Splitter::fill_to(std::size_t size, Bytes& input) {
  const std::size_t wanted = size > buffer_.size() ? size - buffer_.size() : 0;
  const std::size_t taken = std::min(wanted, input.size());
  append(buffer_, input.first(taken));
  input = input.subspan(taken);
  return buffer_.size() >= size;
}

/// Gives `size` bytes: straight from the input where they lie whole in it.
bool Splitter::gather(std::size_t size, Bytes& input, Bytes& gathered) {
  if (buffer_.empty() && input.size() >= size) {
    gathered = input.first(size);
    input = input.subspan(size);
    return true;
  }
  if (!fill_to(size, input)) return false;
  gathered = Bytes(buffer_).first(size);
  given_ = true;
  return true;
}

void Splitter::enter(Stage stage) {
  stage_ = stage;
  buffer_.clear();
}

bool Splitter::fail(std::string message) {
  error_ = {Result::NS_E_INVALID_DATA, 0, 0, std::move(message)};
  return false;
}

}  // namespace wmpush::asf
