#include "pubpoint/client/client_thread.hpp"

#include <boost/asio/post.hpp>
#include <exception>

#include "core/signals_blocked.hpp"

namespace wmpush::pubpoint {

ClientThread::ClientThread() {
  boost::system::error_code ignored;  // without authorities nobody is trusted
  tls_.set_default_verify_paths(ignored);
  tls_.set_verify_mode(boost::asio::ssl::verify_peer);
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

/// A handler for which there is no memory ends none of the others.
void ClientThread::run() {
  for (bool again = true; again;) {
    try {
      context_.run();
      again = false;
    } catch (const std::exception&) {
    }
  }
}

ClientThread::~ClientThread() {
  if (thread_.joinable()) stop([] {});
}

void ClientThread::stop(std::function<void()> last) {
  boost::asio::post(context_, std::move(last));
  work_.reset();
  thread_.join();
}

}  // namespace wmpush::pubpoint
