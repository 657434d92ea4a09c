#include "pubpoint/pull/pull_handler.hpp"

#include <algorithm>
#include <utility>

#include "pubpoint/admission.hpp"

namespace wmpush::pubpoint {
namespace {

/// The largest report of a player, in bytes.
constexpr std::uint64_t kMaxBody = 65536;

}  // namespace

PullHandler::PullHandler(ClientConnection& connection, Service& service)
    : connection_(connection), service_(service) {}

Reading PullHandler::on_request(const RequestHead& head) {
  request_ = read_pull_request(head);
  request_.secure = connection_.secure();
  authorization_ = head.first("Authorization");
  method_ = head.method;
  target_ = head.target;
  line_ = head.method + " " + head.target + (head.version == 10 ? " HTTP/1.0" : " HTTP/1.1");
  body_left_ = head.method == "POST" ? request_.content_length : 0;
  if (body_left_ <= kMaxBody) return Reading::Body;
  connection_.refuse(413, {{"P28", "a report of " + std::to_string(body_left_) + " bytes"}});
  return Reading::Nothing;
}

Reading PullHandler::on_bytes(Bytes& input) {
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, input.size()));
  input = input.subspan(taken);
  body_left_ -= taken;
  if (body_left_ > 0) return Reading::Body;
  if (!admit()) return Reading::Nothing;
  if (!service_.has_hook(Hook::Watch) || !service_.watching().is_to_watch(request_))
    return answer(false);
  ask();
  return Reading::Nothing;
}

void PullHandler::ask() {
  HookFacts facts("watch");
  facts.add("point", service_.watching().point_of(request_.path))
      .add("address", connection_.address())
      .add("user", user_)
      .add("user_agent", request_.user_agent)
      .add("kind", request_.agent_version > 0 ? "mmsh" : "http")
      .add_secret("query", request_.query);
  const std::weak_ptr<void> alive = connection_.keep();
  const auto wanted = [this, alive] { return alive.lock() && connection_.is_open(); };
  service_.ask(Hook::Watch, std::move(facts), connection_.peer(), wanted,
               [this, alive, wanted](int status) {
                 const auto connection = alive.lock();
                 if (!wanted()) return;
                 if (status == 0)
                   connection_.read_next(answer(false));
                 else
                   connection_.refuse(status, {});
               });
}

bool PullHandler::admit() {
  const std::string point = service_.watching().point_of(request_.path);
  if (point.empty() || !request_.is_for_stream()) return true;
  const auto user = let_in({.right = Right::Watch,
                            .method = method_,
                            .target = target_,
                            .authorization = authorization_,
                            .address = connection_.address(),
                            .point = point},
                           connection_, service_, AfterRefusal::Closes);
  user_ = user.value_or("");
  return user.has_value();
}

Reading PullHandler::answer(bool waited) {
  auto reply = service_.watching().answer(request_, connection_.peer(), line_, waited);
  switch (reply.what) {
    case Watching::Reply::What::Say:
      connection_.say(std::move(reply.text));
      if (!reply.keep) connection_.close_politely();
      return Reading::Request;
    case Watching::Reply::What::Wait:
      return await_push(reply.awaited);
    case Watching::Reply::What::Join:
      join(std::move(reply));
      break;
  }
  return Reading::Nothing;
}

void PullHandler::join(Watching::Reply reply) {
  // Over when the viewer has gone.
  if (auto record = connection_.take_record()) reply.record->asked = std::move(*record);
  service_.join(connection_.release(), std::move(reply));
}

Reading PullHandler::await_push(const std::shared_ptr<Broadcast>& broadcast) {
  // A push that has ended before this one's turn came does not renew the time.
  if (!std::exchange(awaits_, true))
    await_until_ = service_.now() + service_.settings().wait_for_push;
  const std::weak_ptr<void> alive = connection_.keep();
  broadcast->when_live(alive, [this, alive] {
    const auto connection = alive.lock();
    // Not now: it is another connection's turn.
    if (connection) connection_.post([this] { go_on(false); });
  });
  return Reading::Nothing;
}

void PullHandler::go_on(bool waited) {
  if (!awaits_) return;
  const Reading next = answer(waited);
  if (next == Reading::Request) awaits_ = false;
  connection_.read_next(next);
}

void PullHandler::on_timer(Clock::time_point now) {
  if (now >= await_until_) go_on(true);
}

}  // namespace wmpush::pubpoint
