#include "pubpoint/hls/fragment_reader.hpp"

#include <limits>
#include <string_view>
#include <utility>

namespace wmpush::pubpoint {
namespace {

/// MP4 is big-endian. Reading past the end gives zeros and makes ok() false.
class BoxReader {
 public:
  explicit BoxReader(Bytes bytes) : bytes_(bytes) {}

  std::uint64_t number(std::size_t size) {
    if (size > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value = value << 8 | std::to_integer<std::uint64_t>(bytes_[i]);
    bytes_ = bytes_.subspan(size);
    return value;
  }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  void skip(std::size_t size) {
    ok_ = ok_ && size <= bytes_.size();
    bytes_ = ok_ ? bytes_.subspan(size) : Bytes();
  }
  bool ok() const { return ok_; }

 private:
  Bytes bytes_;
  bool ok_ = true;
};

struct BoxHead {
  std::string_view type;
  std::size_t head = 0;
  std::uint64_t size = 0;  ///< with the head; 0: not known yet
};

/// False: that is no box that ends.
bool read_head(Bytes bytes, BoxHead& box) {
  box = {};
  if (bytes.size() < 8) return true;
  BoxReader reader(bytes);
  box.size = reader.u32();
  box.type = as_text(bytes.subspan(4, 4));
  box.head = 8;
  if (box.size == 1) {
    box.head = 16;
    box.size = 0;
    if (bytes.size() < 16) return true;
    reader.skip(4);
    box.size = reader.number(8);
  }
  return box.size >= box.head;
}

/// Calls `each` with type and content of the boxes in there.
template <typename Each>
void for_each_box(Bytes bytes, Each each) {
  BoxHead box;
  while (read_head(bytes, box) && box.size > 0 && box.size <= bytes.size()) {
    const auto size = static_cast<std::size_t>(box.size);
    each(box.type, bytes.subspan(box.head, size - box.head));
    bytes = bytes.subspan(size);
  }
}

/// Full boxes begin with a version and flags.
struct FullBox {
  explicit FullBox(Bytes content) : reader(content) {
    const std::uint32_t both = reader.u32();
    version = both >> 24;
    flags = both & 0xFFFFFF;
  }
  /// Past two times, whose size depends on the version.
  void skip_times() { reader.skip(version == 1 ? 16 : 8); }

  BoxReader reader;
  std::uint32_t version = 0;
  std::uint32_t flags = 0;
};

/// In units of the track's timescale.
std::uint64_t run_duration(Bytes trun, std::uint32_t default_duration) {
  FullBox box(trun);
  const std::uint32_t count = box.reader.u32();
  if ((box.flags & 0x1) != 0) box.reader.skip(4);
  if ((box.flags & 0x4) != 0) box.reader.skip(4);
  if ((box.flags & 0x100) == 0) return std::uint64_t{count} * default_duration;
  std::size_t others = 0;
  for (const std::uint32_t flag : {0x200U, 0x400U, 0x800U})
    if ((box.flags & flag) != 0) others += 4;
  std::uint64_t duration = 0;
  for (std::uint32_t i = 0; i < count && box.reader.ok(); ++i) {
    duration += box.reader.u32();
    box.reader.skip(others);
  }
  return duration;
}

}  // namespace

std::string FragmentReader::take(Bytes input, std::vector<Fragment>& done) {
  append(input_, input);
  Bytes rest(input_);
  std::string wrong;
  for (BoxHead box; wrong.empty();) {
    if (!read_head(rest, box)) {
      wrong = "what it writes is no MP4";
    } else if (box.size > largest_) {
      wrong = "a fragment of " + std::to_string(box.size) + " bytes is more than " +
              std::to_string(largest_) + ": key frames are too far apart";
    } else if (box.size == 0 || box.size > rest.size()) {
      break;
    } else {
      const auto size = static_cast<std::size_t>(box.size);
      wrong = take_box(box.type, rest.first(size), box.head, done);
      rest = rest.subspan(size);
    }
  }
  input_.erase(input_.begin(), input_.end() - static_cast<std::ptrdiff_t>(rest.size()));
  return wrong;
}

std::string FragmentReader::take_box(std::string_view type, Bytes box, std::size_t head,
                                     std::vector<Fragment>& done) {
  if (type == "ftyp") {
    file_type_ = as_text(box);
  } else if (type == "moov") {
    if (!read_moov(box.subspan(head))) return "its MP4 has no track";
    init_ = file_type_ + std::string(as_text(box));
  } else if (type == "moof") {
    fragment_.bytes = as_text(box);
    fragment_.duration = duration_of(box.subspan(head));
  } else if (type == "mdat" && !fragment_.bytes.empty()) {
    fragment_.bytes += as_text(box);
    done.push_back(std::exchange(fragment_, {}));
  }
  return {};
}

bool FragmentReader::read_moov(Bytes content) {
  tracks_.clear();
  timed_ = 0;
  std::map<std::uint32_t, std::uint32_t> defaults;
  for_each_box(content, [&](std::string_view type, Bytes inside) {
    if (type == "mvex")
      for_each_box(inside, [&](std::string_view inner, Bytes trex) {
        if (inner != "trex") return;
        FullBox box(trex);
        const std::uint32_t id = box.reader.u32();
        box.reader.skip(4);
        defaults[id] = box.reader.u32();
      });
    if (type != "trak") return;
    std::uint32_t id = 0;
    Track track;
    for_each_box(inside, [&](std::string_view inner, Bytes part) {
      if (inner == "tkhd") {
        FullBox box(part);
        box.skip_times();
        id = box.reader.u32();
      }
      if (inner != "mdia") return;
      for_each_box(part, [&](std::string_view innermost, Bytes last) {
        FullBox box(last);
        if (innermost == "mdhd") {
          box.skip_times();
          track.timescale = box.reader.u32();
        } else if (innermost == "hdlr") {
          box.reader.skip(4);
          track.is_video = box.reader.u32() == 0x76696465;  // "vide"
        }
      });
    });
    if (id == 0 || track.timescale == 0) return;
    tracks_[id] = track;
    if (timed_ == 0 || (track.is_video && !tracks_[timed_].is_video)) timed_ = id;
  });
  for (auto& [id, track] : tracks_) track.default_duration = defaults[id];
  return timed_ != 0;
}

std::chrono::microseconds FragmentReader::duration_of(Bytes moof) const {
  std::uint64_t duration = 0;
  const auto track = tracks_.find(timed_);
  if (track == tracks_.end()) return {};
  for_each_box(moof, [&](std::string_view type, Bytes traf) {
    if (type != "traf") return;
    std::uint32_t id = 0;
    std::uint32_t default_duration = track->second.default_duration;
    for_each_box(traf, [&](std::string_view inner, Bytes part) {
      if (inner == "tfhd") {
        FullBox box(part);
        id = box.reader.u32();
        if ((box.flags & 0x1) != 0) box.reader.skip(8);
        if ((box.flags & 0x2) != 0) box.reader.skip(4);
        if ((box.flags & 0x8) != 0) default_duration = box.reader.u32();
      }
      if (inner == "trun" && id == timed_) duration += run_duration(part, default_duration);
    });
  });
  // A day is more than any fragment, and keeps the product small.
  const std::uint64_t most = std::uint64_t{86'400} * track->second.timescale;
  return std::chrono::microseconds(
      static_cast<std::int64_t>(std::min(duration, most) * 1'000'000 / track->second.timescale));
}

}  // namespace wmpush::pubpoint
