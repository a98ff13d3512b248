// SPDX-License-Identifier: Apache-2.0
#include "sip/dialog.h"

#include <algorithm>
#include <utility>

namespace sallyport::sip {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kMaxForwards = 70;  // RFC 3261 8.1.1.6

// A URI as it may stand in a Request-URI: without headers and without the method parameter (RFC 3261
// 19.1.1, Table 1).
std::string asRequestUri(std::string_view text) {
  const auto parsed = Uri::parse(text);
  if (!parsed || (parsed->headers.empty() && !parsed->params.find("method"))) return std::string{text};

  std::string_view params = parsed->params.text();
  if (params.empty())
    return std::string{text.substr(0, static_cast<std::size_t>(parsed->headers.data() - text.data()) - 1)};
  std::string out{text.substr(0, static_cast<std::size_t>(params.data() - text.data()) - 1)};
  while (!params.empty()) {
    const auto end = params.find(';');
    const std::string_view param = params.substr(0, end);
    if (!equalsIgnoringCase(param.substr(0, param.find('=')), "method")) out.append(1, ';').append(param);
    params = end == std::string_view::npos ? std::string_view{} : params.substr(end + 1);
  }
  return out;
}

bool isSipUri(std::string_view text) {
  const auto uri = Uri::parse(text);
  return uri && (uri->isSip() || uri->isSips());
}

bool isSecureUri(std::string_view text) {
  const auto uri = Uri::parse(text);
  return uri && uri->isSips();
}

// RFC 3261 8.1.1.8, 12.1.1: exactly one Contact, a SIP or SIPS URI. Empty when there is none.
Result<std::string> targetIn(const Message& message) {
  if (!message.has(HeaderId::contact)) return std::string{};
  SP_ASSIGN(const auto contacts, message.nameAddrs(HeaderId::contact));
  if (contacts.size() != 1) return Error{ErrorKind::peerMisbehaved, "sip.dialog.contact", "not exactly one"};
  if (!isSipUri(contacts.front().uri)) {
    return Error{ErrorKind::peerMisbehaved, "sip.dialog.contact", std::string{contacts.front().uri}};
  }
  return std::string{contacts.front().uri};
}

Result<std::vector<std::string>> recordedRoutes(const Message& message) {
  std::vector<std::string> routes;
  if (!message.has(HeaderId::recordRoute)) return routes;
  const auto recorded = message.nameAddrs(HeaderId::recordRoute);
  if (!recorded) return Error{ErrorKind::peerMisbehaved, "sip.dialog.record_route", recorded.error().detail};
  for (const NameAddr& route : *recorded) {
    if (!isSipUri(route.uri)) {
      return Error{ErrorKind::peerMisbehaved, "sip.dialog.record_route", std::string{route.uri}};
    }
    routes.emplace_back(route.uri);
  }
  return routes;
}

bool isLooseRouter(std::string_view route) {
  const auto uri = Uri::parse(route);
  return uri && uri->params.find("lr").has_value();
}

bool changesSession(Method method) { return method == Method::invite || method == Method::update; }

bool refreshesTarget(Method method) {
  return changesSession(method) || method == Method::subscribe || method == Method::notify;
}

// Any body of an INVITE or UPDATE counts as an offer: bodies that are no SDP do not occur unanswered.
bool carriesOffer(const Message& request) { return !request.body().empty(); }

std::string angled(std::string_view uri) { return std::string{"<"}.append(uri).append(">"); }

std::string tagged(std::string_view uri, std::string_view tag) {
  std::string value = angled(uri);
  if (!tag.empty()) value.append(";tag=").append(tag);
  return value;
}

}  // namespace

// --- Creation (RFC 3261 12.1) ---------------------------------------------------------------------------------

Result<Dialog> Dialog::fromRequest(const Message& request, std::string_view local_tag) {
  Dialog dialog;
  SP_ASSIGN(dialog.remote_target_, targetIn(request));
  if (dialog.remote_target_.empty()) return Error{ErrorKind::peerMisbehaved, "sip.dialog.contact", "absent"};
  SP_ASSIGN(dialog.route_set_, recordedRoutes(request));
  dialog.role_ = Role::uas;
  dialog.creator_ = request.method();
  dialog.secure_ = isSecureUri(request.requestUri());
  dialog.call_id_ = request.callId();
  dialog.local_tag_ = local_tag;
  dialog.remote_tag_ = request.fromTag();  // empty from an RFC 2543 element (12.1.1)
  dialog.local_uri_ = request.to().uri;
  dialog.remote_uri_ = request.from().uri;
  dialog.remote_cseq_ = request.cseq();
  if (request.method() == Method::invite) dialog.remote_invite_ = request.cseq();
  return dialog;
}

Result<Dialog> Dialog::fromResponse(const Message& response, std::string_view request_uri) {
  if (response.status() <= 100 || response.status() >= 300) {
    return Error{ErrorKind::internal, "sip.dialog.status", std::to_string(response.status())};
  }
  if (response.toTag().empty()) return Error{ErrorKind::peerMisbehaved, "sip.dialog.to_tag", ""};

  Dialog dialog;
  SP_ASSIGN(dialog.remote_target_, targetIn(response));
  if (dialog.remote_target_.empty()) {
    if (response.isSuccess()) return Error{ErrorKind::peerMisbehaved, "sip.dialog.contact", "absent"};
    dialog.remote_target_ = request_uri;
  }
  SP_ASSIGN(dialog.route_set_, recordedRoutes(response));
  std::reverse(dialog.route_set_.begin(), dialog.route_set_.end());
  dialog.role_ = Role::uac;
  dialog.creator_ = response.method();
  dialog.state_ = response.isSuccess() ? State::confirmed : State::early;
  dialog.secure_ = isSecureUri(request_uri);
  dialog.call_id_ = response.callId();
  dialog.local_tag_ = response.fromTag();
  dialog.remote_tag_ = response.toTag();
  dialog.local_uri_ = response.from().uri;
  dialog.remote_uri_ = response.to().uri;
  dialog.local_cseq_ = response.cseq();
  if (response.method() == Method::invite && response.isProvisional()) dialog.local_invite_ = response.cseq();
  return dialog;
}

Result<Dialog> Dialog::fromNotify(const Message& notify, std::uint32_t subscribe_cseq) {
  SP_ASSIGN(auto dialog, fromRequest(notify, notify.toTag()));
  dialog.role_ = Role::uac;
  dialog.creator_ = Method::subscribe;
  dialog.state_ = State::confirmed;
  dialog.local_cseq_ = subscribe_cseq;
  return dialog;
}

bool Dialog::matches(const Message& message) const {
  if (message.callId() != call_id_) return false;
  return message.isRequest() ? message.toTag() == local_tag_ && message.fromTag() == remote_tag_
                             : message.fromTag() == local_tag_ && message.toTag() == remote_tag_;
}

// --- Requests we send (RFC 3261 12.2.1) -----------------------------------------------------------------------

std::uint32_t Dialog::startRequest(MessageWriter& writer, std::string_view method, std::string_view via) {
  const std::uint32_t cseq = ++local_cseq_;
  const Method known = methodFrom(method);
  if (known == Method::invite) local_invite_ = cseq;
  if (known == Method::update) local_update_ = true;
  writeAddressing(writer, method, via, cseq);
  return cseq;
}

void Dialog::startAck(MessageWriter& writer, std::uint32_t invite_cseq, std::string_view via) const {
  writeAddressing(writer, toString(Method::ack), via, invite_cseq);
}

std::string Dialog::requestUri() const {
  const bool strict = !route_set_.empty() && !isLooseRouter(route_set_.front());
  return asRequestUri(strict ? route_set_.front() : remote_target_);
}

void Dialog::writeAddressing(MessageWriter& writer, std::string_view method, std::string_view via,
                             std::uint32_t cseq) const {
  const bool strict = !route_set_.empty() && !isLooseRouter(route_set_.front());
  writer.request(method, requestUri());
  writer.header(HeaderId::via, via);
  // A strict router finds itself in the Request-URI, and the target last in the route (12.2.1.1).
  for (std::size_t i = strict ? 1 : 0; i < route_set_.size(); ++i)
    writer.header(HeaderId::route, angled(route_set_[i]));
  if (strict) writer.header(HeaderId::route, angled(remote_target_));
  writer.header(HeaderId::maxForwards, kMaxForwards);
  writer.header(HeaderId::from, tagged(local_uri_, local_tag_));
  writer.header(HeaderId::to, tagged(remote_uri_, remote_tag_));
  writer.header(HeaderId::callId, call_id_);
  writer.header(HeaderId::cseq, std::to_string(cseq).append(" ").append(method));
}

Status Dialog::onResponse(const Message& response) {
  if (!matches(response)) return Error{ErrorKind::peerMisbehaved, "sip.dialog.mismatch", ""};
  const Method method = response.method();
  if (response.isFinal()) {
    if (method == Method::invite && local_invite_ == response.cseq()) local_invite_.reset();
    if (method == Method::update) local_update_ = false;
  }
  if (!response.isSuccess()) return success();

  if (state_ == State::early && role_ == Role::uac && method == creator_) {
    state_ = State::confirmed;
    // RFC 3261 13.2.2.4: the route set of an early dialog is computed again from the 2xx, and never after.
    SP_ASSIGN(auto routes, recordedRoutes(response));
    std::reverse(routes.begin(), routes.end());
    route_set_ = std::move(routes);
  }
  if (refreshesTarget(method)) {
    SP_ASSIGN(auto target, targetIn(response));
    if (!target.empty()) remote_target_ = std::move(target);
  }
  return success();
}

void Dialog::onRequestFailed(Method method) {
  if (method == Method::invite) local_invite_.reset();
  if (method == Method::update) local_update_ = false;
}

// --- Requests we receive (RFC 3261 12.2.2) --------------------------------------------------------------------

std::optional<Dialog::Refusal> Dialog::onRequest(const Message& request, std::uint64_t random) {
  if (state_ == State::terminated || !matches(request)) {
    return Refusal{481, {}, {ErrorKind::peerMisbehaved, "sip.dialog.mismatch", ""}};
  }
  // An equal number on a new transaction is no more in order than a lower one.
  if (remote_cseq_ && request.cseq() <= *remote_cseq_) {
    return Refusal{500, {}, {ErrorKind::peerMisbehaved, "sip.dialog.cseq", std::to_string(request.cseq())}};
  }
  remote_cseq_ = request.cseq();  // consumed, whatever becomes of the request
  if (!refreshesTarget(request.method())) return std::nullopt;

  if (changesSession(request.method())) {
    if (auto refusal = glare(request, random)) return refusal;
  }
  auto target = targetIn(request);
  if (!target) return Refusal{400, {}, std::move(target).error()};
  offered_target_ = *std::move(target);
  if (request.method() == Method::invite) {
    remote_invite_ = request.cseq();
  } else if (request.method() == Method::update) {
    remote_update_ = true;
  }
  return std::nullopt;
}

std::optional<Dialog::Refusal> Dialog::glare(const Message& request, std::uint64_t random) const {
  const bool invite = request.method() == Method::invite;
  const bool offers = invite || carriesOffer(request);  // an INVITE always begins an exchange
  // RFC 3261 14.2, RFC 3311 5.2: ours crosses theirs.
  if ((invite && local_invite_) || (offers && offer_ == Offer::ours)) {
    return Refusal{491, {}, {ErrorKind::peerMisbehaved, "sip.dialog.glare", ""}};
  }
  // The same: theirs comes before we have answered the last.
  if ((invite ? remote_invite_.has_value() : remote_update_) || (offers && offer_ == Offer::theirs)) {
    return Refusal{500, seconds{random % 11}, {ErrorKind::peerMisbehaved, "sip.dialog.overlap", ""}};
  }
  return std::nullopt;
}

void Dialog::onAnswered(Method method, int status) {
  if (status < 200) return;
  const bool accepted = status < 300;
  if (method == Method::invite && remote_invite_) {
    if (accepted) {
      awaiting_ack_ = true;
      remote_acked_invite_ = *remote_invite_;
    }
    remote_invite_.reset();
  }
  if (method == Method::update) remote_update_ = false;
  if (refreshesTarget(method)) {
    if (accepted && !offered_target_.empty()) remote_target_ = std::move(offered_target_);
    offered_target_.clear();
  }
  if (state_ == State::early && role_ == Role::uas && method == creator_) {
    state_ = accepted ? State::confirmed : State::terminated;
  }
}

bool Dialog::onAck(const Message& ack) {
  if (!matches(ack) || ack.cseq() != remote_acked_invite_) return false;
  awaiting_ack_ = false;
  return true;
}

// --- Glare (RFC 3261 14.1) ------------------------------------------------------------------------------------

bool Dialog::mayInvite() const {
  return state_ != State::terminated && !local_invite_ && !remote_invite_ && !awaiting_ack_;
}

milliseconds Dialog::glareDelay(std::uint64_t random) const {
  constexpr milliseconds kStep{10};
  const auto steps = role_ == Role::uac ? 210 + random % 191 : random % 201;
  return kStep * static_cast<milliseconds::rep>(steps);
}

bool endsDialog(int status) {
  switch (status) {
    case 404:
    case 408:
    case 410:
    case 416:
    case 480:
    case 481:
    case 482:
    case 483:
    case 484:
    case 485:
    case 502:
    case 604: return true;
    default: return false;
  }
}

}  // namespace sallyport::sip
