#include "asf/header.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "asf/unfinished_header.hpp"

namespace wmpush::asf {
namespace {

constexpr std::size_t kObjectHeadSize = 24;  // GUID and size
constexpr std::size_t kFilePropertiesSize = 104;
constexpr std::size_t kStreamPropertiesHeadSize = 78;
constexpr std::size_t kExtendedStreamPropertiesHeadSize = 88;
constexpr std::size_t kStreamBitratesHeadSize = 26;
constexpr std::size_t kStreamBitrateSize = 6;
constexpr std::uint32_t kUnknownBitrate = 0xFFFFFFFF;

// Offsets in File Properties, Header Object and WAVEFORMATEX of the fields that are repaired.
constexpr std::size_t kFileIdAt = 24;
constexpr std::size_t kFlagsAt = 88;
constexpr std::size_t kMaxBitrateAt = 100;
constexpr std::size_t kObjectCountAt = 24;
constexpr std::size_t kAverageBytesAt = 8;

// What a stream is taken to need when nothing in the header says it. A guess has to be of the right
// order only: receivers size buffers by it.
constexpr std::uint64_t kAudioBytesPerChannel = 8000;  // per second: 128 kbit/s stereo
// 0.1 bit for each pixel of 25 pictures a second: 192 kbit/s at 320x240, 2.3 Mbit/s at 1280x720.
constexpr std::uint64_t kVideoBitsPerTenPixels = 25;
constexpr std::uint64_t kSmallestVideoBitrate = 64'000;
constexpr std::uint64_t kLargestVideoBitrate = 50'000'000;
constexpr std::uint64_t kVideoBitrateOfUnknownSize = 300'000;
constexpr std::uint32_t kOtherBitrate = 1000;  // commands and the like: a few bytes now and then

Error invalid(std::string message) {
  Error error;
  error.result = Result::NS_E_INVALID_DATA;
  error.message = std::move(message);
  return error;
}

/// In bit/s. Some writers say 1 for want of a better number.
constexpr std::uint32_t kSmallestBitrate = 100;

bool is_known(std::uint32_t bitrate) {
  return bitrate >= kSmallestBitrate && bitrate != kUnknownBitrate;
}

std::uint32_t clamp_bitrate(std::uint64_t rate) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(rate, kUnknownBitrate - 1));
}

/// Calls `visit(guid, position, size)` for each object between `begin` and `end` of `bytes`.
template <typename Visit>
Error walk(Bytes bytes, std::size_t begin, std::size_t end, Visit visit) {
  while (begin < end) {
    if (end - begin < kObjectHeadSize)
      return invalid("broken ASF header: " + std::to_string(end - begin) +
                     " stray bytes behind its last object at offset " + std::to_string(begin));
    const auto size = load_le<std::uint64_t>(bytes, begin + 16);
    if (size < kObjectHeadSize || size > end - begin)
      return invalid("broken ASF header: the object at offset " + std::to_string(begin) +
                     " claims " + std::to_string(size) + " bytes where " +
                     std::to_string(end - begin) + " are left");
    if (Error error = visit(guid_at(bytes.subspan(begin)), begin, static_cast<std::size_t>(size)))
      return error;
    begin += static_cast<std::size_t>(size);
  }
  return {};
}

/// Collects what the objects of one header say.
class HeaderParser {
 public:
  HeaderParser(Bytes bytes, Header& header) : bytes_(bytes), header_(header) {}

  Error parse() {
    header_.declared_objects = load_le<std::uint32_t>(bytes_, kObjectCountAt);
    if (Error error = walk(bytes_, kHeaderObjectHeadSize, header_.header_size,
                           [&](const Guid& id, std::size_t at, std::size_t size) {
                             ++header_.object_count;
                             return object(id, at, size);
                           }))
      return error;
    if (header_.file_properties == 0)
      return invalid("broken ASF header: it has no File Properties Object");
    merge_bitrates();
    return {};
  }

 private:
  struct Rate {
    std::uint8_t stream;
    std::uint32_t bitrate;
  };

  Error object(const Guid& id, std::size_t at, std::size_t size) {
    if (id == kFileProperties) return file_properties(at, size);
    if (id == kStreamProperties) return stream_properties(at, size);
    if (id == kStreamBitrateProperties) return stream_bitrates(at, size);
    if (id == kHeaderExtension) {
      if (size < kHeaderExtensionHeadSize) return too_small("Header Extension", at, size);
      return walk(bytes_, at + kHeaderExtensionHeadSize, at + size,
                  [&](const Guid& inner, std::size_t inner_at, std::size_t inner_size) {
                    return inner == kExtendedStreamProperties
                               ? extended_stream_properties(inner_at, inner_size)
                               : Error{};
                  });
    }
    return {};
  }

  Error file_properties(std::size_t at, std::size_t size) {
    if (header_.file_properties != 0) return {};
    if (size < kFilePropertiesSize) return too_small("File Properties", at, size);
    header_.file_properties = at;
    ByteReader reader(bytes_.subspan(at, size));
    reader.skip(kFileIdAt);
    header_.file_id = guid_at(reader.bytes(16));
    header_.file_size = reader.u64();
    reader.skip(8);  // creation date
    header_.packet_count = reader.u64();
    header_.play_duration = reader.u64();
    header_.send_duration = reader.u64();
    header_.preroll = reader.u64();
    header_.flags = reader.u32();
    const std::uint32_t smallest = reader.u32();
    header_.packet_size = reader.u32();
    header_.max_bitrate = reader.u32();
    if (smallest != header_.packet_size)
      return invalid("ASF packets of variable size (" + std::to_string(smallest) + " to " +
                     std::to_string(header_.packet_size) +
                     " bytes) cannot be pushed: mux with one packet size, such as "
                     "`-packet_size 3200`");
    if (header_.packet_size == 0)
      return invalid("ASF packet size 0: mux with one of 100 to " + std::to_string(kMaxPacketSize) +
                     " bytes, such as `-packet_size 3200`");
    if (header_.packet_size > kMaxPacketSize)
      return invalid("ASF packet size " + std::to_string(header_.packet_size) +
                     " is more than the " + std::to_string(kMaxPacketSize) +
                     " bytes that a push can carry: use `-packet_size " +
                     std::to_string(kMaxPacketSize) + "` or less");
    return {};
  }

  Error stream_properties(std::size_t at, std::size_t size) {
    if (size < kStreamPropertiesHeadSize) return too_small("Stream Properties", at, size);
    Stream stream;
    ByteReader reader(bytes_.subspan(at, size));
    reader.skip(24);
    stream.type = guid_at(reader.bytes(16));
    reader.skip(16 + 8);  // error correction type, time offset
    const std::uint32_t type_data_size = reader.u32();
    reader.skip(4);
    stream.number = static_cast<std::uint8_t>(reader.u16() & 0x7F);
    reader.skip(4);
    if (type_data_size > reader.remaining())
      return invalid("broken ASF header: the type data of stream " + std::to_string(stream.number) +
                     " claims " + std::to_string(type_data_size) + " bytes where " +
                     std::to_string(reader.remaining()) + " are left");
    const std::size_t type_data = at + reader.position();
    ByteReader data(reader.bytes(type_data_size));
    if (stream.type == kAudioMedia) {
      stream.format_tag = data.u16();
      stream.channels = data.u16();
      stream.sample_rate = data.u32();
      stream.average_bytes_per_second = data.u32();
      stream.block_align = data.u16();
      stream.bitrate = clamp_bitrate(std::uint64_t{stream.average_bytes_per_second} * 8);
    } else if (stream.type == kVideoMedia) {
      stream.width = data.u32();
      stream.height = data.u32();
    }
    if (data.ok()) stream.type_data = type_data;
    if (stream.number != 0 && find(stream.number) == nullptr) header_.streams.push_back(stream);
    return {};
  }

  Error extended_stream_properties(std::size_t at, std::size_t size) {
    if (size < kExtendedStreamPropertiesHeadSize)
      return too_small("Extended Stream Properties", at, size);
    ByteReader reader(bytes_.subspan(at, size));
    reader.skip(40);  // start and end time
    const std::uint32_t bitrate = reader.u32();
    reader.skip(28);
    extended_.push_back({static_cast<std::uint8_t>(reader.u16() & 0x7F), bitrate});
    reader.skip(2 + 8);
    const std::size_t names = reader.u16();
    const std::size_t extensions = reader.u16();
    for (std::size_t i = 0; i < names && reader.ok(); ++i) {
      reader.skip(2);
      reader.skip(reader.u16());
    }
    for (std::size_t i = 0; i < extensions && reader.ok(); ++i) {
      reader.skip(18);
      reader.skip(reader.u32());
    }
    if (!reader.ok())
      return invalid("broken ASF header: the Extended Stream Properties Object at offset " +
                     std::to_string(at) + " is cut short");
    // A stream that old readers are not to see has its Stream Properties Object in here.
    return walk(bytes_, at + reader.position(), at + size,
                [&](const Guid& inner, std::size_t inner_at, std::size_t inner_size) {
                  return inner == kStreamProperties ? stream_properties(inner_at, inner_size)
                                                    : Error{};
                });
  }

  Error stream_bitrates(std::size_t at, std::size_t size) {
    if (header_.stream_bitrates != 0) return {};
    if (size < kStreamBitratesHeadSize) return too_small("Stream Bitrate Properties", at, size);
    const std::size_t count = load_le<std::uint16_t>(bytes_, at + 24);
    if (kStreamBitratesHeadSize + count * kStreamBitrateSize > size)
      return invalid("broken ASF header: the Stream Bitrate Properties Object claims " +
                     std::to_string(count) + " streams in " + std::to_string(size) + " bytes");
    header_.stream_bitrates = at;
    header_.has_stream_bitrates = true;
    ByteReader reader(bytes_.subspan(at, size));
    reader.skip(kStreamBitratesHeadSize);
    for (std::size_t i = 0; i < count; ++i) {
      const auto number = static_cast<std::uint8_t>(reader.u16() & 0x7F);
      declared_.push_back({number, reader.u32()});
    }
    return {};
  }

  void merge_bitrates() {
    for (const Rate& rate : extended_)
      if (Stream* stream = find(rate.stream); stream && is_known(rate.bitrate))
        stream->bitrate = rate.bitrate;
    for (const Rate& rate : declared_)
      if (Stream* stream = find(rate.stream)) {
        stream->in_bitrates = true;
        if (is_known(rate.bitrate)) stream->bitrate = rate.bitrate;
      }
  }

  Stream* find(std::uint8_t number) {
    for (Stream& stream : header_.streams)
      if (stream.number == number) return &stream;
    return nullptr;
  }

  static Error too_small(const char* what, std::size_t at, std::size_t size) {
    return invalid(std::string("broken ASF header: the ") + what + " Object at offset " +
                   std::to_string(at) + " is only " + std::to_string(size) + " bytes long");
  }

  Bytes bytes_;
  Header& header_;
  std::vector<Rate> extended_;
  std::vector<Rate> declared_;
};

bool is_constant(const Guid& id) {
  return std::all_of(id.begin(), id.end(), [&](std::byte byte) { return byte == id[0]; });
}

bool is_fit(const Guid& id) { return !is_constant(id) && id.back() != std::byte{0}; }

/// bit/s of the whole file by its size and duration; 0 where the header does not have them.
std::uint64_t measured_bitrate(const Header& header) {
  constexpr std::uint64_t kTicksPerMillisecond = 10'000;
  if (header.broadcast() || header.file_size == 0) return 0;
  if (header.preroll > header.play_duration / kTicksPerMillisecond) return 0;
  const std::uint64_t ticks = header.play_duration - header.preroll * kTicksPerMillisecond;
  if (ticks == 0) return 0;
  const double rate = static_cast<double>(header.file_size) * 8e7 / static_cast<double>(ticks);
  return rate < double{kUnknownBitrate} ? static_cast<std::uint64_t>(rate) : 0;
}

std::uint64_t video_estimate(const Stream& stream) {
  if (stream.width == 0 || stream.height == 0) return kVideoBitrateOfUnknownSize;
  const double rate = double{static_cast<double>(stream.width)} * stream.height *
                      double{kVideoBitsPerTenPixels} / 10;
  return static_cast<std::uint64_t>(
      std::clamp(rate, double{kSmallestVideoBitrate}, double{kLargestVideoBitrate}));
}

/// bit/s of uncompressed sound, which the format gives exactly; 0 for any other.
std::uint64_t uncompressed_bitrate(const Stream& stream) {
  constexpr std::uint16_t kPcm = 1, kFloat = 3, kALaw = 6, kMuLaw = 7;
  const bool uncompressed = stream.format_tag == kPcm || stream.format_tag == kFloat ||
                            stream.format_tag == kALaw || stream.format_tag == kMuLaw;
  return uncompressed ? std::uint64_t{stream.block_align} * stream.sample_rate * 8 : 0;
}

std::uint64_t audio_estimate(const Stream& stream) {
  return kAudioBytesPerChannel * 8 * std::max<std::uint64_t>(stream.channels, 1);
}

/// Gives every stream a bit rate. What the header says of a stream stays; the streams it says
/// nothing of share what is left of the whole, or get an estimate.
void complete_bitrates(Header& header, std::uint32_t configured) {
  const auto unknown = [](const Stream& stream) { return !is_known(stream.bitrate); };
  const auto is = [](const Guid& type) {
    return [&type](const Stream& stream) { return stream.type == type; };
  };
  for (Stream& stream : header.streams)
    if (stream.type == kAudioMedia && unknown(stream))
      stream.bitrate = clamp_bitrate(uncompressed_bitrate(stream));

  const bool has_video = std::any_of(header.streams.begin(), header.streams.end(), is(kVideoMedia));
  const std::uint64_t wholes[] = {is_known(header.max_bitrate) ? header.max_bitrate : 0, configured,
                                  measured_bitrate(header)};
  // With pictures beside it, sound is what can be estimated, and the pictures get the rest.
  for (const Guid& type : {kAudioMedia, kVideoMedia}) {
    std::uint64_t known = 0;
    std::uint64_t missing = 0;
    for (const Stream& stream : header.streams) {
      if (!unknown(stream)) known += stream.bitrate;
      if (unknown(stream) && stream.type == type) ++missing;
    }
    std::uint64_t share = 0;
    if (missing != 0 && (type == kVideoMedia || !has_video))
      for (const std::uint64_t whole : wholes)
        if (share == 0 && whole > known) share = (whole - known) / missing;
    for (Stream& stream : header.streams)
      if (stream.type == type && unknown(stream))
        stream.bitrate = clamp_bitrate(share != 0 ? std::max<std::uint64_t>(share, kSmallestBitrate)
                                       : type == kVideoMedia ? video_estimate(stream)
                                                             : audio_estimate(stream));
  }
  for (Stream& stream : header.streams)
    if (unknown(stream)) stream.bitrate = kOtherBitrate;
}

std::uint64_t sum_of_bitrates(const Header& header) {
  std::uint64_t sum = 0;
  for (const Stream& stream : header.streams)
    if (is_known(stream.bitrate)) sum += stream.bitrate;
  return sum;
}

/// Makes the streams' bit rates add up to `whole`, for as far as each can have what is counted as
/// one: the pictures take the difference, or, where there are none or the rest is too much for it,
/// all streams their share.
void fit_bitrates(Header& header, std::uint32_t whole) {
  const std::uint64_t sum = sum_of_bitrates(header);
  if (sum == whole) return;
  std::vector<Stream*> pictures, all;
  std::uint64_t of_pictures = 0;
  for (Stream& stream : header.streams) {
    all.push_back(&stream);
    if (stream.type != kVideoMedia) continue;
    pictures.push_back(&stream);
    of_pictures += stream.bitrate;
  }
  const std::uint64_t rest = sum - of_pictures;
  const bool only_pictures =
      !pictures.empty() && rest + kSmallestBitrate * pictures.size() <= whole;
  const std::vector<Stream*>& streams = only_pictures ? pictures : all;
  if (streams.empty()) return;
  const std::uint64_t least = kSmallestBitrate * streams.size();
  const std::uint64_t to = std::max(only_pictures ? whole - rest : whole, least) - least;
  const std::uint64_t from =
      std::max<std::uint64_t>((only_pictures ? of_pictures : sum) - least, 1);
  std::uint64_t left = to;
  Stream* largest = streams.front();
  for (Stream* stream : streams) {
    const std::uint64_t share = (stream->bitrate - kSmallestBitrate) * to / from;
    if (stream->bitrate > largest->bitrate) largest = stream;
    left -= std::min(left, share);
    stream->bitrate = clamp_bitrate(kSmallestBitrate + share);
  }
  largest->bitrate = clamp_bitrate(largest->bitrate + left);
}

void put_guid(MutableBytes bytes, std::size_t at, const Guid& id) {
  std::copy(id.begin(), id.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

void insert(std::vector<std::byte>& bytes, std::size_t at, Bytes more) {
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
}

void grow_object(MutableBytes bytes, std::size_t at, std::size_t by) {
  store_le<std::uint64_t>(bytes, at + 16, load_le<std::uint64_t>(bytes, at + 16) + by);
}

/// Fills in the records that say nothing, or all of them, and gives the position behind the last.
std::size_t repair_records(MutableBytes bytes, const Header& header, bool all) {
  const std::size_t count = load_le<std::uint16_t>(bytes, header.stream_bitrates + 24);
  std::size_t at = header.stream_bitrates + kStreamBitratesHeadSize;
  for (std::size_t i = 0; i < count; ++i, at += kStreamBitrateSize) {
    if (!all && is_known(load_le<std::uint32_t>(bytes, at + 2))) continue;
    const unsigned number = load_le<std::uint16_t>(bytes, at) & 0x7Fu;
    for (const Stream& stream : header.streams)
      if (stream.number == number) store_le(bytes, at + 2, stream.bitrate);
  }
  return at;
}

/// Makes Stream Bitrate Properties complete, for as far as the header stays below `largest`. `all`:
/// records that are there are not believed. Returns whether an object was added.
bool add_bitrates(std::vector<std::byte>& bytes, const Header& header, bool all,
                  std::size_t largest) {
  ByteWriter records;
  for (const Stream& stream : header.streams)
    if (!stream.in_bitrates) {
      records.u16(stream.number);
      records.u32(stream.bitrate);
    }
  const std::size_t room = largest > bytes.size() ? largest - bytes.size() : 0;
  if (header.has_stream_bitrates) {
    const std::size_t end = repair_records(bytes, header, all);
    if (records.size() == 0 || records.size() > room) return false;
    const std::size_t count_at = header.stream_bitrates + 24;
    const std::size_t count =
        load_le<std::uint16_t>(bytes, count_at) + records.size() / kStreamBitrateSize;
    if (count > std::numeric_limits<std::uint16_t>::max()) return false;
    store_le(bytes, count_at, static_cast<std::uint16_t>(count));
    grow_object(bytes, header.stream_bitrates, records.size());
    grow_object(bytes, 0, records.size());
    insert(bytes, end, records.view());
    return false;
  }
  const std::size_t size = kStreamBitratesHeadSize + records.size();
  if (records.size() == 0 || size > room) return false;
  ByteWriter object;
  object.bytes(kStreamBitrateProperties);
  object.u64(size);
  object.u16(static_cast<std::uint16_t>(records.size() / kStreamBitrateSize));
  object.bytes(records.view());
  grow_object(bytes, 0, size);
  insert(bytes, header.header_size, object.view());
  return true;
}

}  // namespace

Error parse_header(Bytes bytes, Header& header) {
  header = Header{};
  if (bytes.size() < kHeaderObjectHeadSize || guid_at(bytes) != kHeaderObject)
    return invalid("not an ASF header: it does not begin with a Header Object; mux with `-f asf`");
  const auto size = load_le<std::uint64_t>(bytes, 16);
  if (size == kUnknownSize) return unfinished_header(bytes);
  if (size < kHeaderObjectHeadSize || size > bytes.size())
    return invalid("broken ASF header: it claims " + std::to_string(size) + " bytes and has " +
                   std::to_string(bytes.size()));
  header.header_size = static_cast<std::size_t>(size);
  const Bytes rest = bytes.subspan(header.header_size);
  if (!rest.empty()) {
    if (rest.size() < kDataObjectHeadSize || guid_at(rest) != kDataObject)
      return invalid("broken ASF header: its " + std::to_string(size) +
                     " bytes are not followed by a Data Object");
    header.data_object = header.header_size;
  }
  return HeaderParser(bytes, header).parse();
}

Error HeaderFixup::apply(Bytes bytes, std::vector<std::byte>& fixed) const {
  Header header;
  if (Error error = parse_header(bytes, header)) return error;
  fixed.assign(bytes.begin(), bytes.end());
  const std::uint64_t known = sum_of_bitrates(header);
  complete_bitrates(header, configured_bitrate);
  if (configured_bitrate != 0) fit_bitrates(header, configured_bitrate);

  if (file_id) {
    Guid id = header.file_id;
    if (!is_fit(id)) {
      if (is_constant(fresh_id)) {
        Error error;
        error.result = Result::E_INVALIDARG;
        error.message = "the ASF header has no usable File ID, and none was given to replace it";
        return error;
      }
      id = fresh_id;
      if (id.back() == std::byte{0}) id.back() = std::byte{1};
      put_guid(fixed, header.file_properties + kFileIdAt, id);
    }
    if (header.data_object != 0) put_guid(fixed, header.data_object + kFileIdAt, id);
  }
  if (live_flags)
    store_le(fixed, header.file_properties + kFlagsAt,
             (header.flags | Header::kBroadcast) & ~Header::kSeekable);
  if (max_bitrate) {
    // Never below what is known, which an estimate that nobody gets to see is not; and what the
    // user says wins.
    std::uint64_t most = measured_bitrate(header);
    if (most < kSmallestBitrate) most = 0;
    if (is_known(header.max_bitrate)) most = std::max<std::uint64_t>(most, header.max_bitrate);
    most = std::max(most, stream_bitrates || most == 0 ? sum_of_bitrates(header) : known);
    if (configured_bitrate != 0) most = configured_bitrate;
    if (most != 0) store_le(fixed, header.file_properties + kMaxBitrateAt, clamp_bitrate(most));
  }
  if (audio_rate)
    for (const Stream& stream : header.streams)
      if (stream.type == kAudioMedia && stream.type_data != 0 &&
          stream.average_bytes_per_second == 0)
        store_le(fixed, stream.type_data + kAverageBytesAt,
                 std::max<std::uint32_t>(stream.bitrate / 8, 1));
  std::uint32_t objects = object_count ? header.object_count : header.declared_objects;
  if (stream_bitrates && add_bitrates(fixed, header, configured_bitrate != 0, largest)) ++objects;
  store_le(fixed, kObjectCountAt, objects);
  return {};
}

}  // namespace wmpush::asf
