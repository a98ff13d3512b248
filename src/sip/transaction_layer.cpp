// SPDX-License-Identifier: Apache-2.0
#include "sip/transaction_layer.h"

#include <utility>

#include "sip/message_writer.h"
#include "sip/transaction_layer_impl.h"
#include "sip/transaction_layer_key.h"
#include "sip/transaction_layer_replies.h"

namespace sallyport::sip {
namespace {

constexpr std::uint64_t kServerBit = 1;  // in TimerNode::owner, below the index

Error errorOf(TransactionFailure failure) {
  switch (failure) {
    case TransactionFailure::timeout: return {ErrorKind::unavailable, "sip.transaction.timeout", ""};
    case TransactionFailure::transport: return {ErrorKind::unavailable, "sip.transaction.transport", ""};
    case TransactionFailure::noAck: return {ErrorKind::unavailable, "sip.transaction.no_ack", ""};
    case TransactionFailure::abandoned: return {ErrorKind::internal, "sip.transaction.abandoned", ""};
  }
  return {ErrorKind::internal, "sip.transaction.unknown", ""};
}

void initTimers(ServerRecord& record) {
  record.timers.repeating.owner = record.timers.ending.owner = (std::uint64_t{record.index} << 1) | kServerBit;
}
void initTimers(ClientRecord& record) {
  record.timers.repeating.owner = record.timers.ending.owner = std::uint64_t{record.index} << 1;
}

}  // namespace

TransactionLayer::Impl::Impl(Sink& sink, TimerConfig timers, Limits limits)
    : sink_(sink),
      timers_(timers),
      limits_(limits),
      servers_(limits.max_server_transactions),
      clients_(limits.max_client_transactions) {
  // A timer of no length would fire for ever within one advance().
  SP_CHECK(timers.t1.count() > 0 && timers.t2.count() > 0 && timers.t4.count() > 0 && timers.abandon.count() > 0);
}

// --- Carrying out actions ---------------------------------------------------------------------------------

// Carries out the actions of one event on one record. `record` turns null once it has finished, or when
// the Sink ended it from within a call; what the user is to hear is told all the same.
template <typename Record>
struct TransactionLayer::Impl::Runner {
  Impl& layer;
  Record* record;
  const std::uint64_t id;
  Given given;

  void lookAgain() { record = layer.tableOf(*record).byId(id); }

  void operator()(Send) {
    if (record == nullptr) return;
    record->kept = std::move(*given.bytes);
    operator()(Resend{});
  }
  void operator()(SendOnce) {
    if (record == nullptr) return;
    std::string{}.swap(record->kept);
    layer.sink_.transmit(record->flow, *given.bytes);
    lookAgain();
  }
  void operator()(Resend) {
    if (record == nullptr || record->kept.empty()) return;
    // Held here meanwhile: the Sink may end the transaction, and what it was handed must outlive that.
    std::string bytes = std::exchange(record->kept, {});
    layer.sink_.transmit(record->flow, bytes);
    lookAgain();
    if (record != nullptr && record->kept.empty()) record->kept = std::move(bytes);
  }
  void operator()(SendAck) {
    if constexpr (std::is_same_v<Record, ClientRecord>) {
      if (record == nullptr) return;
      record->kept = ackForFailure(record->kept, *given.message).value_or(std::string{});
      operator()(Resend{});
    }
  }
  void operator()(Drop) {
    if (record != nullptr) std::string{}.swap(record->kept);
  }
  void operator()(Deliver) {
    if constexpr (std::is_same_v<Record, ClientRecord>) {
      layer.sink_.onResponse(ClientTransactionId{id}, given.came_on, std::move(*given.message));
    } else {
      layer.sink_.onAck(given.came_on, std::move(*given.message));
    }
  }
  void operator()(const Arm& arm) {
    if (record != nullptr) layer.lanes_.arm(record->timers[arm.timer], arm.timer, arm.after, layer.now_);
  }
  void operator()(const Disarm& disarm) {
    if (record == nullptr) return;
    TimerNode& node = record->timers[disarm.timer];
    if (node.timer == disarm.timer) layer.lanes_.disarm(node);
  }
  void operator()(Finish) {
    if (record != nullptr) layer.finish(*std::exchange(record, nullptr));
  }
  void operator()(const Report& report) {
    if constexpr (std::is_same_v<Record, ClientRecord>) {
      layer.sink_.onClientFailure(ClientTransactionId{id}, errorOf(report.failure));
    } else {
      layer.sink_.onServerFailure(ServerTransactionId{id}, errorOf(report.failure));
    }
  }
};

template <typename Record>
void TransactionLayer::Impl::apply(Record& record, const Actions& actions, Given given) {
  Runner<Record> runner{*this, &record, record.id(), given};
  for (const Action& action : actions) std::visit(runner, action);
}
template void TransactionLayer::Impl::apply(ServerRecord&, const Actions&, Given);
template void TransactionLayer::Impl::apply(ClientRecord&, const Actions&, Given);

void TransactionLayer::Impl::finish(ServerRecord& record) {
  lanes_.disarm(record.timers.repeating);
  lanes_.disarm(record.timers.ending);
  record.clear();
  servers_.destroy(record);
}

void TransactionLayer::Impl::finish(ClientRecord& record) {
  lanes_.disarm(record.timers.repeating);
  lanes_.disarm(record.timers.ending);
  record.clear();
  clients_.destroy(record);
}

// --- The user's side ------------------------------------------------------------------------------------------

ServerRecord& TransactionLayer::Impl::createServer(FlowId flow, Reliability reliability, const Message& request) {
  ServerRecord& record = servers_.create(key_, hash_, flow);
  initTimers(record);
  record.method = request.method();
  if (isLegacyBranch(request.topmostVia().branch())) {
    record.legacy = std::make_unique<LegacyTags>(LegacyTags{std::string{request.toTag()}, {}});
  }
  if (record.method == Method::invite) {
    apply(record, record.machine.emplace<InviteServerTransaction>(reliability, timers_).start());
  } else {
    apply(record, record.machine.emplace<NonInviteServerTransaction>(reliability, timers_).start());
  }
  return record;
}

Status TransactionLayer::Impl::respond(ServerTransactionId id, int status, std::string bytes) {
  ServerRecord* record = alive(id);
  if (record == nullptr) return Error{ErrorKind::internal, "sip.transaction.unknown", ""};
  auto* invite = std::get_if<InviteServerTransaction>(&record->machine);
  auto actions = invite != nullptr ? invite->respond(status)
                                   : std::get<NonInviteServerTransaction>(record->machine).respond(status);
  if (!actions) return std::move(actions).error();
  if (record->legacy != nullptr) record->legacy->of_response = toTagOf(bytes);
  if (record->of_success != nullptr && status / 100 == 2) insertLines(bytes, *record->of_success);
  apply(*record, *actions, {.bytes = &bytes});
  return success();
}

void TransactionLayer::Impl::addToSuccess(ServerTransactionId id, HeaderId header, std::string_view value) {
  ServerRecord* record = alive(id);
  if (record == nullptr) return;
  if (record->of_success == nullptr) record->of_success = std::make_unique<std::string>();
  *record->of_success += MessageWriter{value.size() + 32}.header(header, value).lines();
}

Result<ClientTransactionId> TransactionLayer::Impl::send(FlowId flow, Reliability reliability, Method method,
                                                         std::string_view branch, std::string bytes) {
  if (clients_.full()) {
    ++counters_.overflow;
    return Error{ErrorKind::overloaded, "sip.transaction.overloaded", ""};
  }
  if (findClient(branch, method) != nullptr) {
    return Error{ErrorKind::internal, "sip.transaction.branch", std::string{branch}};
  }
  if (method == Method::cancel) {
    ClientRecord* invite = findClient(branch, Method::invite);
    if (invite != nullptr) apply(*invite, std::get<InviteClientTransaction>(invite->machine).onCancelSent());
  }

  ClientRecord& record = clients_.create(branch, keyedHash(branch, limits_.hash_key), flow);
  initTimers(record);
  record.method = method;
  const ClientTransactionId id{record.id()};
  if (method == Method::invite) {
    apply(record, record.machine.emplace<InviteClientTransaction>(reliability, timers_).start(), {.bytes = &bytes});
  } else {
    apply(record, record.machine.emplace<NonInviteClientTransaction>(reliability, timers_).start(), {.bytes = &bytes});
  }
  return id;
}

void TransactionLayer::Impl::abandon(ServerTransactionId id) {
  if (ServerRecord* record = alive(id)) finish(*record);
}

void TransactionLayer::Impl::flowClosed(FlowId flow) {
  for (const auto id : servers_.idsOnFlow(flow)) {
    if (ServerRecord* record = servers_.byId(id)) finish(*record);
  }
  // By id, and listed first: the user may end these, or begin others, from within the report.
  for (const auto id : clients_.idsOnFlow(flow)) {
    ClientRecord* record = clients_.byId(id);
    if (record == nullptr) continue;
    auto* invite = std::get_if<InviteClientTransaction>(&record->machine);
    apply(*record, invite != nullptr ? invite->onTransportFailure()
                                     : std::get<NonInviteClientTransaction>(record->machine).onTransportFailure());
  }
}

void TransactionLayer::Impl::advance() {
  while (TimerNode* node = lanes_.popDue(now_)) fire(*node);
}

void TransactionLayer::Impl::fire(TimerNode& node) {
  const auto index = static_cast<std::uint32_t>(node.owner >> 1);
  const auto onTimer = [timer = node.timer](auto& machine) -> Actions {
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(machine)>, std::monostate>) {
      return {};
    } else {
      return machine.onTimer(timer);
    }
  };
  if ((node.owner & kServerBit) != 0) {
    ServerRecord& record = servers_.byIndex(index);
    apply(record, std::visit(onTimer, record.machine));
  } else {
    ClientRecord& record = clients_.byIndex(index);
    apply(record, std::visit(onTimer, record.machine));
  }
}

// --- The public face ------------------------------------------------------------------------------------------

TransactionLayer::TransactionLayer(Sink& sink, TimerConfig timers, Limits limits)
    : impl_(std::make_unique<Impl>(sink, timers, limits)) {}
TransactionLayer::~TransactionLayer() = default;

void TransactionLayer::receive(FlowId flow, Reliability reliability, Message message, TimePoint now) {
  impl_->moveTo(now);
  if (message.isRequest()) {
    impl_->onRequest(flow, reliability, std::move(message));
  } else {
    impl_->onResponse(flow, std::move(message));
  }
}

Status TransactionLayer::respond(ServerTransactionId id, int status, std::string bytes, TimePoint now) {
  impl_->moveTo(now);
  return impl_->respond(id, status, std::move(bytes));
}

Result<ClientTransactionId> TransactionLayer::send(FlowId flow, Reliability reliability, Method method,
                                                   std::string branch, std::string bytes, TimePoint now) {
  impl_->moveTo(now);
  return impl_->send(flow, reliability, method, branch, std::move(bytes));
}

void TransactionLayer::addToSuccess(ServerTransactionId id, HeaderId header, std::string_view value) {
  impl_->addToSuccess(id, header, value);
}

void TransactionLayer::abandon(ServerTransactionId id) { impl_->abandon(id); }

void TransactionLayer::flowClosed(FlowId flow, TimePoint now) {
  impl_->moveTo(now);
  impl_->flowClosed(flow);
}

std::optional<TimePoint> TransactionLayer::nextDeadline() const { return impl_->nextDeadline(); }

void TransactionLayer::advance(TimePoint now) {
  impl_->moveTo(now);
  impl_->advance();
}

const TransactionLayer::Counters& TransactionLayer::counters() const { return impl_->counters(); }
std::size_t TransactionLayer::size() const { return impl_->size(); }

}  // namespace sallyport::sip
