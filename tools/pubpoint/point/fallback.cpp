#include "pubpoint/point/fallback.hpp"

#include <algorithm>
#include <utility>

#include "asf/data_packet.hpp"
#include "asf/splitter.hpp"

namespace wmpush::pubpoint {
namespace {

/// Between the last packet and the first one of the next round.
constexpr std::chrono::milliseconds kPause{40};

}  // namespace

std::shared_ptr<const FallbackFile> FallbackFile::parse(Bytes asf, std::string& error) {
  if (asf.size() > kMost) {
    error = "it has " + std::to_string(asf.size()) + " bytes; " + std::to_string(kMost) +
            " are the most";
    return nullptr;
  }
  auto file = std::make_shared<FallbackFile>();
  asf::Splitter splitter;
  asf::Splitter::Unit unit;
  do {
    if (const Error failed = splitter.next(asf, unit)) {
      error = failed.message;
      return nullptr;
    }
    if (unit.kind == asf::Splitter::Kind::Header)
      file->header_.assign(unit.bytes.begin(), unit.bytes.end());
    if (unit.kind != asf::Splitter::Kind::Packet) continue;
    asf::DataPacket head;
    if (!asf::DataPacket::parse(unit.bytes, head)) continue;
    const std::chrono::milliseconds at(head.send_time);
    file->steps_.push_back({{unit.bytes.begin(), unit.bytes.end()}, at});
  } while (unit.kind != asf::Splitter::Kind::None && unit.kind != asf::Splitter::Kind::End);
  if (file->steps_.empty()) {
    error = "it has no data packets";
    return nullptr;
  }
  const auto first = file->steps_.front().at;
  for (Step& step : file->steps_) step.at = std::max(step.at - first, std::chrono::milliseconds(0));
  return file;
}

void Fallback::advance(Broadcast& broadcast, Clock::time_point now) {
  const auto begin = [&](Clock::time_point at) {
    began_ = at;
    next_ = 0;
    broadcast.on_header(file_->header(), now);
  };
  const bool interrupted =
      std::exchange(pushed_entries_, broadcast.pushed_entries()) != broadcast.pushed_entries();
  if (!std::exchange(playing_, true) || interrupted) begin(now);
  const auto& steps = file_->steps();
  // A round at most: what was missed while the server had no time is not made up for.
  for (std::size_t count = 0; count <= steps.size(); ++count) {
    if (next_ == steps.size()) {
      const auto again = began_ + steps.back().at + kPause;
      if (now < again) return;
      begin(std::max(again, now - kPause));
    }
    if (now < began_ + steps[next_].at) return;
    broadcast.on_packet(steps[next_++].packet, now);
  }
}

}  // namespace wmpush::pubpoint
