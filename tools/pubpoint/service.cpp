#include "pubpoint/service.hpp"

#include <stdexcept>

#include "core/log.hpp"
#include "pubpoint/record/file_slots.hpp"
#include "pubpoint/record/recorder.hpp"
#include "pubpoint/record/writer.hpp"
#include "pubpoint/relay/relay.hpp"

namespace wmpush::pubpoint {
namespace {

/// A server that runs for months keeps this many of what it could tell: the first ones.
constexpr std::size_t kMaxBreaches = 10'000;
constexpr std::size_t kMaxAttempts = 10'000;

/// Of "192.0.2.1:80" and "[2001:db8::1]:80", without brackets.
std::string address_of(std::string_view peer) {
  std::string_view address = peer.substr(0, peer.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  return std::string(address);
}

}  // namespace

Service::Service(Settings settings, Post post)
    : settings_(std::move(settings)),
      registry_(settings_.points, settings_.takeover, settings_.limits),
      access_(std::make_unique<Access>(settings_.access, settings_.authentication)),
      post_(std::move(post)),
      hooks_(settings_.hooks, post_),
      hls_(settings_.hls_points, settings_.hls,
           {.post = post_,
            .now = [this] { return settings_.now(); },
            .log = [this](const std::string& key,
                          const std::string& text) { log_seldom("hls " + key, text); }}),
      pictures_(settings_.pictures, post_,
                [this](const std::string& point, const std::string& line) {
                  log_seldom("picture " + point, line);
                }),
      watching_(
          settings_, registry_, hls_, post_,
          [this](const ViewerRecord& viewer) {
            change([] {});
            if (settings_.on_viewer_end) settings_.on_viewer_end(viewer);
            RequestRecord asked = viewer.asked;
            asked.status = 200;
            asked.bytes = viewer.bytes;
            request_over(asked);
          },
          [this](Limit limit, const std::string& text) {
            count(limit);
            log_seldom(std::string(name_of(limit)), text);
          },
          [this](const std::string& text) { log_seldom(text, text); }),
      running_since_(settings_.now()),
      record_files_(std::make_shared<FileSlots>(settings_.limits.record_files)) {
  if (!settings_.record.empty() && !settings_.discard && !settings_.consumer)
    writer_ = std::make_unique<Writer>(settings_.record_queue);
  for (const RelaySettings& relay : settings_.relays)
    relays_.push_back(std::make_unique<Relay>(
        relay, [this, post = post_, point = relay.point](const std::string& line) {
          post([this, point, line] {
            log_seldom("relay " + point + line, "the relay of " + point + ": " + line);
          });
        }));
}

Service::~Service() = default;

template <typename Change>
void Service::change(Change what) {
  {
    const std::lock_guard lock(mutex_);
    what();
    ++changes_;
  }
  changed_.notify_all();
}

void Service::log(const std::string& text) const {
  if (settings_.log) settings_.log(Log().line(text));
}

void Service::log_seldom(const std::string& key, const std::string& text) {
  if (const auto held_back = log_limiter_.pass(key, now())) log(text + and_more(*held_back));
}

void Service::breached(const std::string& peer, const Breach& breach) {
  change([&] {
    if (breaches_.size() < kMaxBreaches) breaches_.push_back(breach);
  });
  // Of each address and rule: the rest is counted.
  log_seldom(breach.rule + address_of(peer), breach.rule + ": " + breach.text + " (" + peer + ")");
}

AccessDecision Service::admit(const AccessRequest& request, const std::string& peer) {
  AccessDecision decision = access_->decide(request, now(), std::chrono::system_clock::now());
  const Breach breach{"C22", decision.breach};
  if (decision.attempted)
    change([&] {
      if (attempts_.size() < kMaxAttempts) attempts_.push_back(decision.attempt);
      if (!breach.text.empty() && breaches_.size() < kMaxBreaches) breaches_.push_back(breach);
    });
  const std::string address(request.address);
  if (!decision.because.empty())
    log_seldom(std::to_string(decision.status) + " " + address,
               decision.because + " (" + peer + ")");
  if (decision.delay.count() > 0) count(Limit::WrongPasswords);
  if (!breach.text.empty())
    log_seldom("breach " + address, breach.rule + ": " + breach.text + " (" + peer + ")");
  return decision;
}

bool Service::anybody_may_watch(const std::string& point, const std::string& address) const {
  const AccessRequest nothing{
      .right = Right::Watch, .method = "GET", .target = "/", .address = address, .point = point};
  return access_->decide(nothing, now(), std::chrono::system_clock::now()).granted;
}

std::string Service::reload(Settings settings) {
  std::string kept;
  const auto keep = [&](bool differs, const char* name) {
    if (differs) kept += (kept.empty() ? "" : ", ") + std::string(name);
  };
  const Settings& now = settings_;
  keep(settings.address != now.address || settings.port != now.port, "where to listen");
  keep(settings.tls_address != now.tls_address || settings.tls_port != now.tls_port ||
           (settings.tls == nullptr) != (now.tls == nullptr),
       "where to listen for TLS");
  keep(settings.points != now.points, "the points");
  keep(settings.record != now.record || settings.record_name != now.record_name ||
           settings.record_size != now.record_size || settings.record_time != now.record_time ||
           settings.record_free != now.record_free ||
           settings.record_required != now.record_required ||
           settings.record_queue != now.record_queue || settings.discard != now.discard,
       "how pushes are recorded");
  keep(settings.idle_timeout != now.idle_timeout ||
           settings.inactivity_timeout != now.inactivity_timeout ||
           settings.wait_for_push != now.wait_for_push,
       "the timeouts");
  keep(settings.viewer_threads != now.viewer_threads, "the threads for viewers");
  keep(settings.relays != now.relays, "the relays");
  keep(settings.origins != now.origins, "the origins");
  keep(settings.pictures != now.pictures, "how pictures are made");
  keep(settings.hls_points != now.hls_points || settings.hls != now.hls, "HLS");
  try {
    hooks_.change(settings.hooks);
    settings_.hooks = std::move(settings.hooks);
  } catch (const std::exception& wrong) {
    keep(true, wrong.what());
  }

  settings_.access = std::move(settings.access);
  settings_.authentication = std::move(settings.authentication);
  settings_.limits = settings.limits;
  settings_.takeover = settings.takeover;
  if (settings_.tls && settings.tls) settings_.tls = std::move(settings.tls);
  access_ = std::make_unique<Access>(settings_.access, settings_.authentication);
  registry_.change_rules(settings_.takeover, settings_.limits);
  watching_.change_limits();
  record_files_->change(settings_.limits.record_files);
  return kept;
}

void Service::request_over(const RequestRecord& request) const {
  if (settings_.on_request) settings_.on_request(request);
}

void Service::count_request() {
  change([&] { ++requests_; });
}

void Service::count(Limit limit) {
  change([&] { ++limits_met_[limit]; });
}

LimitCounts Service::limits_met() const {
  const std::lock_guard lock(mutex_);
  LimitCounts counts = limits_met_;
  counts[Limit::ViewerQueue] = watching_.skips();
  return counts;
}

void Service::count_connection() {
  change([&] { ++connections_; });
}

void Service::ask(Hook hook, HookFacts facts, const std::string& peer, std::function<bool()> wanted,
                  std::function<void(int)> refused) {
  hooks_.ask(hook, std::move(facts), std::move(wanted),
             [this, hook, peer, refused](const HookAnswer& answer) {
               const int status = answer.status();
               const std::string name(name_of(hook));
               if (!answer.why.empty())
                 log_seldom(name + std::to_string(status) + address_of(peer),
                            name + (status == 403 ? ": refused for " : ": no answer for ") + peer +
                                ": " + answer.why);
               refused(status);
             });
}

void Service::ask_for_push(const std::shared_ptr<PushSession>& session, HookFacts facts,
                           std::function<bool()> wanted, std::function<void(int)> refused) {
  ask(Hook::Push, std::move(facts), session->report().peer, std::move(wanted),
      [this, session, refused](int status) {
        if (status != 0) end_session(session, "on_push let it not in");
        refused(session->over() && status == 0 ? 503 : status);
      });
}

void Service::let_in(const PushSession& session) { let_in_.insert(session.id()); }

void Service::tell(Hook hook, const std::string& point, HookFacts facts) {
  if (!has_hook(hook)) return;
  const std::string what = std::string(name_of(hook)) + " for " + point;
  hooks_.tell(hook, std::move(facts), [this, what](const HookAnswer& answer) {
    if (answer.status() != 0) log_seldom(what, what + ": " + answer.why);
  });
}

void Service::tell_of_end(const PushSession& session) {
  const SessionReport& report = session.report();
  if (let_in_.erase(session.id()) == 0) return;
  HookFacts facts("push_end");
  facts.add("point", report.point)
      .add("address", address_of(report.peer))
      .add("user_agent", report.user_agent)
      .add("session", report.push_id)
      .add("because", report.ended_because)
      .add("packets", report.packets)
      .add("bytes", report.bytes)
      .add("seconds", std::chrono::microseconds(report.media));
  tell(Hook::PushEnd, report.point, std::move(facts));
}

bool Service::session_started(const std::shared_ptr<PushSession>& session) {
  const bool wait = writer_ && settings_.record_required;
  if (settings_.consumer) {
    session->add_consumer(settings_.consumer(session->report()));
  } else if (writer_) {
    auto recorder = make_recorder(session, settings_.record_required);
    if (wait) recorder->check();
    recorders_[session->id()] = recorder.get();
    session->add_consumer(std::move(recorder));
  }
  if (settings_.discard)
    session->add_consumer(std::make_unique<DiscardingFeed>(watching_.broadcast(session->point())));
  else
    session->add_consumer(
        std::make_unique<BroadcastFeed>(watching_.broadcast(session->point()), settings_.now));
  for (const auto& relay : relays_)
    if (relay->settings().point == session->point()) session->add_consumer(relay->feed());
  publish(*session);
  remember(*session);
  if (settings_.on_start) settings_.on_start(session->report());
  return !wait;
}

void Service::publish(const PushSession& session) {
  change([&] {
    if (session.over() && !report_of_.contains(session.id())) return;  // its last word is listed
    const auto [entry, added] = report_of_.try_emplace(session.id(), started_);
    if (added) ++started_;
    SessionReport& report = reports_[entry->second];
    if (added || session.over() || report.push_starts != session.report().push_starts) {
      report = session.report();
    } else {
      report.take_counts(session.report());
    }
    if (session.report().running) return;
    ended_.push_back(entry->second);
    report_of_.erase(entry);
    if (ended_.size() <= settings_.limits.reports) return;
    ++limits_met_[Limit::Reports];
    reports_.erase(ended_.front());
    ended_.pop_front();
  });
}

void Service::end_session(const std::shared_ptr<PushSession>& session, std::string because,
                          bool ends_stream) {
  if (session->over()) return;
  recorders_.erase(session->id());
  session->end(std::move(because), ends_stream);
  if (session->report().running) ++unfinished_[session->id()];
  registry_.remove(session, now());
  remember(*session);
  if (!unfinished_.contains(session->id())) return ended(*session);
  session->await_recordings();
  publish(*session);
  finishing_.emplace(session->id(), session);
}

void Service::ended(const PushSession& session) {
  publish(session);
  tell_of_end(session);
  if (settings_.on_end && session.report().push_starts > 0) settings_.on_end(session.report());
}

void Service::check_timers() {
  watching_.measure(rates_, history_, now());
  send_events();
  for (const auto& session : registry_.sessions()) {
    if (session->over()) continue;
    // What has arrived counts, whether or not it was read before the timer was looked at.
    if (session->expired(now(), settings_.idle_timeout, settings_.inactivity_timeout))
      if (const auto connection = session->connection()) connection->read_now();
    const auto expiry = session->over() ? std::nullopt
                                        : session->expired(now(), settings_.idle_timeout,
                                                           settings_.inactivity_timeout);
    if (!expiry) continue;
    cut_off(session, expiry->status, expiry->because);
  }
  for (const auto& [id, recorder] : recorders_) recorder->flush();
  registry_.check_timers(now());
  watching_.check_timers(now());
  pictures_.forget_others([this](const std::string& point) { return registry_.has(point); });
  hls_.check_timers();
  if (const std::uint64_t skips = watching_.skips(); skips != skips_told_) {
    const std::uint64_t more = skips - std::exchange(skips_told_, skips);
    log("viewers are too slow: " + std::to_string(more) + (more == 1 ? " time one" : " times one") +
        " was more than " + std::to_string(settings_.limits.viewer_queue) + " bytes behind");
  }
}

void Service::remember(const PushSession& session) {
  const SessionReport& report = session.report();
  if (report.push_starts == 0) return;
  history_.note(report.point, {.at = std::chrono::system_clock::now(),
                               .begun = !session.over(),
                               .peer = report.peer,
                               .user_agent = report.user_agent,
                               .because = report.ended_because});
}

void Service::send_events() {
  if (!events_.is_due(now())) return;
  const bool with_history =
      std::exchange(samples_sent_, history_.samples_taken()) != history_.samples_taken();
  events_.send(
      [&](const EventStream::Subject& subject) {
        Snapshot snapshot = take_snapshot(*this, subject.points);
        if (with_history)
          for (PointNumbers& point : snapshot.points) add_history(point, history_, now());
        std::optional<PointClients> clients;
        if (subject.with_clients) clients = take_clients(*this, subject.points.only);
        return event_json(snapshot, with_history, clients ? &*clients : nullptr);
      },
      now());
}

void Service::disconnect(const std::string& point, int status, const std::string& because) {
  for (const auto& session : registry_.sessions()) {
    if (session->over() || (!point.empty() && session->point() != point)) continue;
    cut_off(session, status, because);
  }
}

void Service::cut_off(const std::shared_ptr<PushSession>& session, int status,
                      const std::string& because, bool ends_stream) {
  end_session(session, because, ends_stream);
  if (const auto connection = session->connection())
    connection->session_ended(session->id(), status);
}

void Service::stop_relays() {
  for (const auto& relay : relays_) relay->begin_stop();
}

void Service::join(ClientSocket::Released socket, Watching::Reply reply) {
  watching_.join(std::move(socket), std::move(reply));
  change([] {});
}

std::vector<Breach> Service::breaches() const {
  const std::lock_guard lock(mutex_);
  return breaches_;
}

std::vector<Attempt> Service::attempts() const {
  const std::lock_guard lock(mutex_);
  return attempts_;
}

std::vector<SessionReport> Service::reports() const {
  const std::lock_guard lock(mutex_);
  std::vector<SessionReport> reports;
  for (const auto& [number, report] : reports_) reports.push_back(report);
  return reports;
}

std::uint64_t Service::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::uint64_t Service::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

bool Service::wait_for(const std::function<bool()>& reached,
                       std::chrono::milliseconds limit) const {
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    std::uint64_t seen = 0;
    {
      const std::lock_guard lock(mutex_);
      seen = changes_;
    }
    if (reached()) return true;
    bool changed = false;
    {
      std::unique_lock lock(mutex_);
      changed = changed_.wait_until(lock, until, [&] { return changes_ != seen; });
    }
    if (!changed) return reached();
  }
}

}  // namespace wmpush::pubpoint
