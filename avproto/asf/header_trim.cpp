#include "asf/header_trim.hpp"

#include <algorithm>

#include "asf/guid.hpp"
#include "asf/header.hpp"

namespace wmpush::asf {
namespace {

constexpr std::size_t kSizeAt = 16;
constexpr std::size_t kCountAt = 24;  // of objects or attributes
constexpr std::size_t kExtensionDataSizeAt = 42;
constexpr std::size_t kMostNames = 10;

constexpr Guid kPadding = guid(0x1806D474, 0xCADF, 0x4509, 0xA4BA, 0x9AABCB96AAE8);
constexpr Guid kExtendedContentDescription =
    guid(0xD2D0A440, 0xE307, 0x11D2, 0x97F0, 0x00A0C95EA850);
constexpr Guid kMetadata = guid(0xC5F8CBEA, 0x5BAF, 0x4877, 0x8467, 0xAA8C44FA4CCA);
constexpr Guid kMetadataLibrary = guid(0x44231C94, 0x9498, 0x49D1, 0xA141, 0x1D134E457054);

/// What a reader needs to play the streams.
constexpr Guid kDefining[] = {
    kFileProperties,
    kStreamProperties,
    kHeaderExtension,
    kStreamBitrateProperties,
    kExtendedStreamProperties,
    guid(0x86D15240, 0x311D, 0x11D0, 0xA3A4, 0x00A0C90348F6),   // Codec List
    guid(0x2211B3FB, 0xBD23, 0x11D2, 0xB4B7, 0x00A0C955FC6E),   // Content Encryption
    guid(0x298AE614, 0x2622, 0x4C17, 0xB935, 0xDAE07EE9289C),   // Extended Content Encryption
    guid(0x43058533, 0x6981, 0x49E6, 0x9B74, 0xAD12CB86D58C),   // Advanced Content Encryption
    guid(0x75B22635, 0x668E, 0x11CF, 0xA6D9, 0x00AA0062CE6C),   // Error Correction
    guid(0xD6E229DC, 0x35DA, 0x11D1, 0x9034, 0x00A0C90349BE),   // Bitrate Mutual Exclusion
    guid(0xA08649CF, 0x4775, 0x4670, 0x8A16, 0x6E35357566CD),   // Advanced Mutual Exclusion
    guid(0xD1465A40, 0x5A79, 0x4338, 0xB71B, 0xE36B8FD6C249),   // Group Mutual Exclusion
    guid(0xD4FED15B, 0x88D3, 0x454F, 0x81F0, 0xED5C45999E24),   // Stream Prioritization
    guid(0xA69609E6, 0x517B, 0x11D2, 0xB6AF, 0x00C04FD908E9),   // Bandwidth Sharing
    guid(0x7C4346A9, 0xEFE0, 0x4BFC, 0xB229, 0x393EDE415C85),   // Language List
    guid(0x26F18B5D, 0x4584, 0x47EC, 0x9F5F, 0x0E651F0452C9)};  // Compatibility

struct NamedObject {
  Guid id;
  const char* name;
};
constexpr NamedObject kDescribing[] = {
    {guid(0x75B22633, 0x668E, 0x11CF, 0xA6D9, 0x00AA0062CE6C), "Content Description Object"},
    {kExtendedContentDescription, "Extended Content Description Object"},
    {kMetadata, "Metadata Object"},
    {kMetadataLibrary, "Metadata Library Object"},
    {guid(0xF487CD01, 0xA951, 0x11CF, 0x8EE6, 0x00C00C205365), "Marker Object"},
    {guid(0x1EFB1A30, 0x0B62, 0x11D0, 0xA39B, 0x00A0C90348F6), "Script Command Object"},
    {guid(0x2211B3FA, 0xBD23, 0x11D2, 0xB4B7, 0x00A0C955FC6E), "Content Branding Object"},
    {guid(0x2211B3FC, 0xBD23, 0x11D2, 0xB4B7, 0x00A0C955FC6E), "Digital Signature Object"},
    {guid(0xD6E229DF, 0x35DA, 0x11D1, 0x9034, 0x00A0C90349BE), "Index Parameters Object"},
    {guid(0x6B203BAD, 0x3F11, 0x48E4, 0xACA8, 0xD7613DE2CFA7),
     "Media Object Index Parameters "
     "Object"},
    {guid(0xF55E496D, 0x9797, 0x4B5D, 0x8C8B, 0x604DFE9BFB24), "Timecode Index Parameters Object"}};

std::string name_of(const Guid& id) {
  for (const NamedObject& object : kDescribing)
    if (object.id == id) return object.name;
  return "an object that nobody here knows";
}

std::string utf8_of(Bytes utf16) {
  std::string text;
  for (std::size_t i = 0; i + 1 < utf16.size(); i += 2) {
    const unsigned unit = load_le<std::uint16_t>(utf16, i);
    if (unit == 0) break;
    if (unit < 0x80) {
      text += static_cast<char>(unit);
    } else if (unit < 0x800) {
      text += static_cast<char>(0xC0 | unit >> 6);
      text += static_cast<char>(0x80 | (unit & 0x3F));
    } else if (unit < 0xD800 || unit > 0xDFFF) {
      text += static_cast<char>(0xE0 | unit >> 12);
      text += static_cast<char>(0x80 | (unit >> 6 & 0x3F));
      text += static_cast<char>(0x80 | (unit & 0x3F));
    } else {
      text += '?';  // no attribute that anyone defined has such a name
    }
  }
  return text;
}

/// A piece of a header that can go.
struct Piece {
  std::size_t at = 0;
  std::size_t size = 0;
  std::string name;
  bool picture = false;
  /// The object around it whose size shrinks with it; 0: the Header Object alone.
  std::size_t parent = 0;
  bool attribute = false;  ///< of the parent, which counts it
};

/// What can go of one header, and where the Header Extension Object is.
class Contents {
 public:
  explicit Contents(Bytes header) : bytes_(header) {
    each(kHeaderObjectHeadSize, static_cast<std::size_t>(load_le<std::uint64_t>(header, kSizeAt)),
         0);
  }

  std::vector<Piece>& padding() { return padding_; }
  std::vector<Piece>& pieces() { return pieces_; }
  const std::vector<std::size_t>& extensions() const { return extensions_; }

 private:
  /// The objects between `begin` and `end`, which the parser has found whole.
  void each(std::size_t begin, std::size_t end, std::size_t parent) {
    while (begin < end) {
      const auto size = static_cast<std::size_t>(load_le<std::uint64_t>(bytes_, begin + kSizeAt));
      object(guid_at(bytes_.subspan(begin)), begin, size, parent);
      begin += size;
    }
  }

  void object(const Guid& id, std::size_t at, std::size_t size, std::size_t parent) {
    const Piece whole{at, size, name_of(id), false, parent};
    if (id == kPadding) {
      padding_.push_back(whole);
    } else if (id == kHeaderExtension && parent == 0) {
      extensions_.push_back(at);
      each(at + kHeaderExtensionHeadSize, at + size, at);
    } else if (std::ranges::find(kDefining, id) != std::end(kDefining)) {
      return;
    } else if (id == kExtendedContentDescription || id == kMetadata || id == kMetadataLibrary) {
      // Attributes can only be told apart where all of them can.
      std::vector<Piece> attributes;
      if (!read_attributes(id, at, size, attributes)) return pieces_.push_back(whole);
      pieces_.insert(pieces_.end(), attributes.begin(), attributes.end());
    } else {
      pieces_.push_back(whole);
    }
  }

  bool read_attributes(const Guid& id, std::size_t at, std::size_t size,
                       std::vector<Piece>& attributes) {
    const bool extended = id == kExtendedContentDescription;
    ByteReader reader(bytes_.subspan(at, size));
    reader.skip(kCountAt);
    const std::size_t count = reader.u16();
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
      const std::size_t begin = reader.position();
      Bytes name;
      if (extended) {
        name = reader.bytes(reader.u16());
        reader.skip(2);
        reader.skip(reader.u16());
      } else {
        reader.skip(4);  // language, stream
        const std::size_t name_size = reader.u16();
        reader.skip(2);
        const std::size_t value_size = reader.u32();
        name = reader.bytes(name_size);
        reader.skip(value_size);
      }
      Piece piece{at + begin, reader.position() - begin, utf8_of(name), false, at, true};
      // The shape of the pixels belongs to the picture.
      if (id == kMetadata && piece.name.starts_with("AspectRatio")) continue;
      piece.picture = piece.name == "WM/Picture";
      attributes.push_back(std::move(piece));
    }
    return reader.ok();
  }

  Bytes bytes_;
  std::vector<Piece> padding_;
  std::vector<Piece> pieces_;
  std::vector<std::size_t> extensions_;
};

/// Moves from `from` to `chosen` what frees `need` bytes, with as little as can be.
void choose(std::vector<Piece> from, std::size_t& need, std::vector<Piece>& chosen) {
  std::ranges::sort(from, [](const Piece& a, const Piece& b) {
    return a.size != b.size ? a.size > b.size : a.at < b.at;
  });
  for (std::size_t i = 0; i < from.size() && need > 0; ++i) {
    std::size_t taken = i;
    if (from[i].size >= need)
      while (taken + 1 < from.size() && from[taken + 1].size >= need) ++taken;
    need -= std::min(need, from[taken].size);
    chosen.push_back(std::move(from[taken]));
  }
}

/// Shrinks the fields that count what is cut: they lie in front of it, and so stay where they are
/// while this goes through the pieces from the last to the first.
void shrink(MutableBytes header, const Piece& piece, const std::vector<std::size_t>& extensions) {
  const auto smaller = [&](std::size_t at) {
    store_le(header, at + kSizeAt, load_le<std::uint64_t>(header, at + kSizeAt) - piece.size);
  };
  smaller(0);
  if (piece.parent == 0) {
    store_le(header, kCountAt, load_le<std::uint32_t>(header, kCountAt) - 1);
    return;
  }
  std::size_t extension = 0;  // that the piece is in, or its object
  for (const std::size_t at : extensions)
    if (at < piece.at && piece.at < at + load_le<std::uint64_t>(header, at + kSizeAt))
      extension = at;
  if (extension != 0) {
    smaller(extension);
    const std::size_t data = extension + kExtensionDataSizeAt;
    store_le(header, data,
             load_le<std::uint32_t>(header, data) - static_cast<std::uint32_t>(piece.size));
  }
  if (piece.attribute) {
    smaller(piece.parent);
    const std::size_t count = piece.parent + kCountAt;
    store_le<std::uint16_t>(header, count,
                            static_cast<std::uint16_t>(load_le<std::uint16_t>(header, count) - 1));
  }
}

void cut(std::vector<std::byte>& header, std::vector<Piece> pieces,
         const std::vector<std::size_t>& extensions) {
  std::ranges::sort(pieces, std::greater<>(), &Piece::at);
  for (const Piece& piece : pieces) shrink(header, piece, extensions);
  std::vector<std::byte> rest;
  std::size_t from = 0;
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
    append(rest, Bytes(header).subspan(from, piece->at - from));
    from = piece->at + piece->size;
  }
  append(rest, Bytes(header).subspan(from));
  header = std::move(rest);
}

}  // namespace

Error trim_header(std::vector<std::byte>& header, std::size_t largest,
                  std::vector<LeftOut>& left_out) {
  left_out.clear();
  Header parsed;
  if (Error error = parse_header(header, parsed)) return error;
  Contents contents(header);
  std::vector<Piece> gone = std::move(contents.padding());
  std::size_t size = header.size();
  for (const Piece& piece : gone) size -= piece.size;
  std::size_t need = size > largest ? size - largest : 0;
  const std::size_t padding = gone.size();
  for (const bool pictures : {true, false}) {
    std::vector<Piece> group;
    for (const Piece& piece : contents.pieces())
      if (piece.picture == pictures) group.push_back(piece);
    choose(std::move(group), need, gone);
  }
  for (std::size_t i = padding; i < gone.size(); ++i)
    left_out.push_back({gone[i].name, gone[i].size});
  if (!gone.empty()) cut(header, std::move(gone), contents.extensions());
  return {};
}

std::string text_of(const std::vector<LeftOut>& left_out) {
  std::string text;
  for (std::size_t i = 0; i < std::min(left_out.size(), kMostNames); ++i)
    text += (text.empty() ? "" : ", ") + left_out[i].name + " (" +
            std::to_string(left_out[i].size) + " bytes)";
  if (left_out.size() > kMostNames)
    text += " and " + std::to_string(left_out.size() - kMostNames) + " more";
  return text;
}

}  // namespace wmpush::asf
