#include "pubpoint/picture/pictures.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "core/signals_blocked.hpp"
#include "pubpoint/access/hash.hpp"
#include "pubpoint/picture/key_frame.hpp"

namespace wmpush::pubpoint {
namespace {

std::shared_ptr<const Picture> unavailable(std::string why) {
  auto picture = std::make_shared<Picture>();
  picture->why = std::move(why);
  return picture;
}

}  // namespace

/// The thread that waits for the program.
class Pictures::Maker {
 public:
  struct Job {
    KeyFramePackets key_frame;
    std::function<void(MadePicture)> done;  // in this thread
  };

  explicit Maker(const PictureSettings& settings)
      : settings_(settings), process_(settings.program, settings.timeout) {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { run(); });
  }
  ~Maker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    process_.interrupt();
    changed_.notify_one();
    thread_.join();
  }

  void add(Job job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    const auto is_due = [&] { return stopping_ || !jobs_.empty(); };
    for (;;) {
      if (!process_.is_running())
        changed_.wait(lock, is_due);
      else if (!changed_.wait_for(lock, settings_.idle, is_due))
        process_.end();
      if (stopping_) return;
      if (jobs_.empty()) continue;
      const Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job.done(process_.make(job.key_frame.asf(), settings_.width));
      lock.lock();
    }
  }

  const PictureSettings settings_;
  PictureProcess process_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

Pictures::Pictures(PictureSettings settings, Post post,
                   std::function<void(const std::string&, const std::string&)> log)
    : settings_(std::move(settings)),
      post_(std::move(post)),
      log_(std::move(log)),
      self_(std::make_shared<Pictures*>(this)) {}

Pictures::~Pictures() { *self_ = nullptr; }

std::shared_ptr<const Picture> Pictures::ask(const std::string& point, const KeyFrame& key_frame,
                                             Clock::time_point now, Done done) {
  Point& its = points_[point];
  if (its.picture && (its.number == key_frame.number() || now < its.fresh_until))
    return its.picture;
  if (waiting_ >= kMostWaiting)
    return its.picture ? its.picture : unavailable("too many pictures are asked for");
  if (!its.is_made) {
    try {
      if (!maker_) maker_ = std::make_unique<Maker>(settings_);
    } catch (const std::system_error& error) {
      return unavailable(std::string("there is no thread for it: ") + error.what());
    }
    its.is_made = true;
    auto made = [this, point, now, number = key_frame.number(), post = post_,
                 self = self_](MadePicture what) {
      post([=, this, what = std::move(what)] {
        if (*self != nullptr) take(point, number, now, what);
      });
    };
    maker_->add({key_frame.packets(), std::move(made)});
  }
  ++waiting_;
  its.waiting.push_back(std::move(done));
  return nullptr;
}

void Pictures::take(const std::string& point, std::uint64_t number, Clock::time_point asked,
                    MadePicture what) {
  auto picture = std::make_shared<Picture>();
  const bool failed = what.what == MadePicture::What::Failed;
  if (failed)
    log_(point, "no picture of " + point + ": wmpush-picture: " + what.why +
                    "; the next try is in " + std::to_string(kRest.count()) + " s");
  if (what.what == MadePicture::What::Picture) {
    picture->what = Picture::What::Jpeg;
    picture->etag = '"' + hex_hash(Hash::Sha256, what.jpeg) + '"';
    picture->jpeg = std::move(what.jpeg);
  } else {
    picture->what = failed ? Picture::What::Unavailable : Picture::What::None;
    picture->why = failed ? "the program that makes pictures has failed" : what.why;
  }
  const auto found = points_.find(point);
  if (found == points_.end()) return;
  Point& its = found->second;
  its.picture = std::move(picture);
  its.number = number;
  its.fresh_until = asked + (failed ? kRest : settings_.interval);
  its.is_made = false;
  waiting_ -= its.waiting.size();
  const auto told = its.picture;  // who is told may ask again
  for (const Done& done : std::exchange(its.waiting, {})) done(told);
}

void Pictures::forget_others(const std::function<bool(const std::string&)>& is_there) {
  // Who waits for one that is being made gets it.
  std::erase_if(points_,
                [&](const auto& each) { return !each.second.is_made && !is_there(each.first); });
}

}  // namespace wmpush::pubpoint
