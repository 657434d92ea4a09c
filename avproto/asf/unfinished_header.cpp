#include "asf/unfinished_header.hpp"

#include <optional>
#include <string>

#include "asf/guid.hpp"
#include "asf/header.hpp"
#include "core/bytes.hpp"

namespace wmpush::asf {
namespace {

constexpr std::size_t kObjectHeadSize = 24;
/// The size that an object has in its head until the muxer knows better.
constexpr std::uint64_t kUnknownObjectSize = kObjectHeadSize;
/// The smallest output buffer that a program gives to libavformat.
constexpr std::size_t kOutputBuffer = 32768;

/// A stream that the muxer gave up at.
struct LastStream {
  unsigned index = 0;  ///< as ffmpeg counts, from 0
  bool is_audio = false;
  std::string codec;  ///< empty where the header does not name it
};

/// Of a Stream Properties Object that ends early: type, error correction, time offset, two sizes,
/// flags with the stream's number.
std::optional<LastStream> in_stream_properties(Bytes body) {
  ByteReader reader(body);
  const Bytes type = reader.bytes(sizeof(Guid));
  reader.skip(sizeof(Guid) + 8 + 4 + 4);
  const unsigned number = reader.u16() & 0x7F;
  if (!reader.ok() || number == 0) return std::nullopt;
  return LastStream{number - 1, guid_at(type) == kAudioMedia, {}};
}

/// Of a Codec List Object that ends early: the last entry that has begun.
std::optional<LastStream> in_codec_list(Bytes body) {
  constexpr unsigned kAudio = 2;
  constexpr std::size_t kUnit = 2;  // bytes of a UTF-16 unit
  ByteReader reader(body);
  reader.skip(sizeof(Guid));
  const std::uint32_t count = reader.u32();
  std::optional<LastStream> last;
  for (std::uint32_t i = 0; i < count && reader.remaining() > 0; ++i) {
    LastStream stream{i, reader.u16() == kAudio, {}};
    const Bytes name = reader.bytes(kUnit * reader.u16());
    if (!reader.ok()) break;
    for (std::size_t at = 0; at < name.size(); at += kUnit) {
      const auto unit = load_le<std::uint16_t>(name, at);
      if (unit > ' ' && unit < 0x7F) stream.codec += static_cast<char>(unit);
    }
    last = stream;
    reader.skip(kUnit * reader.u16());
    reader.skip(reader.u16());
  }
  return last;
}

std::optional<LastStream> last_stream(Bytes bytes) {
  for (std::size_t at = kHeaderObjectHeadSize; at + kObjectHeadSize <= bytes.size();) {
    const Bytes object = bytes.subspan(at);
    const auto size = load_le<std::uint64_t>(object, sizeof(Guid));
    if (size == kUnknownObjectSize) {
      const Bytes body = object.subspan(kObjectHeadSize);
      if (guid_at(object) == kStreamProperties) return in_stream_properties(body);
      if (guid_at(object) == kCodecList) return in_codec_list(body);
      return std::nullopt;
    }
    if (size < kObjectHeadSize || size > object.size()) return std::nullopt;
    at += static_cast<std::size_t>(size);
  }
  return std::nullopt;
}

Error invalid(std::string message) { return {Result::NS_E_INVALID_DATA, 0, 0, std::move(message)}; }

}  // namespace

Error unfinished_header(Bytes bytes) {
  if (bytes.size() < kOutputBuffer)
    if (const std::optional<LastStream> last = last_stream(bytes))
      return invalid("the muxer gave up at stream #" + std::to_string(last->index) + " (" +
                     (last->is_audio ? "audio" : "video") +
                     (last->codec.empty() ? "" : ", " + last->codec) +
                     "), whose codec this ffmpeg cannot put into ASF: encode it with " +
                     (last->is_audio ? "-c:a wmav2" : "-c:v wmv2") + ", or leave it out");
  return invalid(
      "the ASF header's size was never filled in (all ones): the header is larger than the muxer's "
      "output buffer, so that it could not go back to it (shorten metadata), or the muxer gave up "
      "before its end, and says why above");
}

}  // namespace wmpush::asf
