// SPDX-License-Identifier: Apache-2.0
#include "phone/registration.h"

#include "core/numbers.h"
#include "crypto/random.h"
#include "sip/header_values.h"
#include "sip/retry_after.h"

namespace sallyport::phone {
namespace {

using std::chrono::seconds;

constexpr unsigned kMaxForwards = 70;
constexpr seconds kTryAgain{30};
constexpr seconds kMostExpires{86'400};

// RFC 4122 4.4: a name for this run of the phone, so that a new connection takes the old one's place (RFC 5626 4.1).
std::string newInstance() {
  std::string uuid;
  for (const auto digits : {8U, 4U, 4U, 4U, 12U}) {
    if (!uuid.empty()) uuid += '-';
    for (unsigned i = 0; i < digits; ++i) uuid += "0123456789abcdef"[crypto::randomNumber() & 15];
  }
  uuid[14] = '4';
  uuid[19] = '8';
  return "urn:uuid:" + uuid;
}

// "sip:example.com": the domain's registrar (RFC 3261 10.2).
std::string registrarOf(const std::string& uri) {
  const auto parsed = sip::Uri::parse(uri);
  return "sip:" + std::string{parsed ? parsed->host : ""};
}

std::optional<seconds> secondsIn(std::optional<std::string_view> text) {
  const auto count = text ? parseUnsigned(*text, 1, static_cast<std::uint64_t>(kMostExpires.count())) : std::nullopt;
  if (!count) return std::nullopt;
  return seconds{static_cast<seconds::rep>(*count)};
}

}  // namespace

Registration::Registration(CallHost& host, RegistrationEvents& events, seconds expires)
    : host_(host),
      events_(events),
      expires_(expires),
      instance_(newInstance()),
      call_id_(crypto::randomToken(24)),
      tag_(crypto::randomToken(16)) {}

void Registration::start(LocalParty local, sip::FlowId flow) {
  local_ = std::move(local);
  flow_ = flow;
  attempts_.reset();
  send(nullptr);
}

void Registration::leave() {
  if (std::exchange(leaving_, true)) return;
  again_at_.reset();
  if (!flow_ || !registered_) return events_.onUnregistered();
  attempts_.reset();
  send(nullptr);
}

void Registration::flowClosed(sip::FlowId flow) {
  if (flow_ != flow) return;
  flow_.reset();
  outstanding_.reset();
  again_at_.reset();
  registered_ = false;
  if (leaving_) events_.onUnregistered();
}

void Registration::advance() {
  if (!again_at_ || *again_at_ > host_.now()) return;
  again_at_.reset();
  attempts_.reset();
  send(nullptr);
}

void Registration::send(const Account::Header* authorization) {
  if (!flow_) return;
  const auto branch = "z9hG4bK" + crypto::randomToken(20);
  sip::MessageWriter writer{1'024};
  writer.request("REGISTER", registrarOf(local_.uri))
      .header(sip::HeaderId::via, "SIP/2.0/TLS " + local_.sent_by + ";rport;branch=" + branch)
      .header(sip::HeaderId::maxForwards, kMaxForwards)
      .header(sip::HeaderId::from, "<" + local_.uri + ">;tag=" + tag_)
      .header(sip::HeaderId::to, "<" + local_.uri + ">")
      .header(sip::HeaderId::callId, call_id_)
      .header(sip::HeaderId::cseq, std::to_string(++cseq_) + " REGISTER")
      .header(sip::HeaderId::contact, "<" + local_.contact + ">;+sip.instance=\"<" + instance_ + ">\";reg-id=1")
      .header(sip::HeaderId::supported, "path, outbound")
      .header(sip::HeaderId::expires, static_cast<std::uint64_t>(leaving_ ? 0 : expires_.count()));
  if (authorization != nullptr) writer.header(authorization->first, authorization->second);
  auto sent = host_.transactions().send(*flow_, sip::Reliability::reliable, sip::Method::registration, branch,
                                        writer.finish(), host_.now());
  if (!sent) return stop(sent.error(), 0);
  outstanding_ = *sent;
  host_.bind(*sent, *this);
}

void Registration::onResponse(sip::ClientTransactionId id, const sip::Message& response) {
  if (outstanding_ != id || response.isProvisional()) return;
  outstanding_.reset();
  if (response.isSuccess()) return onSuccess(response);
  if (response.status() != 401 && response.status() != 407) return onRefused(response);
  auto* account = host_.account();
  if (account == nullptr) {
    return stop({ErrorKind::peerDenied, "phone.account.none", "a password or a token is asked for"}, response.status());
  }
  if (!attempts_) attempts_ = std::make_shared<Account::Attempts>();
  const auto header = account->answer(response, *attempts_, "REGISTER", registrarOf(local_.uri));
  if (!header) return stop(header.error(), response.status());
  send(&*header);
}

void Registration::onSuccess(const sip::Message& response) {
  if (attempts_) {
    if (const auto proven = host_.account()->accept(response, *attempts_); !proven) {
      return stop(proven.error(), response.status());
    }
  }
  if (leaving_) {
    registered_ = false;
    return events_.onUnregistered();
  }
  registered_ = true;
  Registered registered{local_.uri, local_.contact,
                        secondsIn(response.header(sip::HeaderId::expires)).value_or(expires_)};
  if (const auto contacts = response.nameAddrs(sip::HeaderId::contact)) {
    for (const auto& contact : *contacts) {
      if (!sip::equalsIgnoringCase(contact.uri, local_.contact)) continue;
      registered.contact = contact.uri;
      registered.expires = secondsIn(contact.params.find("expires")).value_or(registered.expires);
    }
  }
  again_at_ = host_.now() + registered.expires / 2;
  events_.onRegistered(registered);
}

// RFC 3261 10.2.8 and 10.3: a longer interval where ours was too brief, later where it may help, else nothing.
void Registration::onRefused(const sip::Message& response) {
  const Error refused{ErrorKind::peerDenied, "phone.registration.refused", std::string{response.reason()}};
  if (leaving_) return events_.onUnregistered();
  const auto least = secondsIn(response.header(sip::HeaderId::minExpires));
  if (response.status() == 423 && least && *least > expires_) {
    expires_ = *least;
    return send(nullptr);
  }
  if (response.status() < 500) return stop(refused, response.status());
  again_at_ = host_.now() + sip::retryAfter(response).value_or(kTryAgain);
}

void Registration::onClientFailure(sip::ClientTransactionId id, const Error&) {
  if (outstanding_ != id) return;
  outstanding_.reset();
  if (leaving_) return events_.onUnregistered();
  again_at_ = host_.now() + kTryAgain;
}

void Registration::stop(const Error& error, int status) {
  again_at_.reset();
  registered_ = false;
  if (leaving_) return events_.onUnregistered();
  events_.onRegistrationFailed(error, status);
}

}  // namespace sallyport::phone
