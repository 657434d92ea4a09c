#include "pubpoint/hls/hls_point.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <random>
#include <utility>

#include "pubpoint/hls/packager.hpp"

namespace wmpush::pubpoint {
namespace {

/// Players begin so many segments before the end: a first playlist that has them plays at once.
constexpr int kFirstSegments = 3;
/// Programs of one point: what is on air, and what is ending.
constexpr std::size_t kMostRuns = 2;
/// A viewer that has not asked for so long has gone, or for three segments where those are longer.
constexpr std::chrono::seconds kViewerTime{10};

/// Never the same again, not even after a restart: what a cache has of a name stays true. Nobody
/// can guess it either.
std::string run_name() {
  std::random_device random;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  char text[64];
  std::snprintf(text, sizeof text, "%llx-%08x%08x", static_cast<unsigned long long>(now), random(),
                random());
  return text;
}

}  // namespace

HlsPoint::HlsPoint(HlsPointSettings settings, HlsSettings all, Surroundings around)
    : settings_(std::move(settings)),
      all_(std::move(all)),
      around_(std::move(around)),
      playlist_({all_.segments, all_.memory, all_.segment_time}),
      backlog_(all_.segment_time * kFirstSegments, all_.queue),
      delay_(all_.first_delay, all_.longest_delay) {}

void HlsPoint::take(const Item& item) {
  if (item.packet) {
    backlog_.push(item.packet);
    if (current_) give(item.packet);
    return;
  }
  end_current();
  backlog_.clear();
  header_ = item.header;
  if (item.is_end()) {
    stream_ended_ = true;
    ended_at_ = around_.now();
    return publish();
  }
  stream_ended_ = false;
  if (playlist_.has_ended()) playlist_.clear();
  retry_at_ = {};  // what the last program could not do, the next one may do with another stream
  delay_.reset();
  if (is_wanted()) begin();
}

HlsPoint::Answer HlsPoint::ask(bool waited) {
  asked_ = around_.now();
  if (playlist_.has_segments() && (waited || !current_ || is_long_enough()))
    return Answer::Playlist;
  if (stopped_ || !header_) return Answer::Off;
  if (current_) return Answer::Wait;
  if (around_.now() < retry_at_) return Answer::Failed;
  return begin() ? Answer::Wait : Answer::Full;
}

/// With one segment a player would stop at its end, and at that of each later one.
bool HlsPoint::is_long_enough() const { return playlist_.size() > 1; }

bool HlsPoint::is_wanted() const {
  return !stopped_ && asked_ && around_.now() - *asked_ < all_.idle_time;
}

bool HlsPoint::count(const std::string& viewer, const std::string& owner, std::size_t most) {
  const bool is_known = viewers_.contains(viewer);
  if (!is_known && viewers_.size() >= most && !make_room(owner, most)) return false;
  viewers_[viewer] = {owner, around_.now()};
  return true;
}

/// Nobody who calls himself many viewers keeps the others out.
bool HlsPoint::make_room(const std::string& owner, std::size_t most) {
  std::map<std::string_view, std::size_t> counts;
  for (const auto& [name, each] : viewers_) ++counts[each.owner];
  const auto largest =
      std::ranges::max_element(counts, {}, [](const auto& each) { return each.second; });
  if (largest == counts.end() || largest->second <= most / 2 || largest->first == owner)
    return false;
  viewers_.erase(std::ranges::find_if(
      viewers_, [&](const auto& each) { return each.second.owner == largest->first; }));
  return true;
}

bool HlsPoint::begin() {
  // Headers may come faster than programs end: check_timers() tries again.
  if (runs_.size() >= kMostRuns) return true;
  if (stopped_ || (!has_slot_ && !around_.take_slot())) return false;
  has_slot_ = true;
  auto run = std::make_shared<Run>();
  run->name = run_name();
  run->since = around_.now();
  // The packager's thread tells the server's.
  const auto told = [post = around_.post, point = weak_from_this(),
                     its = std::weak_ptr<Run>(run)](auto what) {
    post([point, its, what = std::move(what)] {
      const auto self = point.lock();
      const auto run_there = its.lock();
      if (self && run_there) what(*self, *run_there);
    });
  };
  Packager::Events events;
  events.init = [told](std::string init) {
    told([init = std::make_shared<const std::string>(std::move(init))](HlsPoint&, Run& its) {
      its.init = init;
    });
  };
  events.segment = [told](std::string bytes, std::chrono::microseconds duration) {
    told([segment = std::make_shared<const std::string>(std::move(bytes)), duration](HlsPoint& self,
                                                                                     Run& its) {
      its.first_unanswered.reset();
      its.segments.emplace_back(segment, duration);
      self.publish();
    });
  };
  events.dropped = [told](std::uint64_t count) {
    told([count](HlsPoint& self, Run&) {
      self.numbers_.packets_dropped += count;
      self.around_.log("dropped", "the machine is too slow for it, or the program hangs: " +
                                      std::to_string(count) +
                                      " packets were left out, up to a key frame");
    });
  };
  events.over = [told](std::string why) {
    told([why = std::move(why)](HlsPoint& self, Run& its) { self.run_over(its, why); });
  };
  run->packager =
      std::make_shared<Packager>(around_.thread, all_, settings_.mode, std::move(events));
  in_thread(run->packager, [header = header_, packets = backlog_.packets()](Packager& packager) {
    packager.start(header, packets);
  });
  runs_.push_back(run);
  current_ = std::move(run);
  return true;
}

void HlsPoint::give(const std::shared_ptr<const Packet>& packet) {
  current_->last_given = around_.now();
  if (!current_->first_unanswered) current_->first_unanswered = current_->last_given;
  in_thread(current_->packager, [packet](Packager& packager) { packager.take(packet); });
}

void HlsPoint::in_thread(const std::shared_ptr<Packager>& packager,
                         std::function<void(Packager&)> what) {
  boost::asio::post(around_.thread, [packager, what = std::move(what)] { what(*packager); });
}

void HlsPoint::end_current() {
  const auto run = std::exchange(current_, nullptr);
  if (!run) return;
  run->finish_by = around_.now() + all_.finish_time;
  in_thread(run->packager, [](Packager& packager) { packager.finish(); });
}

void HlsPoint::run_over(Run& run, const std::string& why) {
  run.over = true;
  if (!why.empty()) {
    ++numbers_.failures;
    around_.log("failed", why);
  }
  if (current_.get() == &run) {
    current_ = nullptr;
    if (around_.now() - run.since >= all_.longest_delay) delay_.reset();
    retry_at_ = around_.now() + delay_.next();
  }
  publish();
}

/// Lists what the oldest run has, and then, when it is over, what the next one has.
void HlsPoint::publish() {
  while (!runs_.empty()) {
    const std::shared_ptr<Run> run = runs_.front();
    for (auto& [segment, duration] : run->segments) {
      if (!std::exchange(run->is_listed, true)) playlist_.begin_run(run->name, run->init);
      playlist_.add(std::move(segment), duration);
      ++numbers_.segments;
    }
    run->segments.clear();
    if (!run->over) break;
    runs_.pop_front();
  }
  if (runs_.empty()) {
    if (std::exchange(has_slot_, false)) around_.give_slot();
    if (std::exchange(stream_ended_, false) && playlist_.has_segments()) playlist_.end();
  }
  if (!current_ || is_long_enough()) wake();
}

void HlsPoint::wake() {
  for (const auto& [who, what] : std::exchange(waiting_, {}))
    if (!who.expired()) what();
}

void HlsPoint::drop_runs() {
  current_ = nullptr;
  for (const auto& run : std::exchange(runs_, {}))
    in_thread(run->packager,
              [](Packager& packager) { packager.kill("it is not needed any more"); });
  if (std::exchange(has_slot_, false)) around_.give_slot();
  playlist_.clear();
  stream_ended_ = false;
}

void HlsPoint::check_timers() {
  const Clock::time_point now = around_.now();
  const auto viewer_time = std::max<Clock::duration>(kViewerTime, 3 * playlist_.target_duration());
  std::erase_if(viewers_, [&](const auto& each) { return now - each.second.asked > viewer_time; });
  std::erase_if(waiting_, [](const Waiting& each) { return each.who.expired(); });
  if (!is_wanted()) {
    if (current_)
      around_.log("idle", "nobody has asked for " + std::to_string(all_.idle_time.count() / 1000) +
                              " s: " + all_.program + " is ended");
    if (!runs_.empty() || playlist_.has_segments()) drop_runs();
    return;
  }
  // Who comes later is not shown what is over.
  if (playlist_.has_ended() && now - ended_at_ >= all_.idle_time) playlist_.clear();
  if (header_ && !current_ && now >= retry_at_) begin();
  for (const auto& run : runs_)
    if (run->finish_by && now >= *run->finish_by)
      in_thread(run->packager, [program = all_.program](Packager& packager) {
        packager.kill(program + " did not end with the stream");
      });
  if (current_ && current_->first_unanswered &&
      current_->last_given - *current_->first_unanswered >= all_.stall_time) {
    current_->first_unanswered.reset();
    in_thread(current_->packager, [this_time = all_.stall_time,
                                   program = all_.program](Packager& packager) {
      packager.kill(program + " was given packets for " + std::to_string(this_time.count() / 1000) +
                    " s and wrote no segment: it hangs, or there are no key frames");
    });
  }
}

void HlsPoint::stop() {
  stopped_ = true;
  drop_runs();
  waiting_.clear();
}

HlsNumbers HlsPoint::numbers() const {
  HlsNumbers numbers = numbers_;
  numbers.running = !runs_.empty();
  numbers.viewers = viewers_.size();
  return numbers;
}

}  // namespace wmpush::pubpoint
