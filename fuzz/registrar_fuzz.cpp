// SPDX-License-Identifier: Apache-2.0
// REGISTERs of a phone and of a peer that has phones behind it, in any order, over a table that is small enough
// to fill: each is answered once, with a response that we ourselves would read; a phone binds nothing but its own
// address; and when all has expired nothing is left.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "call/call_test_support.h"
#include "call/registrar.h"

namespace {

using namespace sallyport;
using namespace sallyport::call;
using namespace std::chrono_literals;

constexpr std::size_t kMostContacts = 3;

void require(bool held) {
  if (!held) std::abort();
}

struct Journal final : RegistrationJournal {
  void touched(std::string_view) override {}
};

RegistrarSettings settings() {
  RegistrarSettings ours;
  ours.domains = {std::string{test::kDomain}};
  ours.sent_by = SentBy{"edge.test"};
  ours.flow_timer = 60s;
  ours.path_peers = {"core"};
  return ours;
}

struct House {
  // The first byte says who, and on which of four connections.
  void say(std::string_view piece) {
    if (piece.empty()) return;
    const auto choice = static_cast<unsigned char>(piece.front());
    const bool is_peer = (choice & 0x20) == 0;
    const auto message = sip::Message::parse(std::string{piece.substr(1)});
    if (!message || message->method() != sip::Method::registration || !message->isRequest()) return;
    const auto who = identity::Principal::fromCertificate(test::principal(is_peer ? "core" : "alice").proof);
    unsigned answers = 0;
    registrar.handle({*message, who, sip::FlowId{choice & 3U}, *Endpoint::parse("10.0.0.1:5061"), Transport::tls},
                     [&](const RegisterAnswer& answer) {
                       ++answers;
                       require((answer.status == 200) != answer.refusal.has_value());
                       const auto read = sip::Message::parse(render(answer, *message, "t"));
                       require(read && read->status() == answer.status);
                       require(read->nameAddrs(sip::HeaderId::contact).ok());
                     });
    require(answers == 1);
    if ((choice & 0x10) != 0) registrar.flowClosed(sip::FlowId{choice & 3U});
    clock.advance(std::chrono::seconds{choice});
    registrar.expire();
  }

  FakeClock clock;
  Registrations table{{.contacts = kMostContacts, .aors = 4}};
  Journal journal;
  Registrar registrar{{0, table, journal, clock, nullptr}, settings()};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  House house;
  while (!rest.empty()) {
    const auto end = rest.find('\0');
    house.say(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    std::size_t of_alice = 0;
    for (const auto& binding : house.table.snapshot(house.clock.wall())) {
      if (binding->aor == "alice@sallyport.test") ++of_alice;
      require(binding->peer == "core" || binding->aor == "alice@sallyport.test");
      require(house.table.byToken(binding->token, house.clock.wall()) == binding);
    }
    require(of_alice <= kMostContacts && house.table.aors() <= 4);
  }
  house.clock.advance(24h);
  house.registrar.expire();
  require(house.table.aors() == 0);
  return 0;
}
