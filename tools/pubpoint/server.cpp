#include "pubpoint/server.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <future>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>  // before Asio, which forgets it (Boost 1.74)

#include "core/host_port.hpp"
#include "core/percent.hpp"
#include "pubpoint/access/ip_address.hpp"
#include "pubpoint/hls/hls_handler.hpp"
#include "pubpoint/http/client_socket.hpp"
#include "pubpoint/http/http_connection.hpp"
#include "pubpoint/http/listener.hpp"
#include "pubpoint/picture/picture_handler.hpp"
#include "pubpoint/pull/pull_handler.hpp"
#include "pubpoint/push/push_handler.hpp"
#include "pubpoint/service.hpp"
#include "pubpoint/web/admin_handler.hpp"
#include "pubpoint/web/web_handler.hpp"

namespace wmpush::pubpoint {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::chrono::milliseconds kLongestTimerPeriod{1000};
constexpr std::chrono::milliseconds kShortestTimerPeriod{10};
/// How long the end waits for recordings, and for who is told of them.
constexpr std::chrono::milliseconds kLongestFinish{5000};
/// Descriptors that no connection gets: a recording that begins its next file, a log or a
/// configuration that is opened again find one. A quarter of all, and so many at most.
constexpr rlim_t kMostKeptForFiles = 64;

/// Those that are kept for files, and those there are, when connections have all others:
/// `descriptor` is a new one, and the system always gives out the lowest.
struct Descriptors {
  rlim_t kept = 0;
  rlim_t all = 0;
};
std::optional<Descriptors> used_up_by(int descriptor) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return std::nullopt;
  const rlim_t kept = std::min(limit.rlim_cur / 4, kMostKeptForFiles);
  if (static_cast<rlim_t>(descriptor) < limit.rlim_cur - kept) return std::nullopt;
  return Descriptors{kept, limit.rlim_cur};
}

}  // namespace

class Server::Impl {
 public:
  Impl(Settings settings, HandlerFactory handlers)
      : handlers_(std::move(handlers)),
        service_(std::move(settings),
                 [context = context_](std::function<void()> what) {
                   asio::post(*context, std::move(what));
                 }),
        plain_(*context_, plain_place()),
        timer_(*context_),
        stop_timer_(*context_),
        fallback_timer_(*context_) {
    if (!service_.settings().record.empty())
      std::filesystem::create_directories(service_.settings().record);
    // Its threads need descriptors, which a push that begins later might not find.
    service_.watching().prepare();
    accept(plain_);
    if (service_.settings().tls) accept(secure_.emplace(*context_, secure_place()));
    tick();
    if (service_.settings().fallback) play_fallback();
    thread_ = std::thread([this] { context_->run(); });
  }

  ~Impl() { stop(); }

  Service& service() { return service_; }
  const Service& service() const { return service_; }
  tcp::endpoint endpoint() const { return plain_.endpoint(); }
  std::optional<tcp::endpoint> tls_endpoint() const {
    return secure_ ? std::optional(secure_->endpoint()) : std::nullopt;
  }

  /// Runs `what` in the server's thread and waits for it; once the server has stopped, here.
  void run(const std::function<void()>& what) {
    if (on_thread()) return what();
    const std::lock_guard lock(calls_);
    if (stopping_) join();
    if (stopped_) return what();
    std::promise<void> done;
    std::future<void> waited = done.get_future();
    asio::post(*context_, [&] {
      what();
      done.set_value();
    });
    // A stop that was asked for inside may come before it.
    while (waited.wait_for(kLongestTimerPeriod) != std::future_status::ready) {
      if (!stopping_) continue;
      join();
      if (waited.wait_for(std::chrono::seconds(0)) != std::future_status::ready) what();
      return;
    }
  }

  /// As run(), but from the server's own thread it is done later: what calls us there may be in
  /// the middle of the very thing.
  void run_later_if_inside(std::function<void()> what) {
    if (on_thread())
      asio::post(*context_, std::move(what));
    else
      run(what);
  }

  void check_timers() {
    service_.check_timers();
    service_.watching().advance_fallbacks(service_.now());
    forget_closed();
    for (const auto& connection : connections_) connection->check_timer(service_.now());
  }

  /// From the server's own thread it only begins: who destroys the server waits.
  void stop() {
    if (on_thread()) return begin_stop();
    const std::lock_guard lock(calls_);
    if (stopped_) return;
    begin_stop();
    join();
  }

 private:
  Listener::Place plain_place() const {
    const Settings& settings = service_.settings();
    return {settings.address, settings.port, settings.listener, settings.receive_buffer, false};
  }
  Listener::Place secure_place() const {
    const Settings& settings = service_.settings();
    return {settings.tls_address, settings.tls_port, settings.tls_listener, settings.receive_buffer,
            true};
  }

  bool on_thread() const { return executor_.running_in_this_thread(); }

  void begin_stop() {
    if (stopping_.exchange(true)) return;
    asio::post(*context_, [this] {
      plain_.close();
      if (secure_) secure_->close();
      service_.disconnect({}, 503, "the server was stopped");
      service_.stop_relays();
      service_.stop_hls();
      service_.watching().stop();
      for (const auto& connection : connections_) connection->close();
      stop_timer_.expires_after(kLongestFinish);
      stop_timer_.async_wait([this](const error_code& error) {
        if (error) return;
        service_.abandon_recordings(kLongestFinish);
        context_->stop();  // whoever is still being told of it
      });
      // Behind what the viewers' threads have told of those that have gone.
      asio::post(*context_, [this] {
        service_.when_recorded([this] { service_.when_told([this] { context_->stop(); }); });
      });
    });
  }

  /// With calls_ held.
  void join() {
    if (!std::exchange(stopped_, true)) thread_.join();
  }

  void accept(Listener& listener) {
    listener.accept(
        [this, secure = listener.tls()](tcp::socket socket) { admit(std::move(socket), secure); },
        [this, &listener](const error_code& error) {
          // Out of descriptors, most likely: the next tick tries again, with fewer
          // connections open.
          service_.count(Limit::Descriptors);
          service_.log("cannot accept a connection: " + error.message());
          not_accepting_.push_back(&listener);
        });
  }

  /// One connection more, within the limits.
  void admit(tcp::socket socket, bool secure) {
    const Limits& limits = service_.settings().limits;
    error_code error;
    // One that has gone again has no address any more; but what it was told is delivered is read.
    const auto peer = socket.remote_endpoint(error);
    const std::string address = error ? std::string() : peer.address().to_string();
    std::string owner = owner_of(address);
    const AddressCounts& counts = service_.connection_counts();
    if (counts.all() >= limits.connections)
      return refuse(std::move(socket), secure, Limit::Connections, {},
                    "a connection is refused: there are " + std::to_string(limits.connections));
    if (counts.of(owner) >= limits.address_connections)
      return refuse(std::move(socket), secure, Limit::AddressConnections, owner,
                    "a connection of " + address + " is refused: it has " +
                        std::to_string(limits.address_connections));
    if (const auto descriptors = used_up_by(socket.native_handle()))
      return refuse(std::move(socket), secure, Limit::Descriptors, {},
                    "a connection is refused: of " + std::to_string(descriptors->all) +
                        " descriptors the last " + std::to_string(descriptors->kept) +
                        " are kept for files; raise LimitNOFILE, or ulimit -n");
    // Most have gone by the next tick, which forgets them.
    if (connections_.size() >= 2 * limits.connections) forget_closed();
    connections_.push_back(std::make_shared<HttpConnection>(
        ClientSocket(std::move(socket), secure ? service_.settings().tls.get() : nullptr), service_,
        address, std::move(owner)));
    service_.count_connection();
    connections_.back()->start(
        [this](ClientConnection& connection) { return handlers_(connection, service_); });
  }

  void refuse(tcp::socket socket, bool secure, Limit limit, const std::string& owner,
              const std::string& why) {
    service_.count(limit);
    service_.log_seldom(std::string(name_of(limit)) + " " + owner, why);
    // A handshake would cost more than there is: of TLS it hears an alert, internal_error
    // (RFC 8446, 6.2), which needs none.
    constexpr std::string_view kAlert("\x15\x03\x03\x00\x02\x02\x50", 7);
    constexpr std::string_view kFull =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(secure ? kAlert : kFull), ignored);
  }

  void tick() {
    const auto shorter =
        std::min(service_.settings().idle_timeout, service_.settings().inactivity_timeout);
    timer_.expires_after(std::clamp(shorter / 4, kShortestTimerPeriod, kLongestTimerPeriod));
    timer_.async_wait([this](const error_code& error) {
      if (error) return;
      check_timers();
      for (Listener* listener : std::exchange(not_accepting_, {})) accept(*listener);
      tick();
    });
  }

  /// As often as a viewer may want a picture.
  void play_fallback() {
    fallback_timer_.expires_after(std::chrono::milliseconds(20));
    fallback_timer_.async_wait([this](const error_code& error) {
      if (error) return;
      service_.watching().advance_fallbacks(service_.now());
      play_fallback();
    });
  }

  void forget_closed() {
    std::erase_if(connections_, [](const auto& connection) { return connection->closed(); });
  }

  // Shared with the thread that writes recordings: what that has to tell when the server has gone
  // is posted into a context that runs no more.
  const std::shared_ptr<asio::io_context> context_ = std::make_shared<asio::io_context>(1);
  const asio::io_context::executor_type executor_ = context_->get_executor();
  const HandlerFactory handlers_;
  Service service_;
  Listener plain_;
  std::optional<Listener> secure_;
  std::vector<Listener*> not_accepting_;  // for want of descriptors
  asio::steady_timer timer_;
  asio::steady_timer stop_timer_;
  asio::steady_timer fallback_timer_;
  std::vector<std::shared_ptr<HttpConnection>> connections_;
  std::mutex calls_;  // held while a call from another thread is under way
  std::atomic<bool> stopping_{false};
  bool stopped_ = false;  // its thread has ended
  std::thread thread_;
};

void SessionReport::take_counts(const SessionReport& newer) {
  receiving = newer.receiving;
  end_of_stream = newer.end_of_stream;
  end_reason = newer.end_reason;
  entries = newer.entries;
  packets = newer.packets;
  packets_repeated = newer.packets_repeated;
  bytes = newer.bytes;
  media = newer.media;
  if (recording_error != newer.recording_error) recording_error = newer.recording_error;
}

std::vector<std::unique_ptr<RequestHandler>> make_handlers(ClientConnection& connection,
                                                           Service& service) {
  std::vector<std::unique_ptr<RequestHandler>> handlers;
  handlers.push_back(std::make_unique<AdminHandler>(connection, service));
  handlers.push_back(std::make_unique<WebHandler>(connection, service));
  handlers.push_back(std::make_unique<PictureHandler>(connection, service));
  handlers.push_back(std::make_unique<HlsHandler>(connection, service));
  handlers.push_back(std::make_unique<PullHandler>(connection, service));
  handlers.push_back(std::make_unique<PushHandler>(connection, service));
  return handlers;
}

Server::Server(Settings settings) : Server(std::move(settings), make_handlers) {}

Server::Server(Settings settings, HandlerFactory handlers)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(handlers))) {}
Server::~Server() = default;

std::uint16_t Server::port() const { return impl_->endpoint().port(); }

std::uint16_t Server::tls_port() const {
  const auto endpoint = impl_->tls_endpoint();
  return endpoint ? endpoint->port() : std::uint16_t{0};
}

namespace {

std::string url_of(const char* scheme, const tcp::endpoint& endpoint, const std::string& point) {
  auto address = endpoint.address();
  if (address.is_unspecified())
    address = address.is_v6() ? asio::ip::address(asio::ip::address_v6::loopback())
                              : asio::ip::address(asio::ip::address_v4::loopback());
  return std::string(scheme) + "://" + host_and_port(address.to_string(), endpoint.port()) +
         (point.starts_with('/') ? "" : "/") + percent_encoded_path(point);
}

}  // namespace

std::string Server::url(const std::string& point) const {
  return url_of("wmpush", impl_->endpoint(), point);
}

std::string Server::tls_url(const std::string& point) const {
  const auto endpoint = impl_->tls_endpoint();
  return endpoint ? url_of("wmpushs", *endpoint, point) : std::string();
}

std::string Server::reload(Settings settings) {
  std::string kept;
  impl_->run([&] { kept = impl_->service().reload(std::move(settings)); });
  return kept;
}

void Server::disconnect(const std::string& point, int status) {
  impl_->run_later_if_inside([this, point, status] {
    impl_->service().disconnect(point, status,
                                "disconnected by the administrator, " + std::to_string(status));
  });
}

void Server::check_timers() {
  impl_->run_later_if_inside([this] { impl_->check_timers(); });
}

std::vector<std::string> Server::points() const {
  std::vector<std::string> names;
  impl_->run([&] { names = impl_->service().registry().points(); });
  return names;
}

std::vector<Breach> Server::breaches() const { return impl_->service().breaches(); }
std::vector<SessionReport> Server::sessions() const { return impl_->service().reports(); }
std::vector<Attempt> Server::attempts() const { return impl_->service().attempts(); }
std::uint64_t Server::requests() const { return impl_->service().requests(); }
std::uint64_t Server::connections() const { return impl_->service().connections(); }

LimitCounts Server::limits_met() const {
  LimitCounts counts;
  impl_->run([&] { counts = impl_->service().limits_met(); });
  return counts;
}

std::vector<std::shared_ptr<const ViewerRecord>> Server::viewers() const {
  std::vector<std::shared_ptr<const ViewerRecord>> viewers;
  impl_->run([&] { viewers = impl_->service().watching().viewers(); });
  return viewers;
}

void Server::close_viewer(std::uint64_t number) {
  impl_->run_later_if_inside([this, number] {
    impl_->service().watching().close_viewer(number, "sent away by the administrator");
  });
}

bool Server::wait_for(const std::function<bool()>& reached, std::chrono::milliseconds limit) const {
  return impl_->service().wait_for(reached, limit);
}

void Server::stop() { impl_->stop(); }

}  // namespace wmpush::pubpoint
