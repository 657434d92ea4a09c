#include "support/faulty_server.hpp"

#include <algorithm>

#include "support/faulty_handler.hpp"

namespace wmpush::test {

void FaultPlan::add(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

std::optional<Fault> FaultPlan::strike(At at, std::uint64_t packet) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(faults_, [&](const Fault& fault) {
    return fault.at == at && (at != At::Packet || fault.packet == packet);
  });
  if (found == faults_.end()) return std::nullopt;
  Fault fault = *found;
  if (found->times > 0 && --found->times == 0) faults_.erase(found);
  return fault;
}

FaultyServer::FaultyServer(pubpoint::Settings settings, ServerHabits habits)
    : FaultyServer(std::move(settings), habits, std::make_shared<FaultPlan>()) {}

FaultyServer::FaultyServer(pubpoint::Settings settings, ServerHabits habits,
                           std::shared_ptr<FaultPlan> plan)
    : Server(
          std::move(settings),
          [plan, habits](pubpoint::ClientConnection& connection, pubpoint::Service& service) {
            std::vector<std::unique_ptr<pubpoint::RequestHandler>> handlers;
            handlers.push_back(std::make_unique<FaultyHandler>(connection, service, plan, habits));
            return handlers;
          }),
      plan_(std::move(plan)) {}

void FaultyServer::add_fault(Fault fault) { plan_->add(std::move(fault)); }

}  // namespace wmpush::test
