// SPDX-License-Identifier: Apache-2.0
#pragma once
// The calling side: a number of connections to the server, and calls placed on them in turn, each through
// INVITE, 200, ACK and BYE. The BYE follows the ACK at once, or hangUpAll().

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "load/call_audio.h"
#include "load/figures.h"
#include "load/media_ends.h"
#include "load/options.h"
#include "load/sip_link.h"
#include "sip/dialog.h"

namespace sallyport::load {

struct CallFigures {
  std::uint64_t placed = 0;
  std::uint64_t answered = 0;
  std::uint64_t completed = 0;                    // through the 200 to BYE
  std::map<std::string, std::uint64_t> failures;  // by status or what went wrong
  Latencies setup;                                // from INVITE to 200
};

class Caller final : public SipLink::Owner {
 public:
  // `media` null: no voice, and calls end as soon as they are answered.
  Caller(net::Loop& loop, const Options& options, TlsSide side, MediaEnds* media);
  ~Caller() override;

  // Once, when all connections stand or one of them failed.
  void connect(std::function<void(Status)> ready);
  void place();
  void hangUpAll();

  std::size_t inFlight() const { return calls_.size(); }
  CallFigures& figures() { return figures_; }

 private:
  struct Call;
  void connectNext();
  void onMessage(SipLink& link, sip::Message message) override;
  void onLinkClosed(SipLink& link, const Error& reason) override;
  void onInviteResponse(Call& call, const sip::Message& response);
  void hangUp(Call& call);
  void fail(const std::string& call_id, const std::string& why);
  std::string requestUri() const { return "sip:callee@" + options_.domain; }

  net::Loop& loop_;
  const Options& options_;
  TlsSide side_;
  MediaEnds* media_;
  std::unique_ptr<net::Dial> dial_;
  std::vector<std::unique_ptr<SipLink>> links_;
  std::function<void(Status)> ready_;
  std::unordered_map<std::string, std::unique_ptr<Call>> calls_;
  std::uint64_t next_ = 0;
  CallFigures figures_;
};

}  // namespace sallyport::load
