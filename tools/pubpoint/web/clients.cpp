#include "pubpoint/web/clients.hpp"

#include "core/secret_text.hpp"
#include "pubpoint/pull/viewer.hpp"
#include "pubpoint/service.hpp"

namespace wmpush::pubpoint {
namespace {

/// Of the name of a program as much as anybody reads.
std::string shown(const std::string& agent) { return mask_secrets(agent.substr(0, 200)); }

}  // namespace

PointClients take_clients(const Service& service, const std::string& point) {
  using std::chrono::duration_cast;
  const Clock::time_point now = service.now();
  PointClients clients;
  if (const auto session = service.registry().pusher(point)) {
    const auto time = duration_cast<std::chrono::system_clock::duration>(now - session->started());
    clients.encoder = {session->report().peer, shown(session->report().user_agent),
                       std::chrono::system_clock::now() - time};
  }
  for (const auto& viewer : service.watching().viewers()) {
    if (viewer->point != point) continue;
    if (clients.viewers.size() == kMostListed) {
      ++clients.more_viewers;
      continue;
    }
    clients.viewers.push_back({viewer->number, viewer->peer, shown(viewer->user_agent),
                               viewer->framed,
                               duration_cast<std::chrono::milliseconds>(now - viewer->since),
                               viewer->bytes, viewer->behind, viewer->skips});
  }
  if (const History::Point* its = service.history().find(point)) {
    clients.events.assign(its->events.rbegin(), its->events.rend());
    clients.recordings.assign(its->recordings.rbegin(), its->recordings.rend());
    for (PushEvent& event : clients.events) {
      event.user_agent = shown(event.user_agent);
      event.because = mask_secrets(event.because);
    }
  }
  return clients;
}

}  // namespace wmpush::pubpoint
