// Everyone who watches, spread over threads.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>  // before Asio, which forgets it (Boost 1.74)
#include <vector>

#include "pubpoint/point/broadcast.hpp"
#include "pubpoint/pull/viewer.hpp"

namespace wmpush::pubpoint {

/// Belongs to the server's thread, as its functions do; the viewers belong to the threads in it.
class Audience {
 public:
  struct Limits {
    std::size_t threads = 1;
    std::size_t queue = 0;  ///< bytes that a viewer may be behind
  };
  /// `over` is called in one of the threads when a viewer has gone.
  Audience(Limits limits, std::function<void(std::shared_ptr<ViewerRecord>)> over);
  ~Audience();
  Audience(const Audience&) = delete;
  Audience& operator=(const Audience&) = delete;

  /// Where the items of a point go: one for each thread.
  std::vector<std::shared_ptr<ItemSink>> sinks(const std::string& point);
  /// A viewer joins the point of its record, with a socket that belongs to nobody.
  void join(ClientSocket::Released socket, Viewer::Wishes wishes,
            std::shared_ptr<ViewerRecord> record);
  /// A viewer, or the session of a player, changes its mind or is sent away.
  void select(const std::string& point, std::uint32_t client_id, const PullRequest& request);
  void close_viewer(const std::string& point, std::uint64_t number, const std::string& because);
  /// How far viewers may be behind from now on, in bytes.
  void change_queue(std::size_t queue);
  /// Nobody watches or pushes to this point any more.
  void forget(const std::string& point);
  /// Ends everything, as far as sockets take it at once.
  void stop();

 private:
  class Stage;
  void on_each(const std::function<void(Stage&)>& what);

  std::vector<std::unique_ptr<Stage>> stages_;
  std::size_t next_ = 0;
};

}  // namespace wmpush::pubpoint
