// SPDX-License-Identifier: Apache-2.0
// Connections and conversations. What a conversation does: conversation.cpp.
#include "phone/phone.h"

#include <algorithm>

#include "crypto/tls_context.h"
#include "crypto/verified_peer.h"

namespace sallyport::phone {
namespace {

constexpr std::size_t kMostLinks = 64;
constexpr std::chrono::milliseconds kRedialEvery{500};
constexpr std::string_view kNotAcceptable = "SIP;cause=488;text=\"Not Acceptable Here\"";

std::string userOf(const std::string& uri) {
  const auto parsed = sip::Uri::parse(uri);
  return parsed && !parsed->user.empty() ? std::string{parsed->user} : "phone";
}

}  // namespace

Phone::Phone(net::Loop& loop, PhoneConfig config, TlsSetup tls, PhoneObserver& observer)
    : loop_(loop),
      config_(std::move(config)),
      tls_(std::move(tls)),
      observer_(observer),
      pool_(config_.ports),
      sockets_(loop),
      after_turn_(loop, [this] { settle(); }),
      agent_(*this, config_.timers, config_.limits) {
  agent_.useAccount(config_.account);
}

Phone::~Phone() = default;

Result<Endpoint> Phone::listen(const Endpoint& local) {
  SP_ASSIGN(auto context, tls_.serverContext());
  net::TlsListenerLimits limits;
  limits.max_connections = kMostLinks;
  SP_ASSIGN(listener_,
            net::TlsListener::listen(loop_, local, net::PortSharing::exclusive, std::move(context), limits, *this));
  SP_TRY(listener_->start());
  return listener_->local();
}

Result<Conversation*> Phone::call(DialPlan plan) {
  auto conversation = std::make_unique<Conversation>(*this, Conversation::Role::caller);
  conversation->target_ = plan.request_uri;
  conversation->plan_ = std::move(plan);
  SP_TRY(dial(*conversation));
  conversations_.push_back(std::move(conversation));
  return conversations_.back().get();
}

Status Phone::dial(Conversation& conversation) {
  SP_ASSIGN(auto context, tls_.clientContext(conversation.plan_->server_name));
  const auto done = [this, &conversation](Result<std::unique_ptr<net::TlsConnection>> connection) {
    onDialed(conversation, std::move(connection));
  };
  conversation.dial_ = net::Dial::start(loop_, {{conversation.plan_->via}, std::move(context)}, {}, done);
  return success();
}

void Phone::onDialed(Conversation& conversation, Result<std::unique_ptr<net::TlsConnection>> connection) {
  if (conversation.ended_) return;
  const bool again = conversation.call_ != nullptr;
  if (!connection) {
    if (again) return redial(conversation);
    return endWithoutCall(conversation, {connection.error().code, connection.error().detail, 0, {}});
  }
  const auto flow = addLink(std::move(*connection));
  if (again) return at([&] { conversation.call_->moveTo(flow, localPartyOn(flow)); });
  invite(conversation, flow);
}

void Phone::invite(Conversation& conversation, sip::FlowId flow) {
  describeLink(conversation, flow);
  if (const auto opened = openMedia(conversation, conversation.local_); !opened) {
    return endWithoutCall(conversation, {opened.error().code, opened.error().detail, 0, {}});
  }
  conversation.media_->whenGathered([this, &conversation, flow] { placeCall(conversation, flow); });
}

void Phone::placeCall(Conversation& conversation, sip::FlowId flow) {
  if (conversation.ended_) return;
  if (links_.count(flow) == 0) {
    return endWithoutCall(conversation, {"phone.call.lost", "the connection ended before the call was placed", 0, {}});
  }
  at([&] {
    conversation.call_ = &agent_.createCall(localPartyOn(flow), flow, loop_.now());
    const auto invited = conversation.call_->invite(conversation.target_, agreementFor(conversation));
    if (!invited) endWithoutCall(conversation, {invited.error().code, invited.error().detail, 0, {}});
  });
}

// The connection of a call we placed has gone: the call itself gives up later than we do.
void Phone::redial(Conversation& conversation) {
  if (conversation.ended_ || shutting_down_ || !conversation.plan_ || !conversation.call_->isStranded()) return;
  conversation.redial_ = loop_.schedule(kRedialEvery, [this, &conversation] {
    if (!conversation.ended_ && conversation.call_->isStranded()) (void)dial(conversation);
  });
}

void Phone::endWithoutCall(Conversation& conversation, CallEnd end) {
  if (std::exchange(conversation.ended_, true)) return;
  closeMedia(conversation);
  CallReport report;
  report.end = std::move(end);
  report.peer_uri = conversation.target_;
  report.tls_version = conversation.tls_version_;
  report.tls_suite = conversation.tls_suite_;
  report.tls_peer = conversation.tls_peer_;
  observer_.onEnded(conversation, report);
  after_turn_.request();
}

void Phone::shutDown() {
  shutting_down_ = true;
  if (listener_) listener_->stop();
  for (std::size_t i = 0; i < conversations_.size(); ++i) conversations_[i]->hangUp();
  if (home_) {
    home_->dial.reset();
    home_->again.cancel();
    at([this] { home_->registration->leave(); });
  }
  after_turn_.request();
}

void Phone::dropLinks() {
  for (const auto& [flow, link] : links_) link->close();
}

// --- connections ---------------------------------------------------------------------------------------------

sip::FlowId Phone::addLink(std::unique_ptr<net::TlsConnection> connection) {
  const sip::FlowId flow{next_flow_++};
  SipLink::Events& events = *this;
  links_[flow] = std::make_unique<SipLink>(loop_, std::move(connection), flow, events);
  return flow;
}

void Phone::describeLink(Conversation& conversation, sip::FlowId flow) {
  const auto found = links_.find(flow);
  if (found == links_.end()) return;
  const auto& connection = found->second->connection();
  const auto facts = connection.facts();
  conversation.tls_version_ = facts.version;
  conversation.tls_suite_ = facts.suite;
  conversation.tls_peer_ = connection.peer()->identity();
  conversation.local_ = connection.local().address;
}

void Phone::onConnection(std::unique_ptr<net::TlsConnection> connection) {
  if (!shutting_down_) addLink(std::move(connection));
}

void Phone::onMessage(sip::FlowId flow, sip::Message message) {
  agent_.receive(flow, std::move(message), loop_.now());
  after_turn_.request();
}

void Phone::onLinkClosed(sip::FlowId flow, const Error&) {
  const auto found = links_.find(flow);
  if (found == links_.end()) return;
  loop_.retire(std::move(found->second));
  links_.erase(found);
  agent_.flowClosed(flow, loop_.now());
  for (const auto& conversation : conversations_) {
    if (conversation->call_ != nullptr) redial(*conversation);
  }
  if (home_ && home_->flow == flow) dialHomeLater();
  after_turn_.request();
}

void Phone::transmit(sip::FlowId flow, std::string_view bytes) {
  if (const auto found = links_.find(flow); found != links_.end()) found->second->send(bytes);
}

// How the edge reaches us for the rest of a call: our listener, or the connection we made.
LocalParty Phone::localPartyOn(sip::FlowId flow) {
  LocalParty party;
  Endpoint reached;
  if (listener_) {
    reached = listener_->local();
  } else if (const auto found = links_.find(flow); found != links_.end()) {
    reached = found->second->connection().local();
  }
  party.sent_by = hostText(reached.address) + ":" + std::to_string(reached.port);
  party.uri = config_.uri;
  party.contact = "sip:" + userOf(config_.uri) + "@" + party.sent_by + ";transport=tls";
  return party;
}

// --- calls ---------------------------------------------------------------------------------------------------

Conversation* Phone::conversationOf(const Call& call) {
  const auto found = std::find_if(conversations_.begin(), conversations_.end(),
                                  [&](const auto& conversation) { return conversation->call_ == &call; });
  return found == conversations_.end() ? nullptr : found->get();
}

void Phone::onIncoming(Call& call, sip::FlowId flow) {
  conversations_.push_back(std::make_unique<Conversation>(*this, Conversation::Role::callee));
  auto& conversation = *conversations_.back();
  conversation.call_ = &call;
  describeLink(conversation, flow);
  if (shutting_down_) return call.reject(503);
  observer_.onIncoming(conversation);
}

Status Phone::answer(Conversation& conversation) {
  if (auto opened = openMedia(conversation, conversation.local_); !opened) {
    conversation.media_error_ = opened.error();
    conversation.call_->reject(500);
    return opened;
  }
  if (!conversation.media_->isGathering()) return conversation.call_->answer(agreementFor(conversation));
  conversation.media_->whenGathered([this, &conversation] {
    if (conversation.ended_) return;
    const auto answered = at([&] { return conversation.call_->answer(agreementFor(conversation)); });
    if (!answered) observer_.onNotAnswered(conversation, answered.error());
  });
  return success();
}

void Phone::onProgress(Call& call, int status) {
  if (auto* conversation = conversationOf(call)) observer_.onProgress(*conversation, status);
}

void Phone::onAnswered(Call& call) {
  auto* conversation = conversationOf(call);
  if (conversation == nullptr) return;
  conversation->answered_at_ = loop_.now();
  observer_.onAnswered(*conversation);
}

void Phone::onMedia(Call& call, MediaPlanPtr plan) {
  auto* conversation = conversationOf(call);
  if (conversation == nullptr || !conversation->media_) return;
  if (const auto applied = conversation->media_->apply(plan); !applied) {
    conversation->media_error_ = applied.error();
    return call.hangUp(kNotAcceptable);
  }
  observer_.onMedia(*conversation, *plan);
}

void Phone::onMediaOver(Call& call) {
  if (auto* conversation = conversationOf(call)) closeMedia(*conversation);
}

void Phone::closeMedia(Conversation& conversation) {
  if (!conversation.media_) return;
  const auto stopped = conversation.media_->stop();
  conversation.last_figures_ = conversation.media_->figures();
  auto& error = conversation.last_figures_.audio_error;
  if (!stopped && !error) error = stopped.error();
}

void Phone::onEnded(Call& call, const CallEnd& end) {
  auto* conversation = conversationOf(call);
  if (conversation == nullptr || std::exchange(conversation->ended_, true)) return;
  closeMedia(*conversation);
  CallReport report;
  report.end = end;
  if (const auto& error = conversation->media_error_) report.end = {error->code, error->detail, end.status, end.reason};
  report.answered = conversation->isAnswered();
  if (report.answered) {
    report.talked = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - *conversation->answered_at_);
  }
  report.call_id = call.callId();
  report.peer_uri = call.peerUri();
  report.tls_version = conversation->tls_version_;
  report.tls_suite = conversation->tls_suite_;
  report.tls_peer = conversation->tls_peer_;
  report.media = conversation->last_figures_;
  observer_.onEnded(*conversation, report);
  after_turn_.request();
}

Status Phone::openMedia(Conversation& conversation, const IpAddress& local) {
  if (conversation.media_) return success();
  SP_ASSIGN(auto audio, observer_.audioFor(conversation));
  SP_ASSIGN(conversation.media_, MediaSession::open(loop_, sockets_, pool_, local, std::move(audio)));
  conversation.local_ = local;
  return prepareKeys(conversation);
}

Status Phone::prepareKeys(Conversation& conversation) {
  if (sdp::isKeyed(config_.media.protection)) return openPath(conversation);
  auto settings = config_.zrtp;
  settings.own_uri = config_.uri;
  settings.peer_uri = conversation.peerUri();
  return conversation.media_->agreeKeys(
      settings, [this, &conversation](const ZrtpFacts& facts) { observer_.onZrtp(conversation, facts); });
}

Status Phone::openPath(Conversation& conversation) {
  const auto& keyings = config_.media.keyings;
  PathSettings path;
  if (std::find(keyings.begin(), keyings.end(), sdp::Keying::dtls) != keyings.end()) {
    SP_ASSIGN(conversation.certificate_, certificates_.current(loop_.clock().wall()));
    path.dtls = DtlsSettings{conversation.certificate_, config_.media.suites};
  }
  if (config_.media.ice != sdp::IceUse::never) {
    path.ice.emplace();
    path.ice->host = {conversation.local_, conversation.media_->rtp().port};
    const auto& server = config_.stun_server;
    if (server && server->address.family() == conversation.local_.family()) path.ice->stun_server = server;
    const bool offers = conversation.role() == Conversation::Role::caller;
    path.ice->role = offers ? media::ice::Role::controlling : media::ice::Role::controlled;
  }
  if (!path.dtls && !path.ice) return success();
  return conversation.media_->openPath(
      std::move(path), [this, &conversation](const Error& error) { onMediaFailed(conversation, error); });
}

void Phone::onMediaFailed(Conversation& conversation, const Error& error) {
  if (conversation.ended_) return;
  conversation.media_error_ = error;
  at([&] { conversation.call_->hangUp(kNotAcceptable); });
}

MediaAgreement Phone::agreementFor(const Conversation& conversation) const {
  const auto& media = *conversation.media_;
  LocalMedia local{
      {conversation.local_, media.rtp().port}, media.rtcpPort(), {}, media.iceDescription(), media.helloHash()};
  if (conversation.certificate_) local.fingerprint = conversation.certificate_->fingerprint();
  return MediaAgreement{config_.media, std::move(local)};
}

// --- the end of a turn ---------------------------------------------------------------------------------------

void Phone::settle() {
  agent_.forgetEnded();
  std::erase_if(conversations_, [](const auto& conversation) { return conversation->ended_; });
  if (shutting_down_ && conversations_.empty() && (!home_ || home_->left)) {
    for (const auto& [flow, link] : links_) link->close();
  }
  timer_.cancel();
  if (const auto deadline = agent_.nextDeadline()) {
    timer_ = loop_.scheduleAt(*deadline, [this] {
      agent_.advance(loop_.now());
      after_turn_.request();
    });
  }
}

}  // namespace sallyport::phone
