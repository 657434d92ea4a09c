#include "pubpoint/hls/hls.hpp"

#include <utility>

namespace wmpush::pubpoint {

Hls::Hls(const std::vector<HlsPointSettings>& points, const HlsSettings& settings,
         Surroundings around) {
  for (const HlsPointSettings& point : points) {
    if (point.mode == HlsMode::Off) continue;
    if (!thread_) thread_ = std::make_unique<ClientThread>();
    points_[point.point] = std::make_shared<HlsPoint>(
        point, settings,
        HlsPoint::Surroundings{.thread = thread_->context(),
                               .post = around.post,
                               .now = around.now,
                               .log =
                                   [log = around.log, name = point.point](const std::string& kind,
                                                                          const std::string& line) {
                                     log(kind + " " + name, "the HLS of " + name + ": " + line);
                                   },
                               .take_slot =
                                   [this, most = settings.programs] {
                                     if (running_ >= most) return false;
                                     ++running_;
                                     return true;
                                   },
                               .give_slot = [this] { --running_; }});
  }
}

Hls::~Hls() {
  stop();
  points_.clear();
}

std::shared_ptr<HlsPoint> Hls::find(const std::string& point) const {
  const auto found = points_.find(point);
  return found == points_.end() ? nullptr : found->second;
}

bool Hls::is_wanted(const std::string& point) const {
  const auto found = points_.find(point);
  return found != points_.end() && found->second->is_wanted();
}

void Hls::check_timers() {
  for (const auto& [name, point] : points_) point->check_timers();
}

void Hls::stop() {
  for (const auto& [name, point] : points_) point->stop();
}

}  // namespace wmpush::pubpoint
