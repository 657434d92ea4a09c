#include "playlist.hpp"

#include <algorithm>
#include <filesystem>

#include "asf/header_trim.hpp"

namespace wmpush::tool {
namespace {

/// What a stream change carries at the most (MS-WMHTTP 2.2.3.2).
constexpr std::size_t kLargestNextHeader = 65527;
constexpr std::size_t kBufferSize = 64 * 1024;
constexpr std::chrono::milliseconds kSlice{50};

/// Opening it and going away again would end the program that writes to it.
bool is_pipe(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_fifo(path, ignored);
}

}  // namespace

Error about(const Input& input, Error error) {
  error.message = input.name() + ": " + error.message;
  return error;
}

Error ended_early(const Input& input, const asf::Splitter& splitter) {
  if (input.position() == 0) return {Result::NS_E_INVALID_DATA, 0, 0, input.name() + " is empty"};
  if (Error error = splitter.finish()) return about(input, std::move(error));
  return {Result::NS_E_INVALID_DATA, 0, 0, input.name() + " ends before its first data packet"};
}

Playlist::Playlist(const std::vector<std::string>& paths, bool fixed, std::size_t largest)
    : fixed_(fixed), largest_(largest) {
  for (const std::string& path : paths) entries_.push_back({path});
}

std::size_t Playlist::room_of(std::size_t index) const {
  const std::size_t most = index > 0 ? kLargestNextHeader : asf::kMaxHeaderSize;
  return largest_ > 0 ? std::min(most, largest_) : most;
}

asf::Splitter::Limits Playlist::limits_of(std::size_t index) const {
  return {.header = fixed_ ? asf::kMaxInputHeader : room_of(index)};
}

/// Whether a header can be pushed, as it is or with less in it.
Error Playlist::check_header(std::size_t index, Bytes header) const {
  if (!fixed_) return {};
  std::vector<std::byte> trimmed(header.begin(), header.end());
  std::vector<asf::LeftOut> left_out;
  if (Error error = asf::trim_header(trimmed, room_of(index), left_out)) return error;
  if (trimmed.size() <= room_of(index)) return {};
  return {Result::NS_E_INVALID_DATA, 0, 0,
          "the ASF header has " + std::to_string(trimmed.size()) + " bytes where " +
              std::to_string(room_of(index)) +
              " are the most, even without pictures and other metadata: leave out streams"};
}

Error Playlist::check(const std::function<bool()>& stopped) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (i > 0 && is_pipe(entries_[i].path)) continue;
    Input later;  // closed again: there may be more entries than files that can be open
    Input& input = i == 0 ? input_ : later;
    Error error = input.open(entries_[i].path);
    if (!error && input.size()) error = check(i, input, stopped);
    if (!error) continue;
    index_ = i;
    entry().error = error;
    return error;
  }
  return {};
}

/// Reads as far as the header's end, and goes back to the start.
Error Playlist::check(std::size_t index, Input& input, const std::function<bool()>& stopped) const {
  asf::Splitter splitter(limits_of(index));
  std::vector<std::byte> buffer(kBufferSize);
  while (true) {
    Input::Status status{};
    Bytes bytes;
    if (Error error = input.read(buffer, kSlice, status, bytes)) return error;
    if (status == Input::Status::End) return ended_early(input, splitter);
    asf::Splitter::Unit unit;
    if (Error error = splitter.next(bytes, unit)) return about(input, std::move(error));
    if (unit.kind == asf::Splitter::Kind::Header) {
      if (Error error = check_header(index, unit.bytes)) return about(input, std::move(error));
      return input.rewind();
    }
    if (stopped()) return {Result::NS_E_SHUTDOWN, 0, 0, "stopped before anything was pushed"};
  }
}

bool Playlist::advance() {
  if (on_last()) return false;
  ++index_;
  return true;
}

Error Playlist::open() { return input_.open(entry().path, Input::Pipe::GoOn); }

}  // namespace wmpush::tool
