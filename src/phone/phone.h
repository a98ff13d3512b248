// SPDX-License-Identifier: Apache-2.0
#pragma once
// A whole phone: listens for its edge or dials it, over mutual TLS, and holds calls with SRTP media. The
// observer decides what to do with them, so that a command line, a test and a load generator drive the
// same phone. One per loop or many; everything happens on the loop's thread.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/endpoint.h"
#include "core/result.h"
#include "net/loop.h"
#include "net/media_sockets.h"
#include "net/port_pool.h"
#include "net/tls_dialer.h"
#include "net/tls_listener.h"
#include "phone/conversation.h"
#include "phone/sip_link.h"
#include "phone/tls_setup.h"
#include "phone/user_agent.h"

namespace sallyport::phone {

class PhoneObserver {
 public:
  virtual ~PhoneObserver() = default;
  // What the conversation is to play and where it records; asked once per conversation.
  virtual Result<MediaSession::Audio> audioFor(Conversation& conversation) = 0;
  // To be rung, answered or rejected.
  virtual void onIncoming(Conversation&) {}
  // Why Conversation::answer() came to nothing after all; the call has been refused.
  virtual void onNotAnswered(Conversation&, const Error&) {}
  virtual void onProgress(Conversation&, int) {}
  virtual void onAnswered(Conversation&) {}
  // Media began to flow or has changed: held, resumed, another key.
  virtual void onMedia(Conversation&, const MediaPlan&) {}
  // Keys have been agreed with the other end itself; the two people may compare what it shows.
  virtual void onZrtp(Conversation&, const ZrtpFacts&) {}
  // The last that is heard of it; `conversation` goes at the end of the turn.
  virtual void onEnded(Conversation& conversation, const CallReport& report) = 0;
  // Of Phone::registerAt().
  virtual void onRegistered(const Registered&) {}
  virtual void onRegistrationFailed(const Error&, int) {}
  virtual void onUnregistered() {}
  // Somebody was turned away at the door.
  virtual void onStranger(const Endpoint&, const Error&) {}
};

struct PhoneConfig {
  std::string uri;  // whose phone this is: "sip:alice@example.com"
  sdp::MediaPolicy media{.suites = {crypto::kSrtpSuites.begin(), crypto::kSrtpSuites.end()},
                         .codecs = {sdp::Codec::opus, sdp::Codec::pcmu, sdp::Codec::pcma, sdp::Codec::telephoneEvent},
                         .media_networks = {}};
  ZrtpSettings zrtp;                    // where `media` is to be protected end to end; the URIs are each call's own
  std::optional<Endpoint> stun_server;  // asked where it sees us, where `media` has ICE
  net::PortRange ports{30'000, 39'999};
  sip::TimerConfig timers;
  UserAgent::Limits limits;
  std::shared_ptr<Account> account;  // null: the certificate is all it has
};

// Where to register, and for how long.
struct RegistrationPlan {
  Endpoint via;
  std::string server_name;
  std::chrono::seconds expires{600};
};

class Phone final : private UserAgent::Shell,
                    private SipLink::Events,
                    private RegistrationEvents,
                    private net::TlsListenerObserver {
 public:
  Phone(net::Loop& loop, PhoneConfig config, TlsSetup tls, PhoneObserver& observer);
  ~Phone() override;
  Phone(const Phone&) = delete;
  Phone& operator=(const Phone&) = delete;

  // Port 0: the system chooses. Returns where it listens. Errors: those of net::TlsListener and TlsSetup.
  Result<Endpoint> listen(const Endpoint& local);
  // Dials, verifies, invites. What goes wrong from here on comes as onEnded(). Error: "tls.*" of the context.
  Result<Conversation*> call(DialPlan plan);

  // Connects and registers, again on a new connection whenever it is lost. Error: "tls.*" of the context.
  Status registerAt(RegistrationPlan plan);

  // Hangs up everything, takes the registration back and closes the connections once it has been said.
  void shutDown();
  // Closes every connection and keeps the calls: what a restarting edge or a lost network does. For tests.
  void dropLinks();
  std::size_t conversations() const { return conversations_.size(); }
  std::size_t links() const { return links_.size(); }

 private:
  // UserAgent::Shell
  void transmit(sip::FlowId flow, std::string_view bytes) override;
  void onIncoming(Call& call, sip::FlowId flow) override;
  LocalParty localPartyOn(sip::FlowId flow) override;
  void onProgress(Call& call, int status) override;
  void onAnswered(Call& call) override;
  void onMedia(Call& call, MediaPlanPtr plan) override;
  void onMediaOver(Call& call) override;
  void onEnded(Call& call, const CallEnd& end) override;
  // RegistrationEvents
  void onRegistered(const Registered& registered) override;
  void onRegistrationFailed(const Error& error, int status) override;
  void onUnregistered() override;
  // SipLink::Events
  void onMessage(sip::FlowId flow, sip::Message message) override;
  void onLinkClosed(sip::FlowId flow, const Error& reason) override;
  // net::TlsListenerObserver
  void onConnection(std::unique_ptr<net::TlsConnection> connection) override;
  void onRefused(const Endpoint& source, const Error& reason) override { observer_.onStranger(source, reason); }
  void onHandshakeFailed(const Endpoint& source, const Error& reason) override { observer_.onStranger(source, reason); }

  // The connection of the registration, under way, lost and made again.
  struct Home {
    RegistrationPlan plan;
    Registration* registration = nullptr;
    std::unique_ptr<net::Dial> dial;
    sip::FlowId flow{};
    net::TimerHandle again;
    std::chrono::milliseconds wait{0};
    bool left = false;
  };
  Status dialHome();
  void dialHomeLater();

  friend class Conversation;
  sip::FlowId addLink(std::unique_ptr<net::TlsConnection> connection);
  Status dial(Conversation& conversation);
  void onDialed(Conversation& conversation, Result<std::unique_ptr<net::TlsConnection>> connection);
  void invite(Conversation& conversation, sip::FlowId flow);
  void placeCall(Conversation& conversation, sip::FlowId flow);
  Status answer(Conversation& conversation);
  void redial(Conversation& conversation);
  void describeLink(Conversation& conversation, sip::FlowId flow);
  void endWithoutCall(Conversation& conversation, CallEnd end);
  void closeMedia(Conversation& conversation);
  Status openMedia(Conversation& conversation, const IpAddress& local);
  Status prepareKeys(Conversation& conversation);
  Status openPath(Conversation& conversation);
  void onMediaFailed(Conversation& conversation, const Error& error);
  MediaAgreement agreementFor(const Conversation& conversation) const;
  Conversation* conversationOf(const Call& call);
  void settle();  // at the end of a turn: lets go of what ended, sets the timer
  // Runs `act` on a call at the loop's time and arranges for what follows.
  template <typename Act>
  auto at(Act act) {
    agent_.setNow(loop_.now());
    after_turn_.request();
    return act();
  }

  net::Loop& loop_;
  const PhoneConfig config_;
  const TlsSetup tls_;
  PhoneObserver& observer_;
  const net::PortPool pool_;
  net::MediaSockets sockets_;
  net::TurnHook after_turn_;
  net::TimerHandle timer_;
  std::map<sip::FlowId, std::unique_ptr<SipLink>> links_;
  std::uint64_t next_flow_ = 1;
  std::unique_ptr<net::TlsListener> listener_;
  UserAgent agent_;
  std::vector<std::unique_ptr<Conversation>> conversations_;
  std::unique_ptr<Home> home_;
  crypto::DtlsCertificates certificates_;
  bool shutting_down_ = false;
};

}  // namespace sallyport::phone
