// SPDX-License-Identifier: Apache-2.0
#include "load/visits.h"

#include "crypto/random.h"
#include "sip/message_writer.h"

namespace sallyport::load {

class Visits::Visit final : public SipLink::Owner {
 public:
  explicit Visit(Visits& visits) : visits_(visits), began_(visits.loop_.clock().steady()) {}

  void start() {
    dial_ = dialServer(visits_.loop_, visits_.options_, visits_.side_,
                       [this](Result<std::unique_ptr<net::TlsConnection>> connection) {
                         if (!connection) return visits_.failed(*this, connection.error());
                         link_ = std::make_unique<SipLink>(*std::move(connection), *this);
                         ask();
                       });
  }
  bool answered() const { return answered_; }
  void leave() { link_->close(); }

 private:
  void ask() {
    const std::string target = "sip:" + visits_.options_.domain;
    sip::MessageWriter writer;
    writer.request("OPTIONS", target)
        .header(sip::HeaderId::via, link_->via())
        .header(sip::HeaderId::maxForwards, 70)
        .header(sip::HeaderId::from, "<sip:caller@" + visits_.options_.domain + ">;tag=" + crypto::randomToken(8))
        .header(sip::HeaderId::to, "<" + target + ">")
        .header(sip::HeaderId::callId, crypto::randomToken(20))
        .header(sip::HeaderId::cseq, "1 OPTIONS");
    link_->send(writer.finish());
  }
  void onMessage(SipLink& link, sip::Message message) override {
    if (message.isRequest()) {  // the server's own OPTIONS
      link.send(sip::responseTo(message, 200, {}, "v").finish());
      return;
    }
    if (!message.isFinal() || answered_) return;
    answered_ = true;
    if (message.isSuccess()) return visits_.answered(*this, visits_.loop_.clock().steady() - began_);
    visits_.failed(*this, Error{ErrorKind::peerDenied, "load.options", std::to_string(message.status())});
  }
  void onLinkClosed(SipLink&, const Error& reason) override {
    if (answered_) return visits_.gone(*this);
    visits_.failed(*this, reason);
  }

  Visits& visits_;
  const TimePoint began_;
  std::unique_ptr<net::Dial> dial_;
  std::unique_ptr<SipLink> link_;
  bool answered_ = false;
};

Visits::Visits(net::Loop& loop, const Options& options, TlsSide side, AfterAnswer after)
    : loop_(loop), options_(options), side_(std::move(side)), after_(after) {}
Visits::~Visits() = default;

void Visits::begin() {
  auto visit = std::make_unique<Visit>(*this);
  auto* started = visit.get();
  visits_.emplace(started, std::move(visit));
  ++in_flight_;
  started->start();
}

void Visits::answered(Visit& visit, std::chrono::nanoseconds after) {
  --in_flight_;
  ++figures_.answered;
  figures_.answer.add(after);
  if (after_ == AfterAnswer::leave) visit.leave();
}

void Visits::failed(Visit& visit, const Error& reason) {
  --in_flight_;
  ++figures_.failures[describe(reason)];
  gone(visit);
}

void Visits::gone(Visit& visit) {
  const auto it = visits_.find(&visit);
  if (it == visits_.end()) return;
  loop_.retire(std::move(it->second));
  visits_.erase(it);
}

}  // namespace sallyport::load
