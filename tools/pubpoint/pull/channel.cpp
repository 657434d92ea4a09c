#include "pubpoint/pull/channel.hpp"

#include <utility>

namespace wmpush::pubpoint {

bool Channel::take(const Item& item) {
  ring_.push(item);
  return !std::exchange(pump_is_due_, true);
}

void Channel::pump() {
  pump_is_due_ = false;
  // By index: what a viewer does may bring another one's end.
  for (std::size_t i = 0; i < viewers_.size(); ++i) {
    viewers_[i]->check_pace(queue_);
    viewers_[i]->pump();
  }
}

void Channel::change_queue(std::size_t queue) {
  queue_ = queue;
  ring_.change_queue(queue);
}

void Channel::join(ClientSocket socket, Viewer::Wishes wishes, std::shared_ptr<ViewerRecord> record,
                   std::function<void(Viewer&)> over) {
  viewers_.push_back(std::make_shared<Viewer>(std::move(socket), std::move(wishes),
                                              std::move(record), ring_, std::move(over)));
  viewers_.back()->start();
}

void Channel::check_timers(Clock::time_point now) {
  for (std::size_t i = 0; i < viewers_.size(); ++i) viewers_[i]->check_farewell(now);
  std::erase_if(viewers_, [](const auto& viewer) { return viewer->is_over(); });
}

void Channel::select(std::uint32_t client_id, const PullRequest& request) {
  for (const auto& viewer : viewers_)
    if (viewer->record().client_id == client_id) viewer->select(request);
}

void Channel::close_viewer(std::uint64_t number, const std::string& because) {
  for (std::size_t i = 0; i < viewers_.size(); ++i)
    if (viewers_[i]->record().number == number) viewers_[i]->close(because);
}

void Channel::dismiss() {
  for (std::size_t i = 0; i < viewers_.size(); ++i) viewers_[i]->dismiss();
}

}  // namespace wmpush::pubpoint
